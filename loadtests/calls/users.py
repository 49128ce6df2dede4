"""Users, their avatars, and feedback."""

from typing import Any

from loadtests.calls.call import Answer, Call, require, unchecked

PNG = b"\x89PNG\r\n\x1a\n"
SIDE = 128  # pixels, of every thumbnail


def sign_up(username: str, password: str) -> Call:
    """Register a user."""
    form = {"username": username, "email": f"{username}@example.com", "password": password}

    def check(answer: Answer) -> None:
        require(answer.record().get("username") == username, f"the user {username}")

    return Call(operation="POST /users", path="/users", expected=201, body=form, check=check)


def sign_in(username: str, password: str) -> Call:
    """Get a token."""
    form = {"username": username, "password": password}

    def check(answer: Answer) -> None:
        require(bool(answer.record().get("access_token")), "a token")

    return Call(operation="POST /tokens", path="/tokens", expected=201, body=form, check=check)


def read_user(username: str) -> Call:
    """Read a user's public fields, which do not include the email."""

    def check(answer: Answer) -> None:
        user = answer.record()
        require(user.get("username") == username, f"the user {username}")
        require("email" not in user, "no email in a public user")

    return Call(operation="GET /users/{username}", path=f"/users/{username}", check=check)


def read_me(username: str, token: str) -> Call:
    """Read the signed-in user. The credits must not be negative."""

    def check(answer: Answer) -> None:
        user = answer.record()
        require(user.get("username") == username, f"the user {username}")
        require(user["credits"] >= 0, "no negative credits")

    return Call(operation="GET /users/me", path="/users/me", token=token, check=check)


def upload_avatar(picture: bytes, token: str) -> Call:
    """Upload a PNG as the user's avatar. The answer only confirms the upload; the thumbnail follows."""
    return Call(
        operation="PUT /users/me/avatar",
        path="/users/me/avatar",
        expected=202,
        content=picture,
        headers={"Content-Type": "image/png"},
        token=token,
        check=unchecked,
    )


def read_avatar(username: str) -> Call:
    """Read the thumbnail of a user that has one: any PNG of 128 by 128 pixels."""

    def check(answer: Answer) -> None:
        require(answer.body.startswith(PNG), "a PNG")
        width, height = answer.body[16:20], answer.body[20:24]  # the first chunk of a PNG begins with both
        size = (int.from_bytes(width), int.from_bytes(height))
        require(size == (SIDE, SIDE), f"{SIDE} by {SIDE} pixels, not {size[0]} by {size[1]}")

    return Call(operation="GET /users/{username}/avatar", path=f"/users/{username}/avatar", check=check)


def leave_feedback(message: str, contact: str | None = None) -> Call:
    """Send feedback. The answer confirms it and does not contain it."""
    form: dict[str, Any] = {"message": message} if contact is None else {"message": message, "contact": contact}

    def check(answer: Answer) -> None:
        require(answer.record().keys() == {"id", "created_at"}, "an id and a time, and nothing else")

    return Call(operation="POST /feedback", path="/feedback", expected=201, body=form, check=check)
