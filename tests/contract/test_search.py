"""Search: how text becomes terms, what each is worth, and the order of what is found. Every needle is a word nobody else has."""

import secrets
from typing import Any

import pytest

from .client import Api, Json, Person, broken_fields

pytestmark = pytest.mark.live_api

UNSTEMMABLE = "bcdfghjkmnpqrtvwxz"
STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"
    " to was will with"
).split()


def _needle() -> str:
    """Return a new word that stemming leaves alone."""
    return "".join(secrets.choice(UNSTEMMABLE) for _ in range(14))


@pytest.fixture
def needle() -> str:
    return _needle()


def _found(api: Api, q: str, **query: Any) -> list[Json]:
    answer = api.search(q, **query)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


def _ids(api: Api, q: str) -> list[str]:
    return [hit["post"]["id"] for hit in _found(api, q)]


def _finds(api: Api, q: str, posts: list[Json]) -> None:
    """Wait until exactly these posts are found, in this order."""

    def shown() -> None:
        assert _ids(api, q) == [post["id"] for post in posts]

    api.eventually(shown)


def _weighs(api: Api, q: str, relevance: int) -> None:
    """Wait until the query finds one post, of that relevance."""

    def shown() -> None:
        assert [hit["relevance"] for hit in _found(api, q)] == [relevance]

    api.eventually(shown)


def test_a_post_is_found_as_it_reads(api: Api, ada: Person, bob: Person, needle: str) -> None:
    post = api.published(ada, title=f"A {needle} in the title", tags=["a-tag"])
    _finds(api, needle, [post])
    assert _found(api, needle)[0]["post"] == post
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)

    def follows() -> None:
        assert _found(api, needle)[0]["post"] == api.post(post["id"])

    api.eventually(follows)


def test_what_nobody_wrote_finds_nothing(api: Api, needle: str) -> None:
    assert api.search(needle).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("title", "body", "relevance"),
    [
        (1, 0, 3),
        (0, 1, 1),
        (2, 3, 9),
        (5, 5, 20),
        (6, 7, 20),
        (9, 0, 15),
        (0, 60, 5),
    ],
)
def test_relevance_is_three_for_each_in_the_title_and_one_in_the_body_up_to_five(
    api: Api, ada: Person, needle: str, title: int, body: int, relevance: int
) -> None:
    api.published(ada, title="x " + f"{needle} " * title, body="x " + f"{needle} " * body)
    _weighs(api, needle, relevance)


def test_relevance_adds_up_over_the_distinct_terms(api: Api, ada: Person, needle: str) -> None:
    other = _needle()
    api.published(ada, title=f"{needle} {needle}", body=f"{needle} {other}")
    _weighs(api, f"{needle} {other}", 2 * 3 + 1 + 1)
    _weighs(api, f"{needle} {needle.upper()} {needle}", 7)


def test_every_term_must_match(api: Api, ada: Person, needle: str) -> None:
    other = _needle()
    both = api.published(ada, title=needle, body=other)
    api.published(ada, title=needle, body="alone")
    api.published(ada, title=other, body="alone")
    _finds(api, f"{other} {needle}", [both])
    assert _ids(api, f"{needle} {other} {_needle()}") == []


def test_the_order_is_relevance_then_the_newest(api: Api, ada: Person, needle: str) -> None:
    once, twice, again, thrice = (
        api.published(ada, title="x", body=f"{needle} " * times) for times in (1, 2, 1, 3)
    )  # fmt: skip
    _finds(api, needle, [thrice, twice, again, once])


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("{needle}", "{NEEDLE}"),
        ("the {needle}, and", "{needle}"),
        ("{needle}", "of the {needle}"),
        ("{needle} running", "run {needle}"),
        ("{needle} runs", "RUNNING {needle}"),
        ("{needle} ponies", "{needle} pony"),
        ("{needle} generously", "generous {needle}"),
        ("{needle} Straße", "STRASSE {needle}"),
        ("{needle} ﬁne", "FINE {needle}"),
        ("{needle} ＡＢＣ１２３", "abc123 {needle}"),
        ("{needle} cafe\u0301", "CAFÉ {needle}"),
        ("{needle} x²", "x2 {needle}"),
        ("{needle} Ⅷ", "viii {needle}"),
        ("{needle} ΣΊΣΥΦΟΣ", "σίσυφος {needle}"),
        ("{needle} 日本語", "日本語 {needle}"),
        ("{needle} ٣٤", "٣٤ {needle}"),
        ("{needle} 42", "{needle} 42"),
        ("_{needle}_", "{needle}"),
        ("x_{needle}-y", "{needle}"),
        ("{needle}'s", "{needle}"),
        ("<b>{needle}</b>", "{needle}"),
        ("https://example.org/{needle}?a=b", "{needle}"),
        ("🌍{needle}🌍", "{needle}"),
        ("x\u2181{needle}", "{needle}"),
        ("x\u093f{needle}", "{needle}"),
        ("x\u200b{needle}", "{needle}"),
        ("line\n{needle}\tline", "{needle}"),
    ],
)
def test_text_and_query_are_analysed_alike(api: Api, ada: Person, needle: str, text: str, q: str) -> None:
    in_title = api.published(ada, title=text.format(needle=needle))
    in_body = api.published(ada, title="Another", body=text.format(needle=needle))
    _finds(api, q.format(needle=needle, NEEDLE=needle.upper()), [in_title, in_body])


