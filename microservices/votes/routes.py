"""Votes and the leaderboard over HTTP, in a function of their own. Twin: monolith/votes/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Answer, answer, body, caller, query
from microservices.votes.board_object import BoardObject
from microservices.votes.peers import KnownPosts
from microservices.votes.store import DynamoVotes
from shared_domain import posts, votes
from shared_domain.contract.paging import limit
from shared_domain.contract.votes import Ballot, first_of, vote_json


def routes(store: DynamoVotes, peers: KnownPosts, board: BoardObject) -> APIGatewayHttpRouter:
    room = APIGatewayHttpRouter()

    @room.put("/posts/<post_id>/vote")
    def cast(post_id: str) -> Answer:
        """Keep the caller's vote on a post."""
        voter = caller(room.current_event)
        form = body(room.current_event, Ballot)
        vote = votes.cast(post_id=posts.known_form(post_id), voter=voter, value=form.value)
        peers.require(vote.post_id)  # network: this room's own news of posts, else a hop
        store.cast(vote)  # network; eventual: the score follows from the table's stream
        return answer(vote_json(vote))

    @room.delete("/posts/<post_id>/vote")
    def retract(post_id: str) -> Answer:
        """Take the caller's vote back."""
        voter = caller(room.current_event)
        known = posts.known_form(post_id)
        peers.require(known)  # network
        store.retract(known, voter)  # network; eventual
        return answer(None, 204)

    @room.get("/leaderboard")
    def leaderboard() -> Answer:
        """Show the posts by score."""
        asked = limit(query(room.current_event))
        return answer(first_of(board.read(), asked))  # network; eventual: as of the last change that was counted

    # GET /leaderboard.html is no function's: the gateway shows the object that publication.py keeps in S3.
    return room
