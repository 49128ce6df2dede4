"""The first screen answers the five questions from the chapters' figures, or names the command that makes them."""

import re
from typing import Any

from loadtests.__main__ import COMMANDS
from loadtests.report.answers import answers
from loadtests.report.tables import Bar
from tests.loadtests.made_chapters import chapters

QUESTIONS = [
    "How fast on AWS?", "What does it cost?", "What breaks first?", "What do you give up?", "How much more is there?",
]  # fmt: skip


def texts(report: dict[str, Any]) -> list[str]:
    return [answer.text for answer in answers(report)]


def test_the_five_questions_are_answered_in_order_each_with_its_origin_and_chapter() -> None:
    result = answers(chapters())
    assert [answer.question for answer in result] == QUESTIONS
    assert [answer.origin for answer in result] == [
        *["modelled for us-east-1"] * 3, "lags modelled, effects counted", "counted",
    ]  # fmt: skip
    assert [answer.chapter for answer in result] == ["latency", "bill", "scale", "latency", "complexity"]


def test_the_answers_have_the_figures_of_the_monolith_first() -> None:
    fast, cost, breaks, give_up, more = texts(chapters())
    assert fast == (
        "Median on the monolith and on the microservices: 6.0 and 21.0 ms to read a post, and 8.0 and 56.0 ms to search."
    )
    assert cost == (
        "A month of the monolith and of the microservices: without requests $96.00 and $21.00; at 50 requests/s $136 and $811. "
        "They cost the same at 4.8 requests/s (2.9 – 6.4)."
    )
    assert breaks == (
        "The first limit: on the monolith server workers, at 12,000 users (lifted by a larger server); on the microservices "
        "requests a second of the gateway, at 30,000 users (lifted by a quota request)."
    )
    assert give_up == (
        "A vote shows at once on the monolith, and after 382 ms (median; p99 737) on the microservices. "
        "Eventually consistent there: 1 effects. Effects lost or doubled in this run: 0 and 3."
    )
    assert more == (
        "1,700 lines and 400 lines of templates in 1 deployable unit, or 2,700 and 2,800 in 11, for the same behaviour. "
        "2 typical changes need 2 and 9 releases."
    )


def test_a_bill_without_a_price_says_so() -> None:
    report = chapters()
    report["bill"]["unverified"] = ["codecommit.users"]
    assert texts(report)[1].endswith("Unverified: no meter or price for codecommit.users.")


def test_without_an_audit_of_both_sides_no_effect_is_claimed() -> None:
    report = chapters()
    del report["after_the_load"]["lost_or_doubled_votes"]["microservices"]
    answer = answers(report)[3]
    assert "lost or doubled" not in answer.text
    assert answer.origin == "modelled"


def test_a_missing_chapter_is_not_guessed_and_its_command_exists() -> None:
    for answer in answers({}):
        command = re.fullmatch(r"Not in this run: `python -m loadtests (\w+)( --into RUN)?` adds it.", answer.text)
        assert command is not None
        assert command[1] in COMMANDS
        assert (answer.origin, answer.bars) == ("", ())


def test_the_longer_bar_has_the_full_width() -> None:
    assert Bar("a", (2.0, 8.0), ("2", "8")).widths == (25.0, 100.0)
    assert Bar("a", (0.0, 0.0), ("0", "0")).widths == (0.0, 0.0)
