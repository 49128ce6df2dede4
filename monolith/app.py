"""The composition root: the only file of the monolith that knows all modules. Twin: each blueprint's handler.py."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, Flask
from sqlalchemy import Engine
from werkzeug.routing import Rule

from monolith import edge
from monolith.avatars import routes as avatars
from monolith.avatars import thumbnails
from monolith.background import Background
from monolith.concurrency_limit import ConcurrencyLimit
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
from monolith.trending import views
from monolith.trending.store import SqlTrends
from monolith.users import routes as users
from monolith.users.store import SqlUsers
from monolith.votes import routes as votes
from shared_domain.passwords import SALT_BYTES


class _ExplicitRule(Rule):
    """A path has the methods that are written down: no HEAD and no OPTIONS of the framework's own, as at the gateway."""

    provide_automatic_options = False

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        if self.methods:
            self.methods.discard("HEAD")


def create_app(settings: Settings) -> Flask:
    """Return the application. It connects to the database with the first request.

    Its `extensions["background"]` holds what is done beside the requests; whoever serves the application starts and stops it.
    Its `extensions["hub"]` knows the clients of the live feed, whose connections somebody must end.
    """
    app = _bare()
    edge.configure(app, token_secret=settings.token_secret)
    engine = connect(settings.database_url, pool_size=settings.pool_size)
    viewed = views.Views(unit_of_work(engine, SqlTrends))
    hub = app.extensions["hub"] = Hub(most=settings.listeners)
    background = app.extensions["background"] = Background()
    explained = _explained(background, viewed, settings.spans)
    for blueprint in _blueprints(settings, engine, viewed, hub):
        app.register_blueprint(blueprint)
    background.every(views.FLUSH_SECONDS, viewed.flush)
    background.every(thumbnails.EVERY_SECONDS, thumbnails.making(unit_of_work(engine, thumbnails.Stores)))
    background.every(
        listener.EVERY_SECONDS, listener.listening(connect(settings.database_url, pool_size=1), hub.publish)
    )
    app.wsgi_app = ConcurrencyLimit(app.wsgi_app, limit=settings.pool_size, exempt_path=live.PATH)  # type: ignore[method-assign]
    explained(app, engine)
    return app


def _bare() -> Flask:
    """Return an application that answers what is written down and nothing of the framework's own."""
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = _ExplicitRule
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["SOCK_SERVER_OPTIONS"] = live.SOCKET_OPTIONS
    app.url_map.merge_slashes = False
    return app


def _blueprints(settings: Settings, engine: Engine, viewed: views.Views, hub: Hub) -> Iterator[Blueprint]:
    yield platform.routes(_contract())
    yield users.routes(unit_of_work(engine, SqlUsers), secret=settings.token_secret, salt=_salt)
    yield posts.routes(unit_of_work(engine, posts.Stores), viewed)
    yield votes.routes(unit_of_work(engine, votes.Stores))
    yield search.routes(unit_of_work(engine, SqlIndex))
    yield site.routes(SiteFolder(settings.site))
    yield orders.routes(unit_of_work(engine, settlement.Stores))
    yield feedback.routes(unit_of_work(engine, SqlFeedback), administrators=settings.administrators)
    yield avatars.routes(unit_of_work(engine, thumbnails.Stores))
    yield trending.routes(unit_of_work(engine, SqlTrends))
    yield live.routes(hub)


def _explained(background: Background, viewed: views.Views, file: Path | None) -> Callable[[Flask, Engine], None]:
    """Have jobs and views explained where there is a file for it, and return what does so with the rest once it is there."""
    if file is None:
        return lambda app, engine: None
    from monolith import tracing

    write = tracing.into(file)
    background.within(tracing.job(write))
    tracing.follow(viewed, service=tracing.SERVICE, write=write)
    return lambda app, engine: tracing.watch(app, engine, write)


def _salt() -> bytes:
    return os.urandom(SALT_BYTES)


def _contract() -> dict[str, Any]:
    text = (Path(__file__).parents[1] / "docs" / "openapi.yaml").read_text()
    contract: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return contract
