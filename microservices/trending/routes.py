"""Trending over HTTP, in a function of its own. Twin: monolith/trending/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import now
from microservices.edge import Response, query, respond
from microservices.trending.store import DynamoTrends
from shared_domain.contract.paging import parse_limit
from shared_domain.contract.trending import trending_json
from shared_domain.trending import last_hour


def routes(store: DynamoTrends) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.get("/trending")
    def trending() -> Response:
        """Return the most viewed posts of the last hour."""
        limit, moment = parse_limit(query()), now()
        # network; eventual: the stream of views updates the counts
        trends = store.most_viewed(last_hour(moment), limit)
        return respond(trending_json(trends, as_of=moment))

    return router
