"""Search over HTTP, in one process and one query. Twin: microservices/search/routes.py."""

from flask import Blueprint, request

from monolith.database import UnitOfWork
from monolith.edge import Answer, answer, query
from monolith.search.store import Index
from shared_domain.contract.search import parse_search_query


def routes(unit_of_work: UnitOfWork[Index]) -> Blueprint:
    blueprint = Blueprint("search", __name__)

    @blueprint.get("/search")
    def search() -> Answer:
        """Show a page of the posts that hold every term of a query."""
        asked = parse_search_query(query(request))
        with unit_of_work() as work:  # transaction: whatever was answered before is found
            found = work.index.find(asked.terms, after=asked.after, limit=asked.limit + 1)
        return answer(asked.page(found))

    return blueprint
