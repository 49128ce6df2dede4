"""Probes of feedback, avatars, trending and the static site."""

from loadtests.data.pictures import picture
from loadtests.data.world import World
from loadtests.probes.probe import Probe, Script
from loadtests.systems import ADMINISTRATOR

PNG, JPEG = {"Content-Type": "image/png"}, {"Content-Type": "image/jpeg"}
TOO_LARGE = 2**20 + 1
AVATAR = "/users/me/avatar"
# As the contract's tests sign the administrator up: on one system it is one person, whoever comes first.
PASSWORD = f"secret of {ADMINISTRATOR}"
SIGN_UP = {"username": ADMINISTRATOR, "email": f"{ADMINISTRATOR}@example.org", "password": PASSWORD}


def reads(world: World) -> Script:
    """What is there for everybody."""
    yield Probe(name="an avatar", path=f"/users/{world.accounts[0].username}/avatar")
    # Who seeds looks at a post more often where it waits longer.
    yield Probe(name="trending", path="/trending?limit=3", ignoring=("items",))
    yield Probe(name="a file of the site", path="/site/leaderboard.css")
    yield Probe(name="a file that the site has not", path="/site/nothing.css", status_only=True)


def administration(_: World) -> Script:
    """Feedback as the administrator reads it."""
    yield Probe(name="the administrator signs up", method="POST", path="/users", body=SIGN_UP)
    form = {"username": ADMINISTRATOR, "password": PASSWORD}
    signed_in = yield Probe(name="the administrator signs in", method="POST", path="/tokens", body=form)
    token = signed_in.json().get("access_token", "none")
    page = yield Probe(name="the newest feedback", path="/feedback?limit=3", token=token)
    cursor = page.json().get("next_cursor")
    yield Probe(name="the feedback before it", path=f"/feedback?limit=3&cursor={cursor}", token=token)


def refusals(world: World) -> Script:
    """Every kind of refusal of these rooms, and what they take."""
    token = world.accounts[1].token
    yield Probe(name="feedback", method="POST", path="/feedback", body={"message": "Zoë ✓"})
    for name, form in (
        ("no feedback", {}),
        ("empty feedback", {"message": ""}),
        ("long feedback", {"message": "x" * 2001}),
        ("a contact that is none", {"message": "Hm", "contact": "nobody"}),
        ("feedback by an administrator who says so", {"message": "Hm", "administrator": True}),
    ):
        yield Probe(name=name, method="POST", path="/feedback", body=form)
    yield Probe(name="feedback read by somebody", path="/feedback", token=token)
    yield Probe(name="feedback read by nobody", path="/feedback", status_only=True)
    yield Probe(name="an avatar of nobody", path="/users/nobody_here/avatar")
    yield Probe(name="an avatar without a token", method="PUT", path=AVATAR, raw=b"x", headers=PNG, status_only=True)
    for name, raw, headers in (
        ("an avatar of another type", b"GIF89a", {"Content-Type": "image/gif"}),
        ("an avatar that is no image", b"no image", PNG),
        ("an avatar whose type lies", picture("a"), JPEG),
        ("an avatar that is cut off", picture("a")[:60], PNG),
    ):
        yield Probe(name=name, method="PUT", path=AVATAR, raw=raw, headers=headers, token=token)
    # A gateway or a server in front may refuse it in its own words.
    yield Probe(
        name="a large avatar",
        method="PUT",
        path=AVATAR,
        raw=bytes(TOO_LARGE),
        headers=PNG,
        token=token,
        status_only=True,
    )
    yield Probe(name="an avatar that is taken", method="PUT", path=AVATAR, raw=picture("a"), headers=PNG, token=token)
    for limit in ("0", "101", "x"):
        yield Probe(name=f"trending, limit {limit}", path=f"/trending?limit={limit}")
