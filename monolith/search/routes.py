"""Search over HTTP, in one process and one query. Twin: microservices/search/routes.py."""

from flask import Blueprint

from monolith.database import UnitOfWork
from monolith.edge import Response, query, respond
from monolith.search.store import SqlIndex
from shared_domain.contract.search import parse_search_query


def routes(unit_of_work: UnitOfWork[SqlIndex]) -> Blueprint:
    blueprint = Blueprint("search", __name__)

    @blueprint.get("/search")
    def search() -> Response:
        """Return a page of the posts that contain every term of a query."""
        search_query = parse_search_query(query())
        with unit_of_work() as store:  # transaction: sees every committed write
            items = store.find(search_query.terms, after=search_query.after, limit=search_query.limit + 1)
        return respond(search_query.page_json(items))

    return blueprint
