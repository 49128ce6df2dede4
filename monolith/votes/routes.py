"""Votes and the leaderboard over HTTP, in one process and one transaction. Twin: microservices/votes/routes.py."""

from flask import Blueprint
from sqlalchemy import Connection

from monolith.clock import now
from monolith.database import UnitOfWork
from monolith.edge import Response, body, current_user, query, respond, respond_with_html
from monolith.live.store import SqlLiveFeed
from monolith.posts.store import SqlPosts
from monolith.votes.store import SqlVotes
from shared_domain import posts, votes
from shared_domain.contract.live import announce_score
from shared_domain.contract.paging import parse_limit
from shared_domain.contract.votes import NewVote, leaderboard_json, vote_json
from shared_domain.leaderboard_page import render
from shared_domain.posts import Post


class Stores:
    """The stores of one transaction of this module."""

    def __init__(self, connection: Connection) -> None:
        self.votes = SqlVotes(connection)
        self.posts = SqlPosts(connection)
        self.live = SqlLiveFeed(connection)


def routes(unit_of_work: UnitOfWork[Stores]) -> Blueprint:
    blueprint = Blueprint("votes", __name__)

    @blueprint.put("/posts/<post_id>/vote")
    def cast(post_id: str) -> Response:
        """Store the current user's vote on a post."""
        voter = current_user()
        form = body(NewVote)
        vote = votes.cast(post_id=posts.require_valid_id(post_id), voter=voter, value=form.value)
        with unit_of_work() as work:  # transaction: vote and score, with the post locked
            post = work.posts.get_for_update(vote.post_id)
            _change_score(work, post, by=work.votes.cast(vote))
        return respond(vote_json(vote))

    @blueprint.delete("/posts/<post_id>/vote")
    def retract(post_id: str) -> Response:
        """Remove the current user's vote on a post."""
        voter = current_user()
        post_id = posts.require_valid_id(post_id)
        with unit_of_work() as work:  # transaction: vote and score, with the post locked
            post = work.posts.get_for_update(post_id)
            _change_score(work, post, by=work.votes.retract(post_id, voter))
        return respond(None, 204)

    @blueprint.get("/leaderboard")
    def leaderboard() -> Response:
        """Return the posts with the highest scores."""
        limit = parse_limit(query())
        with unit_of_work() as work:
            entries = work.votes.leaderboard(limit)
        return respond(leaderboard_json(entries, as_of=now()))

    @blueprint.get("/leaderboard.html")
    def leaderboard_page() -> Response:
        """Return the leaderboard as an HTML page."""
        with unit_of_work() as work:
            entries = work.votes.leaderboard(votes.PAGE_LENGTH)
        return respond_with_html(render(leaderboard_json(entries, as_of=now())))

    return blueprint


def _change_score(work: Stores, post: Post, *, by: int) -> None:
    work.posts.change_score(post.id, by=by)
    if by:
        work.live.publish(announce_score(post.id, post.score + by))
