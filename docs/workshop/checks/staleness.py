"""Unit 6: compute how old a score may be on AWS, from the copy's templates, and compare it with the objective."""

from loadtests.forecast import latency
from loadtests.forecast.parameters import REGIONS, load
from loadtests.metering.counts import SERVICES, read
from loadtests.report import REFERENCE
from workshop.checking import ANSWERS, CheckFailed, read_answers, require_number

KIND = "vote_to_post_score"
OBJECTIVE_MS = 1_000
FACTOR = 2.0  # within which an answer counts as right


def check() -> None:
    """Raise CheckFailed if the objective is missed, or an answer is off by more than a factor of two."""
    lag_ms, windows_ms = median_lag_ms(), latency.batch_windows_ms()
    if lag_ms > OBJECTIVE_MS:
        path = latency.PATHS[KIND][1]
        waits = "\n".join(f"  {name:<20} waits {windows_ms[name]:>6,.0f} ms for further records" for name in path)
        raise CheckFailed(
            f"Objective: half of the votes show in the post's score within {OBJECTIVE_MS:,} ms.\n"
            f"Modelled for AWS: {lag_ms:,.0f} ms. On the way:\n{waits}"
        )
    answers = read_answers("predicted_ms", "modelled_ms", "fresh_side")
    require_number(answers, "predicted_ms", low=0, high=1e9, why="Any guess counts, if it was made before.")
    require_number(
        answers, "modelled_ms", low=lag_ms / FACTOR, high=lag_ms * FACTOR,
        why="It is the median from a vote to the post's score, modelled for AWS, not the emulated one.",
    )  # fmt: skip
    if answers["fresh_side"] != "monolith":
        raise CheckFailed(
            f"{ANSWERS}: on {answers['fresh_side']!r} the score is written after the answer. On which side before it?"
        )


def median_lag_ms() -> float:
    """Return the modelled median from a vote to the post's score, in milliseconds."""
    metering = read(REFERENCE)
    model = latency.Model(load(REGIONS[0]), metering.functions)
    lag = latency.services_lag(KIND, metering.operations[SERVICES][latency.PATHS[KIND][0]], model)
    return float(sorted(lag)[len(lag) // 2])
