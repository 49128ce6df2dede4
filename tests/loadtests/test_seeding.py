"""The data set is the same on every system."""

from loadtests.data.seeding import Size, votes
from loadtests.data.world import WORDS, post_form


def test_the_same_number_gives_the_same_post() -> None:
    assert post_form(7) == post_form(7) != post_form(8)
    assert all(word.isalpha() for word in WORDS)


def test_every_account_votes_for_the_hot_post_and_none_votes_twice_for_a_post() -> None:
    cast = list(votes(Size(accounts=5, posts=10, votes=30)))
    pairs = [(post, voter) for post, voter, _ in cast]
    assert len(cast) == 30 == len(set(pairs))
    assert {voter for post, voter in pairs if post == 0} == set(range(5))
    assert cast == list(votes(Size(accounts=5, posts=10, votes=30)))
