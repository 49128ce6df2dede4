"""Search over HTTP, in a function of its own. Twin: monolith/search/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Answer, answer, query
from microservices.search.store import DynamoIndex
from shared_domain.contract.search import parse_search_query


def routes(index: DynamoIndex) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.get("/search")
    def search() -> Answer:
        """Show a page of the posts that hold every term of a query."""
        asked = parse_search_query(query(router.current_event))
        # network: a call for each term, one for the posts; eventual: as far as the stream was read
        found = index.find(asked.terms, after=asked.after, limit=asked.limit + 1)
        return answer(asked.page(found))

    return router
