"""Search over HTTP, in a function of its own. Twin: monolith/search/routes.py."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.edge import Response, query, respond
from microservices.search.store import DynamoIndex
from shared_domain.contract.search import parse_search_query


def routes(store: DynamoIndex) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.get("/search")
    def search() -> Response:
        """Return a page of the posts that contain every term of a query."""
        search_query = parse_search_query(query())
        # network: a call for each term and one for the posts; eventual: the stream of posts updates the index
        items = store.find(search_query.terms, after=search_query.after, limit=search_query.limit + 1)
        return respond(search_query.page_json(items))

    return router
