"""Votes and the leaderboard over HTTP, in one process and one transaction. Twin: microservices/votes/routes.py."""

from flask import Blueprint, request

from monolith.clock import now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, body, page, query
from monolith.votes.store import PostsAndVotes
from shared_domain import posts, votes
from shared_domain.contract.live import tally_changed
from shared_domain.contract.paging import limit
from shared_domain.contract.votes import NewVote, leaderboard_json, vote_json
from shared_domain.leaderboard_page import render
from shared_domain.posts import Post


def routes(unit_of_work: UnitOfWork[PostsAndVotes], caller: Caller) -> Blueprint:
    blueprint = Blueprint("votes", __name__)

    @blueprint.put("/posts/<post_id>/vote")
    def cast(post_id: str) -> Answer:
        """Keep the caller's vote on a post."""
        voter = caller(request)
        form = body(request, NewVote)
        vote = votes.cast(post_id=posts.require_valid_id(post_id), voter=voter, value=form.value)
        with unit_of_work() as work:  # transaction: vote and score together, the post held
            post = work.posts.get_for_update(vote.post_id)
            _rescore(work, post, by=work.votes.cast(vote))
        return answer(vote_json(vote))

    @blueprint.delete("/posts/<post_id>/vote")
    def retract(post_id: str) -> Answer:
        """Take the caller's vote back."""
        voter = caller(request)
        known = posts.require_valid_id(post_id)
        with unit_of_work() as work:  # transaction: vote and score together, the post held
            post = work.posts.get_for_update(known)
            _rescore(work, post, by=work.votes.retract(known, voter))
        return answer(None, 204)

    @blueprint.get("/leaderboard")
    def leaderboard() -> Answer:
        """Show the posts by score."""
        asked = limit(query(request))
        with unit_of_work() as work:
            entries = work.votes.leaderboard(asked)
        return answer(leaderboard_json(entries, as_of=now()))

    @blueprint.get("/leaderboard.html")
    def leaderboard_page() -> Answer:
        """Show the first posts to people."""
        with unit_of_work() as work:
            entries = work.votes.leaderboard(votes.PAGE_LENGTH)
        return page(render(leaderboard_json(entries, as_of=now())))

    return blueprint


def _rescore(work: PostsAndVotes, post: Post, *, by: int) -> None:
    work.posts.rescore(post.id, by=by)
    if by:
        work.live.publish(tally_changed(post.id, post.score + by))
