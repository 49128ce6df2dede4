"""Votes and the leaderboard over HTTP, in a function of their own. Twin: monolith/votes/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Answer, answer, body, caller, query
from microservices.votes.leaderboard_object import LeaderboardObject
from microservices.votes.peers import PostsService
from microservices.votes.store import DynamoVotes
from shared_domain import posts, votes
from shared_domain.contract.paging import limit
from shared_domain.contract.votes import NewVote, first_entries, vote_json


def routes(store: DynamoVotes, peers: PostsService, board: LeaderboardObject) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.put("/posts/<post_id>/vote")
    def cast(post_id: str) -> Answer:
        """Keep the caller's vote on a post."""
        voter = caller(router.current_event)
        form = body(router.current_event, NewVote)
        vote = votes.cast(post_id=posts.require_valid_id(post_id), voter=voter, value=form.value)
        peers.require(vote.post_id)  # network: this router's own news of posts, else a hop
        store.cast(vote)  # network; eventual: the score follows from the table's stream
        return answer(vote_json(vote))

    @router.delete("/posts/<post_id>/vote")
    def retract(post_id: str) -> Answer:
        """Take the caller's vote back."""
        voter = caller(router.current_event)
        known = posts.require_valid_id(post_id)
        peers.require(known)  # network
        store.retract(known, voter)  # network; eventual
        return answer(None, 204)

    @router.get("/leaderboard")
    def leaderboard() -> Answer:
        """Show the posts by score."""
        asked = limit(query(router.current_event))
        return answer(first_entries(board.read(), asked))  # network; eventual: as of the last change that was counted

    # GET /leaderboard.html is no function's: the gateway shows the object that publication.py keeps in S3.
    return router
