"""Votes and the leaderboard over HTTP, in a function of their own. Twin: monolith/votes/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Response, body, current_user, query, respond
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.peers import PostsService
from microservices.votes.store import DynamoVotes
from shared_domain import posts, votes
from shared_domain.contract.paging import parse_limit
from shared_domain.contract.votes import NewVote, first_entries, vote_json


def routes(
    store: DynamoVotes, posts_service: PostsService, leaderboard_object: LeaderboardObject
) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.put("/posts/<post_id>/vote")
    def cast(post_id: str) -> Response:
        """Store the current user's vote on a post."""
        voter = current_user()
        form = body(NewVote)
        vote = votes.cast(post_id=posts.require_valid_id(post_id), voter=voter, value=form.value)
        posts_service.require(vote.post_id)  # network: reads this service's copy of the post, else calls posts
        store.cast(vote)  # network; eventual: the table's stream updates the score
        return respond(vote_json(vote))

    @router.delete("/posts/<post_id>/vote")
    def retract(post_id: str) -> Response:
        """Remove the current user's vote on a post."""
        voter = current_user()
        post_id = posts.require_valid_id(post_id)
        posts_service.require(post_id)  # network
        store.retract(post_id, voter)  # network; eventual
        return respond(None, 204)

    @router.get("/leaderboard")
    def leaderboard() -> Response:
        """Return the posts with the highest scores."""
        limit = parse_limit(query())
        # network; eventual: the stream of votes updates the object
        return respond(first_entries(leaderboard_object.read(), limit))

    # GET /leaderboard.html needs no function: the gateway serves the object that publication.py writes to S3.
    return router
