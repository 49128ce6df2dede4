"""A traceparent is taken for one only in its exact form: https://www.w3.org/TR/trace-context/#traceparent-header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracing.traceparent import Traceparent, new_span, new_trace, read

from .told import SENT, SPAN, TRACE


def test_the_example_of_the_specification_is_read_and_written_as_it_stands_there() -> None:
    assert read(SENT) == Traceparent(TRACE, SPAN)
    assert str(read(SENT)) == SENT


def test_what_is_made_can_be_read() -> None:
    made = Traceparent(new_trace(), new_span())
    assert read(str(made)) == made


@pytest.mark.parametrize(
    "later",
    [f"01-{TRACE}-{SPAN}-01", f"01-{TRACE}-{SPAN}-01-and-more", f"cc-{TRACE}-{SPAN}-ff", f"00-{TRACE}-{SPAN}-00"],
)
def test_a_later_version_may_say_more_and_flags_may_be_any(later: str) -> None:
    assert read(later) == Traceparent(TRACE, SPAN)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        [SENT],
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}g-01",
        f" {SENT}",
        f"{SENT}\n",
        f"00-{TRACE}-{SPAN}-0１",
        f"01-{TRACE}-{SPAN}-01-{'x' * 300}",
    ],
)
def test_anything_else_is_none(wrong: object) -> None:
    assert read(wrong) is None


@given(st.one_of(st.text(), st.binary(), st.integers(), st.lists(st.text())))
def test_nothing_that_is_sent_raises(sent: object) -> None:
    assert read(sent) is None or isinstance(sent, str)
