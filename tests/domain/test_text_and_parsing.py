"""Tests of text validation and of parsing bodies and query strings."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from shared_domain.contract.parsing import Query, parse_body, sent_fields
from shared_domain.contract.posts import NewPost, PostChanges
from shared_domain.errors import InvalidInput, MalformedBody, TooLarge, WrongContentType
from shared_domain.text import clean

PROJECT = Path(__file__).parents[2]


def parse(raw: bytes, content_type: str | None = "application/json") -> NewPost:
    return parse_body(NewPost, raw, content_type=content_type)


def test_text_is_normalised_before_its_length_is_checked() -> None:
    assert clean("title", "e\u0301" * 5, max_length=5) == "é" * 5


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85"])
def test_a_control_character_is_rejected(character: str) -> None:
    with pytest.raises(InvalidInput):
        clean("title", f"a{character}b")


def test_tabs_and_line_breaks_are_allowed() -> None:
    assert clean("body", "a\tb\r\nc") == "a\tb\r\nc"


def test_the_last_of_duplicate_names_wins_before_validation() -> None:
    assert parse(b'{"title": 5, "title": "last", "body": "b"}').title == "last"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'"text"', b'{"title": NaN}', b'{"title": "\xff"}', b'{"title": "\\ud800"}', b"[" * 60_000],
)
def test_a_body_that_is_not_a_json_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"body": "b"}', "title"),
        (b'{"title": null, "body": "b"}', "title"),
        (b'{"title": "t", "body": "b", "score": 9}', "score"),
        (b'{"title": "t", "body": "b", "tags": ["a", 3]}', "tags[1]"),
        (b'{"title": "t", "body": "b", "tags": "a"}', "tags"),
    ],
)
def test_the_error_names_the_invalid_field(raw: bytes, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse(raw)
    assert raised.value.field == field


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/json; charset=latin-1"])
def test_another_content_type_is_rejected(content_type: str | None) -> None:
    with pytest.raises(WrongContentType):
        parse(b"{}", content_type)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"']
)
def test_a_json_content_type_may_have_the_charset_utf_8(content_type: str) -> None:
    assert parse(b'{"title": "t", "body": "b"}', content_type).body == "b"


def test_a_body_over_64_kib_is_too_large() -> None:
    with pytest.raises(TooLarge):
        parse(b" " * (64 * 1024 + 1))


def test_only_the_fields_that_were_sent_are_returned() -> None:
    form = msgspec.convert({"title": "new"}, PostChanges)
    assert sent_fields(form) == {"title": "new"}


def test_the_first_value_of_a_repeated_parameter_counts() -> None:
    assert Query("limit=3&limit=9&x=%FF").get("limit") == "3"


def test_a_parameter_that_is_not_utf_8_is_rejected_when_it_is_read() -> None:
    with pytest.raises(InvalidInput):
        Query("author=%FF").get("author")


RACE = """
import sys, threading
import msgspec
from shared_domain.contract.parsing import build_decoder

sys.setswitchinterval(1e-6)

def convert(shape, start):
    start.wait()
    msgspec.convert({"lines": [{"quantity": 1}]}, shape)

for _ in range(200):
    line = build_decoder(msgspec.defstruct("Line", [("quantity", int)]))
    shape = build_decoder(msgspec.defstruct("Order", [("lines", list[line])]))
    start = threading.Barrier(8)
    threads = [threading.Thread(target=convert, args=(shape, start)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_the_first_use_of_a_form_in_many_threads_does_not_crash_the_process() -> None:
    assert subprocess.run([sys.executable, "-c", RACE], cwd=PROJECT, check=False).returncode == 0
