"""Figures of drills, made up."""

from typing import Any

OK = [4, 0, 0, 0]


def figures(**changed: Any) -> dict[str, Any]:
    """Return two drills: one on both sides, and one without counterpart on the services. changed: of the monolith's first drill."""
    return {
        "rate": 15.0, "mix": "everything", "origins": {"monolith": "measured", "microservices": "emulated"},
        "drills": {
            "kill-worker": {
                "monolith": {**drill({"posts": [OK, [3, 0, 0, 1], OK], "votes": [OK, OK, OK]}), **changed},
                "microservices": drill(
                    {"posts": [OK, OK, OK], "votes": [OK, [0, 1, 2, 0], [0, 0, 1, 2]]}, by_hand=["replay 2 records"]
                ),
            },
            "kill-database": {
                "monolith": drill({"posts": [OK, [0, 0, 4, 0], OK]}),
                "microservices": {"reason": "no process to kill"},
            },
        },
    }  # fmt: skip


def drill(features: dict[str, list[list[int]]], **changed: Any) -> dict[str, Any]:
    """Return the figures of a drill on one side whose fault begins after the first second."""
    return {
        "about": "SIGKILL for one process.", "ends": "by itself", "reason": None, "features": features, "injected_s": [1.0],
        "ended_s": [2.0], "served_again_s": 1.5, "caught_up_s": 2.5, "reasons": {}, "answers": {"200": 9},
        "lost_or_doubled": {"votes": 0, "orders": 0}, "by_hand": [], **changed,
    }  # fmt: skip
