"""Users over HTTP, in one process and one transaction. Twin: microservices/users/routes.py."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, request

from monolith.clock import new_id, now
from monolith.database import UnitOfWork
from monolith.edge import Answer, Caller, answer, body
from monolith.users.store import Users
from shared_domain import tokens, users
from shared_domain.contract.parsing import sent_fields
from shared_domain.contract.users import ProfileChanges, SignIn, SignUp, own_json, public_json, token_json
from shared_domain.passwords import hash_password, verify_password


def routes(unit_of_work: UnitOfWork[Users], caller: Caller, *, secret: str, salt: Callable[[], bytes]) -> Blueprint:
    blueprint = Blueprint("users", __name__)

    @blueprint.post("/users")
    def register() -> Answer:
        """Sign somebody up."""
        form = body(request, SignUp)
        moment = now()
        user = users.register(
            **sent_fields(form), id=new_id(moment), hash_password=partial(hash_password, salt=salt()), now=moment
        )
        with unit_of_work() as work:  # transaction: unique indexes hold username and email
            work.users.add(user)
        return answer(public_json(user), 201, location=f"/users/{user.username}")

    @blueprint.post("/tokens")
    def sign_in() -> Answer:
        """Give a token for a username and its password."""
        form = body(request, SignIn)
        with unit_of_work() as work:
            found = work.users.find(users.username_or_placeholder(form.username))
        user = users.sign_in(found, password=form.password, verify_password=verify_password)
        token = tokens.issue(user.username, secret=secret, now=now())
        return answer(token_json(token, seconds=tokens.LIFETIME_SECONDS), 201)

    @blueprint.get("/users/me")
    def read_me() -> Answer:
        """Show the caller their own profile."""
        username = caller(request)
        with unit_of_work() as work:
            user = work.users.get(username)
        return answer(own_json(user))

    @blueprint.patch("/users/me")
    def revise_me() -> Answer:
        """Let the caller change their own profile."""
        editor = caller(request)
        form = body(request, ProfileChanges)
        with unit_of_work() as work:
            seen = work.users.get_for_update(editor)  # transaction: locked until the block ends
            user = users.revise(seen, **sent_fields(form))
            work.users.save(user, seen=seen)
        return answer(own_json(user))

    @blueprint.get("/users/<username>")
    def read_user(username: str) -> Answer:
        """Show anybody's public profile."""
        known = users.require_valid_username(username)
        with unit_of_work() as work:
            user = work.users.get(known)
        return answer(public_json(user))

    return blueprint
