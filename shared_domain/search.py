"""Search: text analysis, relevance and the order of results. Twins: monolith/search, microservices/search."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Protocol, TypeVar

import snowballstemmer

from shared_domain.errors import InvalidInput
from shared_domain.text import clean

Post = TypeVar("Post")  # not posts.Post, because features do not import each other

MAX_TERMS = 8
MAX_POST_TERMS = 600  # English prose as long as the longest post has about 350 distinct terms, and seldom more than 500
STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"  # noqa: SIM905
    " to was will with".split()
)
_TITLE_FACTOR = 3
_MAX_OCCURRENCES = 5
_LETTERS_AND_NUMBERS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A post that contains every term of a query. Results are ordered by relevance, then newest first."""

    post_id: str
    relevance: int


def analyse(text: str) -> list[str]:
    """Return the stems of a text in their order, including repeated ones."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = [
        word for run in _LETTERS_AND_NUMBERS.findall(folded) for word in _split_words(run) if word not in STOP_WORDS
    ]
    # A new stemmer per call costs a microsecond; a shared one is not thread-safe.
    stems: list[str] = snowballstemmer.stemmer("english").stemWords(words)
    return stems


def weigh(*, title: str, body: str) -> dict[str, int]:
    """Return the weight of each stem of a post: 3 × min(5, occurrences in title) + min(5, occurrences in body).

    Only the first MAX_POST_TERMS distinct stems have one, title before body: a post of single letters would have thousands, each
    of which costs a write.
    """
    in_title, in_body = Counter(analyse(title)), Counter(analyse(body))
    return {
        stem: _TITLE_FACTOR * min(_MAX_OCCURRENCES, in_title[stem]) + min(_MAX_OCCURRENCES, in_body[stem])
        for stem in islice(in_title | in_body, MAX_POST_TERMS)
    }


def parse_terms(q: str | None) -> list[str]:
    """Return the distinct terms of a query in their order. Raise InvalidInput if there are none or too many."""
    if q is None:
        raise InvalidInput("q", "is required")
    terms = list(dict.fromkeys(analyse(clean("q", q, min_length=1, max_length=200))))
    if not 1 <= len(terms) <= MAX_TERMS:
        raise InvalidInput("q", f"must have 1 to {MAX_TERMS} terms other than stop words")
    return terms


def match_order(match: Match) -> tuple[int, str]:
    """Return the sort key of a match. Sort in reverse for the order of results."""
    return match.relevance, match.post_id


def _split_words(run: str) -> list[str]:
    """Split a run at characters that are neither letters (L*) nor decimal digits (Nd), such as the numerals in Nl and No."""
    if run.isascii():
        return [run]
    return ["".join(group) for is_word, group in groupby(run, _belongs_to_a_word) if is_word]


def _belongs_to_a_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "L" or category == "Nd"


class SearchIndex(Protocol[Post]):
    def find(self, terms: Sequence[str], *, after: Match | None, limit: int) -> list[tuple[Post, Match]]:
        """Return at most `limit` posts that contain every term, in the order of results, starting after the match `after`."""
