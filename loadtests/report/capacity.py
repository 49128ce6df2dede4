"""The capacity of each side at a service level, as a chapter of the report."""

from collections.abc import Iterator
from typing import Any

from loadtests.blocks import SIDES
from loadtests.report.parts import Chapter, Section, Sentence, table

KNEE_HEAD = ("scenario", "side", "knee/s", "95 % interval", "ended by", "origin")
Figures = dict[str, Any]


def _answer(found: Figures) -> list[Sentence]:
    return [
        Sentence(f"{name}: within {found['slo']} the {side} carried {_knee(one)} requests a second.", one["origin"])
        for name, side, one in _each(found)
    ]


def _section(found: Figures) -> Section:
    rows = [
        (name, side, _knee(one), f"{one['low']:g} – {one['high']:g}", one["ended"], one["origin"])
        for name, side, one in _each(found)
    ]
    return Section(name="capacity", title=f"Capacity at {found['slo']}", tables=[table(KNEE_HEAD, rows)])


def _each(found: Figures) -> Iterator[tuple[str, str, Figures]]:
    return ((name, side, sides[side]) for name, sides in found["scenarios"].items() for side in SIDES if side in sides)


def _knee(one: Figures) -> str:
    return f"{one['bound']} {one['knee']:g}".strip()


CHAPTER = Chapter(
    name="capacity",
    question="How many requests a second does each side carry before its service level breaks?",
    answer=_answer,
    section=_section,
)
