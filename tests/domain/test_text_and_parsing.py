"""What the contract accepts as text, and how bodies and queries are read."""

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


def parsed(raw: bytes, content_type: str | None = "application/json") -> NewPost:
    return parse_body(NewPost, raw, content_type=content_type)


def test_text_is_normalised_before_it_is_counted() -> None:
    assert clean("title", "e\u0301" * 5, max_length=5) == "é" * 5


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85"])
def test_a_control_character_is_refused(character: str) -> None:
    with pytest.raises(InvalidInput):
        clean("title", f"a{character}b")


def test_tabs_and_line_ends_are_text() -> None:
    assert clean("body", "a\tb\r\nc") == "a\tb\r\nc"


def test_of_duplicate_names_the_last_counts_before_any_is_checked() -> None:
    assert parsed(b'{"title": 5, "title": "last", "body": "b"}').title == "last"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'"text"', b'{"title": NaN}', b'{"title": "\xff"}', b'{"title": "\\ud800"}', b"[" * 60_000],
)
def test_what_is_no_json_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedBody):
        parsed(raw)


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
def test_the_broken_field_is_named(raw: bytes, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parsed(raw)
    assert refusal.value.field == field


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/json; charset=latin-1"])
def test_another_content_type_is_refused(content_type: str | None) -> None:
    with pytest.raises(WrongContentType):
        parsed(b"{}", content_type)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"']
)
def test_json_may_say_its_charset(content_type: str) -> None:
    assert parsed(b'{"title": "t", "body": "b"}', content_type).body == "b"


def test_a_body_over_64_kib_is_too_large() -> None:
    with pytest.raises(TooLarge):
        parsed(b" " * (64 * 1024 + 1))


def test_only_what_was_sent_is_handed_on() -> None:
    form = msgspec.convert({"title": "new"}, PostChanges)
    assert sent_fields(form) == {"title": "new"}


def test_of_a_repeated_parameter_the_first_counts() -> None:
    assert Query("limit=3&limit=9&x=%FF").get("limit") == "3"


def test_a_parameter_that_is_no_utf_8_is_refused_when_it_is_looked_at() -> None:
    with pytest.raises(InvalidInput):
        Query("author=%FF").get("author")


RACE = """
import sys, threading
import msgspec
from shared_domain.contract.parsing import build_decoder

sys.setswitchinterval(1e-6)

def asked(shape, start):
    start.wait()
    msgspec.convert({"lines": [{"quantity": 1}]}, shape)

for _ in range(200):
    line = build_decoder(msgspec.defstruct("Line", [("quantity", int)]))
    shape = build_decoder(msgspec.defstruct("Order", [("lines", list[line])]))
    start = threading.Barrier(8)
    threads = [threading.Thread(target=asked, args=(shape, start)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_a_shape_that_many_threads_see_first_at_once_ends_no_process() -> None:
    assert subprocess.run([sys.executable, "-c", RACE], cwd=PROJECT, check=False).returncode == 0
