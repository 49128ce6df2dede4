"""What became of a request: right, refused, or an error. Only right answers are throughput."""

from enum import StrEnum

from loadtests.calls import Answer, Call, WrongOutcome

WRONG = "wrong outcome"  # how the reason of an answer begins that has the right status and says something else


class Outcome(StrEnum):
    """The three kinds, which no figure mixes."""

    SUCCESS = "succeeded"
    REFUSED = "refused"
    ERROR = "error"


def judge(call: Call, answer: Answer) -> tuple[Outcome, str]:
    """Return the kind of the outcome and, unless it is right, its reason in a few words."""
    if answer.status == call.expected:
        return _checked(call, answer)
    if answer.status == 0:
        return Outcome.ERROR, answer.failure or "no answer"
    if answer.status == 503 or 400 <= answer.status < 500:
        return Outcome.REFUSED, f"status {answer.status}"
    return Outcome.ERROR, f"status {answer.status}"


def _checked(call: Call, answer: Answer) -> tuple[Outcome, str]:
    try:
        call.check(answer)
    except WrongOutcome as wrong:
        return Outcome.ERROR, f"{WRONG}: {wrong}"
    except (KeyError, TypeError, ValueError) as wrong:  # a field that is missing or of another type
        return Outcome.ERROR, f"{WRONG}: {wrong!r}"
    return Outcome.SUCCESS, ""
