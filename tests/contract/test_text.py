"""Text: stored as sent in NFC, without control characters, its length in code points."""

import pytest

from .client import Api, Person, broken_fields, unique

pytestmark = [pytest.mark.live_api, pytest.mark.deployed]

DECOMPOSED = "e\u0301"  # é as two code points, one in NFC
EXPANDING = "\u0958"  # one code point that NFC makes two
CONTROLS = ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x80", "\x85", "\x9f"]
TEXTS = [
    "  spaces stay  ",
    "tab\tline\nreturn\r\n",
    "<script>alert('&')</script>",
    "日本語 العربية Ελληνικά",
    "🌍🏳️‍🌈",
    "\u200b\u2028\ufeff",
    "'; DROP TABLE posts; --",
    "{{7*7}} ${7*7} %s \\u0041 \\",
    "\U0001f4a9" * 50,
]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_text_is_stored_as_sent(api: Api, ada: Person, text: str) -> None:
    answer = api.revise_me(ada, display_name=text, bio=text)
    assert (answer.json()["display_name"], answer.json()["bio"]) == (text, text)
    assert api.read_user(ada.username).json()["bio"] == text


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_posts_text_is_stored_as_sent(api: Api, ada: Person, text: str) -> None:
    post = api.published(ada, title=text, body=text)
    assert (post["title"], post["body"]) == (text, text)
    assert api.post(post["id"]) == post


def test_text_is_nfc_normalised(api: Api, ada: Person) -> None:
    assert api.revise_me(ada, bio=f"caf{DECOMPOSED}").json()["bio"] == "café"
    assert api.published(ada, title=f"caf{DECOMPOSED}")["title"] == "café"


def test_lengths_count_code_points_after_nfc(api: Api, ada: Person) -> None:
    assert api.revise_me(ada, display_name=DECOMPOSED * 50).status_code == 200
    assert broken_fields(api.revise_me(ada, display_name=DECOMPOSED * 51)) == {"display_name"}
    assert api.revise_me(ada, display_name=EXPANDING * 25).status_code == 200
    assert broken_fields(api.revise_me(ada, display_name=EXPANDING * 26)) == {"display_name"}
    assert api.revise_me(ada, display_name="🌍" * 50).status_code == 200
    assert broken_fields(api.revise_me(ada, display_name="🌍" * 51)) == {"display_name"}


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_control_characters_are_a_422(api: Api, ada: Person, control: str) -> None:
    text = f"be{control}long"
    assert broken_fields(api.revise_me(ada, bio=text)) == {"bio"}
    assert broken_fields(api.revise_me(ada, display_name=text)) == {"display_name"}
    assert broken_fields(api.publish(ada, title=text, body="A body")) == {"title"}
    assert broken_fields(api.publish(ada, title="A title", body=text)) == {"body"}


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_control_characters_are_a_422_in_a_sign_up(api: Api, control: str) -> None:
    username = unique("u")
    form = {"username": username, "email": f"{username}@example.org", "password": "long enough"}
    for field, value in (
        ("email", f"{control}@example.org"),
        ("password", f"long {control} enough"),
        ("username", control * 3),
    ):
        assert broken_fields(api.register(**{**form, field: value})) == {field}


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_control_characters_are_a_422_in_queries(api: Api, control: str) -> None:
    assert broken_fields(api.search(f"needle{control}")) == {"q"}
    assert broken_fields(api.list_posts(author=f"ada{control}")) == {"author"}
    assert broken_fields(api.list_posts(tag=f"tag{control}")) == {"tag"}
    assert broken_fields(api.list_posts(cursor=f"cursor{control}")) == {"cursor"}
    assert broken_fields(api.list_posts(limit=f"5{control}")) == {"limit"}


@pytest.mark.parametrize("name", ["author", "tag", "cursor"])
def test_a_query_that_is_not_utf_8_is_a_400_or_a_422(api: Api, name: str) -> None:
    assert api.send("GET", f"/posts?{name}=%FF%FE").status_code in (400, 422)
    assert api.send("GET", f"/posts?{name}=%ED%A0%80").status_code in (400, 422)


def test_a_search_that_is_not_utf_8_is_a_400_or_a_422(api: Api) -> None:
    assert api.send("GET", "/search?q=needle%FF").status_code in (400, 422)