@pytest.mark.parametrize("beside", ["x{needle}", "{needle}x", "{needle}1", "1{needle}", "é{needle}", "{needle}日"])
def test_a_word_is_the_longest_run_of_letters_and_digits(api: Api, ada: Person, needle: str, beside: str) -> None:
    whole = beside.format(needle=needle)
    post = api.published(ada, title=whole)
    _finds(api, whole, [post])
    assert _ids(api, needle) == []


@pytest.mark.parametrize("q", ["", " ", "?!", "the", " ".join(STOP_WORDS[:20]), "The AND", "_", "🌍", "\u2181", "x" * 201])
def test_a_query_without_a_term_or_too_long_is_a_422(api: Api, q: str) -> None:
    assert broken_fields(api.search(q)) == {"q"}


def test_every_stop_word_is_dropped_and_no_other(api: Api, ada: Person, needle: str) -> None:
    post = api.published(ada, title=needle)
    _finds(api, needle, [post])
    for stop_word in STOP_WORDS:
        assert _ids(api, f"{stop_word} {needle}") == [post["id"]], stop_word
    for word in ("he", "from", "has", "its", "were", "we", "you", "i"):
        assert _ids(api, f"{word} {needle}") == [], word


def test_a_query_must_be_there(api: Api) -> None:
    assert broken_fields(api.send("GET", "/search")) == {"q"}
    assert broken_fields(api.send("GET", "/search?limit=5")) == {"q"}


def test_a_query_may_have_8_terms_and_200_characters(api: Api, ada: Person) -> None:
    words = [_needle() for _ in range(9)]
    post = api.published(ada, title="x", body=" ".join(words))
    _finds(api, " ".join(words[:8]), [post])
    assert _ids(api, " ".join([*words[:8], "the", "of", words[0], words[1].upper()])) == [post["id"]]
    assert broken_fields(api.search(" ".join(words))) == {"q"}
    assert _ids(api, words[0].ljust(200)) == [post["id"]]
    assert broken_fields(api.search(words[0].ljust(201))) == {"q"}
    assert api.search(words[0] + "e\u0301" * 186).status_code == 200
    assert broken_fields(api.search(words[0] + "e\u0301" * 187)) == {"q"}


def test_a_walk_shows_every_hit_once_though_more_are_added(api: Api, ada: Person, needle: str) -> None:
    posts = [api.published(ada, title="x", body=f"{needle} " * times) for times in (1, 1, 2, 2, 1)]
    expected = [posts[place]["id"] for place in (3, 2, 4, 1, 0)]
    _finds(api, needle, [posts[place] for place in (3, 2, 4, 1, 0)])
    seen: list[str] = []
    for page in api.walk("/search", q=needle, limit=2):
        seen += [hit["post"]["id"] for hit in page]
        api.published(ada, title=needle, body=f"{needle} " * 5)
    assert seen == expected


def test_a_page_ends_where_the_hits_end(api: Api, ada: Person, needle: str) -> None:
    posts = [api.published(ada, title=needle) for _ in range(4)][::-1]
    _finds(api, needle, posts)
    assert [len(page) for page in api.walk("/search", q=needle, limit=2)] == [2, 2]
    assert [len(page) for page in api.walk("/search", q=needle, limit=3)] == [3, 1]
    assert [len(page) for page in api.walk("/search", q=needle, limit=4)] == [4]


def test_a_cursor_is_for_its_query_alone(api: Api, ada: Person, needle: str) -> None:
    posts = [api.published(ada, title=needle) for _ in range(2)][::-1]
    _finds(api, needle, posts)
    cursor = api.search(needle, limit=1).json()["next_cursor"]
    assert [hit["post"]["id"] for hit in _found(api, needle, limit=1, cursor=cursor)] == [posts[1]["id"]]
    assert broken_fields(api.search(_needle(), cursor=cursor)) == {"cursor"}
    assert broken_fields(api.list_posts(cursor=cursor)) == {"cursor"}
    for forged in (cursor[:-1], cursor[1:], cursor + "A", cursor.swapcase()):
        assert broken_fields(api.search(needle, cursor=forged)) == {"cursor"}


def test_search_follows_a_revision(api: Api, ada: Person, needle: str) -> None:
    other = _needle()
    post = api.published(ada, title=needle, body=needle)
    _weighs(api, needle, 4)
    revised = api.revise_post(ada, post["id"], title=other).json()
    _weighs(api, needle, 1)
    _weighs(api, other, 3)
    assert _found(api, other)[0]["post"] == revised


def test_search_forgets_a_withdrawn_post(api: Api, ada: Person, needle: str) -> None:
    post, other = api.published(ada, title=needle), api.published(ada, title=needle)
    _finds(api, needle, [other, post])
    api.withdraw(ada, post["id"])
    _finds(api, needle, [other])


def test_a_post_revised_and_withdrawn_in_a_row_is_not_found(api: Api, ada: Person, needle: str) -> None:
    other = _needle()
    post, last = api.published(ada, title=needle), _needle()
    api.revise_post(ada, post["id"], title=other)
    api.withdraw(ada, post["id"])
    _finds(api, last, [api.published(ada, title=last)])  # by then the earlier changes have passed, too
    for q in (needle, other):
        _finds(api, q, [])
