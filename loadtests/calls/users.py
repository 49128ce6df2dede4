"""Users: signing up and in, and looking at them."""

from loadtests.calls.call import Answer, Call, require


def sign_up(username: str, password: str) -> Call:
    """A new user, public fields only."""
    form = {"username": username, "email": f"{username}@example.com", "password": password}

    def check(answer: Answer) -> None:
        require(answer.record().get("username") == username, f"the user {username}")

    return Call(operation="POST /users", path="/users", expected=201, body=form, check=check)


def sign_in(username: str, password: str) -> Call:
    """A token."""
    form = {"username": username, "password": password}

    def check(answer: Answer) -> None:
        require(bool(answer.record().get("access_token")), "a token")

    return Call(operation="POST /tokens", path="/tokens", expected=201, body=form, check=check)


def read_user(username: str) -> Call:
    """One public user, without what only the user may see."""

    def check(answer: Answer) -> None:
        user = answer.record()
        require(user.get("username") == username, f"the user {username}")
        require("email" not in user, "no email in a public user")

    return Call(operation="GET /users/{username}", path=f"/users/{username}", check=check)


def read_me(username: str, token: str) -> Call:
    """Oneself, with the credits that are left: never fewer than none."""

    def check(answer: Answer) -> None:
        user = answer.record()
        require(user.get("username") == username, f"the user {username}")
        require(user["credits"] >= 0, "no debts")

    return Call(operation="GET /users/me", path="/users/me", token=token, check=check)
