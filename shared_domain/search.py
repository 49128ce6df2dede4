"""Search: how text becomes terms, and the order of what is found. Twins: monolith/search, microservices/search."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol, TypeVar

import snowballstemmer

from shared_domain.errors import InvalidInput
from shared_domain.text import clean

Post = TypeVar("Post")  # what a post is, is another feature's to say

MAX_TERMS = 8
STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"  # noqa: SIM905
    " to was will with".split()
)
_TITLE_FACTOR = 3
_MAX_OCCURRENCES = 5
_LETTERS_AND_NUMBERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A post that holds every term of a query. The order of answers: relevance, then the larger, which is the newer, id."""

    post_id: str
    relevance: int


def analyse(text: str) -> list[str]:
    """Return the stems of a text in their order, repeated ones included."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = [word for run in _LETTERS_AND_NUMBERS.findall(folded) for word in _words(run) if word not in STOP_WORDS]
    # A stemmer of its own for every call: one object is not safe between threads, and a new one costs a microsecond.
    stems: list[str] = snowballstemmer.stemmer("english").stemWords(words)
    return stems


def weigh(*, title: str, body: str) -> dict[str, int]:
    """Return each stem of a post with what it adds to the relevance of the post: 3 × min(5, in title) + min(5, in body)."""
    in_title, in_body = Counter(analyse(title)), Counter(analyse(body))
    return {
        stem: _TITLE_FACTOR * min(_MAX_OCCURRENCES, in_title[stem]) + min(_MAX_OCCURRENCES, in_body[stem])
        for stem in in_title | in_body
    }


def query_terms(q: str | None) -> list[str]:
    """Return the distinct terms of a query in their order, or raise InvalidInput."""
    if q is None:
        raise InvalidInput("q", "is required")
    terms = list(dict.fromkeys(analyse(clean("q", q, min_length=1, max_length=200))))
    if not 1 <= len(terms) <= MAX_TERMS:
        raise InvalidInput("q", f"must hold 1 to {MAX_TERMS} terms other than stop words")
    return terms


def match_order(match: Match) -> tuple[int, str]:
    """Return the sort key that, reversed, gives the order of answers."""
    return match.relevance, match.post_id


def _words(run: str) -> list[str]:
    """Split a run at what is neither a letter (L*) nor a decimal digit (Nd), such as the numerals of category Nl and No."""
    if run.isascii():
        return [run]
    return ["".join(group) for is_word, group in groupby(run, _belongs_to_a_word) if is_word]


def _belongs_to_a_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "L" or category == "Nd"


class SearchIndex(Protocol[Post]):
    def find(self, terms: Sequence[str], *, after: Match | None, limit: int) -> list[tuple[Post, Match]]:
        """Return at most `limit` posts that come after the match `after`, in the order of answers."""
