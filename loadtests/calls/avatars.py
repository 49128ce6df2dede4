"""Avatars: a picture goes up, its thumbnail shows eventually."""

from loadtests.calls.call import Answer, Call, require, unchecked

PNG = b"\x89PNG\r\n\x1a\n"
SIDE = 128  # pixels, of every thumbnail


def upload_avatar(picture: bytes, token: str) -> Call:
    """One's own picture, a PNG; the answer only says that it was taken."""
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
    """The thumbnail of a user who has one: a PNG of 128 by 128 pixels, whichever picture of that user it shows."""

    def check(answer: Answer) -> None:
        require(answer.body.startswith(PNG), "a PNG")
        width, height = answer.body[16:20], answer.body[20:24]  # the first chunk begins with them
        size = (int.from_bytes(width), int.from_bytes(height))
        require(size == (SIDE, SIDE), f"{SIDE} by {SIDE} pixels, not {size[0]} by {size[1]}")

    return Call(operation="GET /users/{username}/avatar", path=f"/users/{username}/avatar", check=check)
