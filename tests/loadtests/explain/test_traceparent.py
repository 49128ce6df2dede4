"""A traceparent is accepted only in its exact form: https://www.w3.org/TR/trace-context/#traceparent-header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.explain.hooks.traceparent import Traceparent, new_span, new_trace, parse

from .traced_systems import SENT, SPAN, TRACE


def test_the_specifications_example_is_read_and_written() -> None:
    assert parse(SENT) == Traceparent(TRACE, SPAN)
    assert str(parse(SENT)) == SENT


def test_a_new_traceparent_can_be_read() -> None:
    made = Traceparent(new_trace(), new_span())
    assert parse(str(made)) == made


@pytest.mark.parametrize(
    "later",
    [f"01-{TRACE}-{SPAN}-01", f"01-{TRACE}-{SPAN}-01-and-more", f"cc-{TRACE}-{SPAN}-ff", f"00-{TRACE}-{SPAN}-00"],
)
def test_a_later_version_may_have_more_fields_and_any_flags(later: str) -> None:
    assert parse(later) == Traceparent(TRACE, SPAN)


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
def test_anything_else_is_refused(wrong: object) -> None:
    assert parse(wrong) is None


@given(st.one_of(st.text(), st.binary(), st.integers(), st.lists(st.text())))
def test_no_value_raises(sent: object) -> None:
    assert parse(sent) is None or isinstance(sent, str)
