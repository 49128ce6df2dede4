"""Trending over HTTP, in one process and one transaction. Twin: microservices/trending/routes.py."""

from flask import Blueprint, request

from monolith.clock import now
from monolith.database import UnitOfWork
from monolith.edge import Answer, answer, query
from monolith.trending.store import WithTrends
from shared_domain.contract.paging import limit
from shared_domain.contract.trending import trending_json
from shared_domain.trending import last_hour


def routes(unit_of_work: UnitOfWork[WithTrends]) -> Blueprint:
    blueprint = Blueprint("trending", __name__)

    @blueprint.get("/trending")
    def trending() -> Answer:
        """Show the posts by their views of the last hour."""
        asked, moment = limit(query(request)), now()
        with unit_of_work() as work:
            trends = work.trends.most_viewed(last_hour(moment), asked)  # eventual: as far as the processes have flushed
        return answer(trending_json(trends, as_of=moment))

    return blueprint
