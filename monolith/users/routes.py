"""Users over HTTP, in one process and one transaction. Twin: microservices/users/routes.py."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint
from sqlalchemy import Connection

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Response, body, client_address, current_user, respond
from monolith.users.attempts import SqlAttempts
from monolith.users.store import SqlUsers
from shared_domain import tokens, users
from shared_domain.attempts import attempt_of
from shared_domain.contract.parsing import sent_fields
from shared_domain.contract.users import ProfileChanges, SignIn, SignUp, own_json, public_json, token_json
from shared_domain.passwords import hash_password, verify_password


class Stores:
    """The stores of one transaction of this module."""

    def __init__(self, connection: Connection) -> None:
        self.users = SqlUsers(connection)
        self.attempts = SqlAttempts(connection)


def routes(unit_of_work: UnitOfWork[Stores], *, secret: str, salt: Callable[[], bytes]) -> Blueprint:
    blueprint = Blueprint("users", __name__)

    @blueprint.post("/users")
    def register() -> Response:
        """Sign a new user up."""
        form = body(SignUp)
        moment = now()
        user = users.register(
            **sent_fields(form), id=new_id(moment), hash_password=partial(hash_password, salt=salt()), now=moment
        )
        with unit_of_work() as work:  # transaction: unique indexes on username and email
            work.users.add(user)
        return respond(public_json(user), 201, location=f"/users/{user.username}")

    @blueprint.post("/tokens")
    def sign_in() -> Response:
        """Issue a token for a username and password."""
        form = body(SignIn)
        moment = now()
        username = users.username_or_placeholder(form.username)
        attempt = attempt_of(username, address=client_address(), now=moment)
        with unit_of_work() as work:
            work.attempts.count(attempt)  # locks the counter only until the block ends: hashing is slow
            account = work.users.find(username)
        user = users.sign_in(account, password=form.password, verify_password=verify_password)
        with unit_of_work() as work:
            work.attempts.clear(attempt)
        token = tokens.issue(user.username, secret=secret, now=moment)
        return respond(token_json(token, seconds=tokens.LIFETIME_SECONDS), 201)

    @blueprint.get("/users/me")
    def read_me() -> Response:
        """Return the current user's own profile."""
        username = current_user()
        with unit_of_work() as work:
            user = work.users.get(username)
        return respond(own_json(user))

    @blueprint.patch("/users/me")
    def revise_me() -> Response:
        """Change the current user's profile."""
        editor = current_user()
        form = body(ProfileChanges)
        with unit_of_work() as work:
            seen = work.users.get_for_update(editor)  # transaction: locked until the block ends
            user = users.revise(seen, **sent_fields(form))
            work.users.save(user)
        return respond(own_json(user))

    @blueprint.get("/users/<username>")
    def read_user(username: str) -> Response:
        """Return a user's public profile."""
        username = users.require_valid_username(username)
        with unit_of_work() as work:
            user = work.users.get(username)
        return respond(public_json(user))

    return blueprint
