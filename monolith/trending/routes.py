"""Trending over HTTP, in one process and one transaction. Twin: microservices/trending/routes.py."""

from flask import Blueprint

from monolith.clock import now
from monolith.database import UnitOfWork
from monolith.edge import Response, query, respond
from monolith.trending.store import SqlTrends
from shared_domain.contract.paging import parse_limit
from shared_domain.contract.trending import trending_json
from shared_domain.trending import last_hour


def routes(unit_of_work: UnitOfWork[SqlTrends]) -> Blueprint:
    blueprint = Blueprint("trending", __name__)

    @blueprint.get("/trending")
    def trending() -> Response:
        """Return the most viewed posts of the last hour."""
        limit, moment = parse_limit(query()), now()
        with unit_of_work() as store:
            trends = store.most_viewed(last_hour(moment), limit)  # eventual: processes write views in batches
        return respond(trending_json(trends, as_of=moment))

    return blueprint
