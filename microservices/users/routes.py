"""Users over HTTP, in a function of their own. Twin: monolith/users/routes.py."""

from collections.abc import Callable
from functools import partial

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from microservices.clock import new_id, now
from microservices.conflicts import retry_on_conflict
from microservices.edge import Response, body, client_address, current_user, respond
from microservices.users.attempts import DynamoAttempts
from microservices.users.store import DynamoUsers
from shared_domain import tokens, users
from shared_domain.attempts import attempt_of
from shared_domain.contract.parsing import sent_fields
from shared_domain.contract.users import ProfileChanges, SignIn, SignUp, own_json, public_json, token_json
from shared_domain.passwords import hash_password, verify_password


def routes(
    store: DynamoUsers, attempts: DynamoAttempts, *, secret: Callable[[], str], salt: Callable[[], bytes]
) -> APIGatewayHttpRouter:
    router = APIGatewayHttpRouter()

    @router.post("/users")
    @retry_on_conflict
    def register() -> Response:
        """Sign a new user up."""
        form = body(SignUp)
        moment = now()
        user = users.register(
            **sent_fields(form), id=new_id(moment), hash_password=partial(hash_password, salt=salt()), now=moment
        )
        store.add(user)  # network: one transaction, because two items make username and email unique
        return respond(public_json(user), 201, location=f"/users/{user.username}")

    @router.post("/tokens")
    def sign_in() -> Response:
        """Issue a token for a username and password."""
        form = body(SignIn)
        moment = now()
        username = users.username_or_placeholder(form.username)
        attempt = attempt_of(username, address=client_address(), now=moment)
        attempts.count(attempt)  # network: one conditional write
        account = store.find(username)  # network
        user = users.sign_in(account, password=form.password, verify_password=verify_password)
        attempts.clear(attempt)  # network
        token = tokens.issue(user.username, secret=secret(), now=moment)
        return respond(token_json(token, seconds=tokens.LIFETIME_SECONDS), 201)

    @router.get("/users/me")
    def read_me() -> Response:
        """Return the current user's own profile."""
        username = current_user()
        user = store.get(username)  # network
        return respond(own_json(user))

    @router.patch("/users/me")
    @retry_on_conflict
    def revise_me() -> Response:
        """Change the current user's profile."""
        editor = current_user()
        form = body(ProfileChanges)
        seen = store.get(editor)  # network
        user = users.revise(seen, **sent_fields(form))
        store.save(user, seen=seen)  # network: conditional on the user that was read, because DynamoDB has no row locks
        return respond(own_json(user))

    @router.get("/users/<username>")
    def read_user(username: str) -> Response:
        """Return a user's public profile."""
        username = users.require_valid_username(username)
        user = store.get(username)  # network
        return respond(public_json(user))

    return router
