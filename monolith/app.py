"""The composition root: the only file that imports all modules. Twin: each service's handler.py."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, Flask
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from monolith import edge
from monolith.avatars import routes as avatars
from monolith.avatars import thumbnails
from monolith.background import Background
from monolith.database import connect, unit_of_work
from monolith.feedback import routes as feedback
from monolith.feedback.store import SqlFeedback
from monolith.live import listener
from monolith.live import routes as live
from monolith.live.hub import Hub
from monolith.orders import routes as orders
from monolith.orders import settlement
from monolith.platform import routes as platform
from monolith.posts import routes as posts
from monolith.search import routes as search
from monolith.search.store import SqlIndex
from monolith.settings import Settings
from monolith.site import routes as site
from monolith.site.folder import SiteFolder
from monolith.trending import routes as trending
from monolith.trending.store import SqlTrends
from monolith.trending.views import FLUSH_SECONDS, Views
from monolith.users import attempts
from monolith.users import routes as users
from monolith.votes import routes as votes
from shared_domain.passwords import SALT_BYTES


class _ExplicitRule(Rule):
    """A rule without Flask's automatic HEAD and OPTIONS: as at the gateway, a path has only the methods in the contract."""

    provide_automatic_options = False

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        if self.methods:
            self.methods.discard("HEAD")


def create_app(settings: Settings) -> Flask:
    """Return the application. The first request opens the database connection.

    The server must start and stop `extensions["background"]` in each worker, serve `extensions["websockets"]`, and close the
    live feed's `extensions["hub"]`. The `extensions["independent_paths"]` need no database.
    """
    app = _create_flask()
    edge.configure(app, token_secret=settings.token_secret)
    engine = connect(settings.database_url, pool_size=settings.pool_size)
    views = Views(unit_of_work(engine, SqlTrends))
    hub = app.extensions["hub"] = Hub(max_clients=settings.live_clients)
    background = app.extensions["background"] = Background()
    app.extensions["websockets"] = {live.PATH: live.create_handler(hub)}
    app.extensions["independent_paths"] = platform.PATHS
    for blueprint in _create_blueprints(settings, engine, views):
        app.register_blueprint(blueprint)
    background.run_every(FLUSH_SECONDS, views.flush)
    background.run_every(attempts.EVERY_SECONDS, attempts.create_task(unit_of_work(engine, attempts.SqlAttempts)))
    background.run_every(thumbnails.EVERY_SECONDS, thumbnails.create_task(unit_of_work(engine, thumbnails.Stores)))
    background.run_every(
        listener.EVERY_SECONDS, listener.create_task(connect(settings.database_url, pool_size=1), hub.publish)
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _create_flask() -> Flask:
    """Return a Flask application without static files, automatic methods and redirects: the contract has none of them."""
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = _ExplicitRule
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    return app


def _create_blueprints(settings: Settings, engine: Engine, views: Views) -> Iterator[Blueprint]:
    yield platform.routes(_load_contract())
    yield users.routes(unit_of_work(engine, users.Stores), secret=settings.token_secret, salt=_make_salt)
    yield posts.routes(unit_of_work(engine, posts.Stores), views)
    yield votes.routes(unit_of_work(engine, votes.Stores))
    yield search.routes(unit_of_work(engine, SqlIndex))
    yield site.routes(SiteFolder(settings.site))
    yield orders.routes(unit_of_work(engine, settlement.Stores))
    yield feedback.routes(unit_of_work(engine, SqlFeedback), administrators=settings.administrators)
    yield avatars.routes(unit_of_work(engine, thumbnails.Stores))
    yield trending.routes(unit_of_work(engine, SqlTrends))


def _make_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def _load_contract() -> dict[str, Any]:
    text = (Path(__file__).parents[1] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    contract: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return contract
