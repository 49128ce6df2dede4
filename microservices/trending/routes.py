"""Trending over HTTP, in a function of its own. Twin: monolith/trending/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import now
from microservices.edge import Answer, answer, query
from microservices.trending.store import DynamoTrends
from shared_domain.contract.paging import limit
from shared_domain.contract.trending import trending_json
from shared_domain.trending import last_hour


def routes(store: DynamoTrends) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.get("/trending")
    def trending() -> Answer:
        """Show the posts by their views of the last hour."""
        asked, moment = limit(query(router.current_event)), now()
        trends = store.most_viewed(last_hour(moment), asked)  # network; eventual: as far as the stream was read
        return answer(trending_json(trends, as_of=moment))

    return router
