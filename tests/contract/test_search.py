"""Search: how text becomes terms, and their relevance. Every needle is a new word."""

import pytest

from .client import Api, Person, broken_fields
from .search_terms import hit_ids, new_word, search_hits, wait_for_hits, wait_for_relevance

pytestmark = pytest.mark.live_api

STOP_WORDS = (
    *(
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
    ),
    *("or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with"),
)


@pytest.fixture
def needle() -> str:
    return new_word()


@pytest.mark.deployed
def test_a_hit_shows_the_post_as_it_is(api: Api, ada: Person, bob: Person, needle: str) -> None:
    post = api.published(ada, title=f"A {needle} in the title", tags=["a-tag"])
    wait_for_hits(api, needle, [post])
    assert search_hits(api, needle)[0]["post"] == post
    api.cast(bob, post["id"], value=1)
    api.score_settles(post["id"], 1)

    def follows() -> None:
        assert search_hits(api, needle)[0]["post"] == api.post(post["id"])

    api.eventually(follows)


def test_a_post_is_found_by_its_first_600_distinct_terms(api: Api, ada: Person, needle: str) -> None:
    words = [f"{number}z" for number in range(1, 602)]  # the stop word and the repeated one do not count
    post = api.published(ada, title=needle, body=f"the {needle} {' '.join(words)}")
    wait_for_hits(api, needle, [post])
    assert hit_ids(api, f"{needle} {words[598]}") == [post["id"]]
    assert hit_ids(api, f"{needle} {words[599]}") == []
    assert api.revise_post(ada, post["id"], body=" ".join(reversed(words))).status_code == 200
    wait_for_hits(api, f"{needle} {words[600]}", [post])
    wait_for_hits(api, f"{needle} {words[1]}", [])


@pytest.mark.deep
def test_a_post_of_long_words_is_replaced(api: Api, ada: Person, needle: str) -> None:
    """NFKC makes these words 15 times as long, more than one item of DynamoDB could hold in two revisions."""
    first, second = (" ".join(f"ab{number:03}" + "㌖" * 26 for number in range(one, one + 312)) for one in (0, 400))
    post = api.published(ada, title=needle, body=first)
    wait_for_hits(api, f"{needle} ab000{'㌖' * 26}", [post])
    assert api.revise_post(ada, post["id"], body=second).status_code == 200
    wait_for_hits(api, f"{needle} ab400{'㌖' * 26}", [post])
    wait_for_hits(api, f"{needle} ab000{'㌖' * 26}", [])


def test_an_unknown_word_finds_nothing(api: Api, needle: str) -> None:
    assert api.search(needle).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("in_title", "in_body", "relevance"),
    [(1, 0, 3), (0, 1, 1), (2, 3, 9), (5, 5, 20), (6, 7, 20), (9, 0, 15), (0, 60, 5)],
)
def test_relevance_is_three_per_occurrence_in_the_title_and_one_in_the_body_up_to_five_each(
    api: Api, ada: Person, *, in_title: int, in_body: int, relevance: int
) -> None:
    needle = new_word()
    api.published(ada, title="x " + f"{needle} " * in_title, body="x " + f"{needle} " * in_body)
    wait_for_relevance(api, needle, relevance)


def test_relevance_adds_up_over_the_distinct_terms(api: Api, ada: Person, needle: str) -> None:
    other = new_word()
    api.published(ada, title=f"{needle} {needle}", body=f"{needle} {other}")
    wait_for_relevance(api, f"{needle} {other}", 2 * 3 + 1 + 1)
    wait_for_relevance(api, f"{needle} {needle.upper()} {needle}", 7)


def test_every_term_must_match(api: Api, ada: Person, needle: str) -> None:
    other = new_word()
    both = api.published(ada, title=needle, body=other)
    api.published(ada, title=needle, body="alone")
    api.published(ada, title=other, body="alone")
    wait_for_hits(api, f"{other} {needle}", [both])
    assert hit_ids(api, f"{needle} {other} {new_word()}") == []


def test_the_order_is_relevance_then_the_newest(api: Api, ada: Person, needle: str) -> None:
    once, twice, again, thrice = (
        api.published(ada, title="x", body=f"{needle} " * times) for times in (1, 2, 1, 3)
    )  # fmt: skip
    wait_for_hits(api, needle, [thrice, twice, again, once])


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("{needle}", "{NEEDLE}"),
        ("the {needle}, and", "{needle}"),
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
def test_text_and_query_are_analysed_in_the_same_way(api: Api, ada: Person, needle: str, text: str, q: str) -> None:
    """Write the text into the title (3 per term) and the body (1), so that one post proves both."""
    written, query = text.format(needle=needle), q.format(needle=needle, NEEDLE=needle.upper())
    api.published(ada, title=written, body=written)
    wait_for_relevance(api, query, (3 + 1) * len(query.split()))


@pytest.mark.parametrize("longer", ["x{needle}", "{needle}x", "{needle}1", "1{needle}", "é{needle}", "{needle}日"])
def test_a_word_is_the_longest_run_of_letters_and_digits(api: Api, ada: Person, needle: str, longer: str) -> None:
    whole = longer.format(needle=needle)
    post = api.published(ada, title=whole)
    wait_for_hits(api, whole, [post])
    assert hit_ids(api, needle) == []


@pytest.mark.parametrize(
    "q", ["", " ", "?!", "the", " ".join(STOP_WORDS[:20]), "The AND", "_", "🌍", "\u2181", "x" * 201]
)
def test_a_query_without_a_term_or_too_long_is_a_422(api: Api, q: str) -> None:
    assert broken_fields(api.search(q)) == {"q"}


def test_every_stop_word_is_dropped_and_no_other(api: Api, ada: Person, needle: str) -> None:
    post = api.published(ada, title=needle)
    wait_for_hits(api, needle, [post])
    for stop_word in STOP_WORDS:
        assert hit_ids(api, f"{stop_word} {needle}") == [post["id"]], stop_word
    for word in ("he", "from", "has", "its", "were", "we", "you", "i"):
        assert hit_ids(api, f"{word} {needle}") == [], word


def test_the_query_is_required(api: Api) -> None:
    assert broken_fields(api.send("GET", "/search")) == {"q"}
    assert broken_fields(api.send("GET", "/search?limit=5")) == {"q"}


def test_a_query_may_have_8_terms_and_200_characters(api: Api, ada: Person) -> None:
    words = [new_word() for _ in range(9)]
    post = api.published(ada, title="x", body=" ".join(words))
    wait_for_hits(api, " ".join(words[:8]), [post])
    assert hit_ids(api, " ".join([*words[:8], "the", "of", words[0], words[1].upper()])) == [post["id"]]
    assert broken_fields(api.search(" ".join(words))) == {"q"}
    assert hit_ids(api, words[0].ljust(200)) == [post["id"]]
    assert broken_fields(api.search(words[0].ljust(201))) == {"q"}
    assert api.search(words[0] + "e\u0301" * 186).status_code == 200
    assert broken_fields(api.search(words[0] + "e\u0301" * 187)) == {"q"}
