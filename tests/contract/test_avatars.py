"""Avatars: a client uploads an image, and its thumbnail is made after the answer."""

from io import BytesIO

import pytest
from PIL import Image

from shared_domain.avatars import MAX_PICTURE_BYTES, MAX_PIXELS, MAX_SCANS

from . import images
from .client import Api, Person, broken_fields
from .images import BLUE, GREEN, GREY, JPEG, PNG, RED, chunks, colour_at, jpeg, near, plain, png, saved

pytestmark = pytest.mark.live_api

SIDE = 128
GOOD: dict[str, tuple[images.Make, str, images.Colour]] = {
    "a PNG": (png, PNG, (*RED, 255)),
    "a JPEG": (jpeg, JPEG, (*RED, 255)),
    "a progressive JPEG": (lambda: saved(plain(), "JPEG", progressive=True), JPEG, RED),
    "a CMYK JPEG": (lambda: saved(plain(mode="CMYK"), "JPEG"), JPEG, RED),
    "a grey JPEG": (lambda: saved(plain(GREY, mode="L"), "JPEG"), JPEG, GREY),
    "a palette": (lambda: saved(plain().quantize()), PNG, RED),
    "a palette with a transparent colour": (lambda: saved(plain().quantize(), transparency=0), PNG, (0, 0, 0, 0)),
    "16 bits of grey": (lambda: saved(Image.new("I;16", (90, 90), 32_768)), PNG, (*GREY, 255)),
    "1 bit": (lambda: saved(Image.new("1", (90, 90), 1)), PNG, (255, 255, 255, 255)),
    "half transparent": (lambda: saved(Image.new("RGBA", (90, 90), (*GREEN, 128))), PNG, (*GREEN, 128)),
    "grey and transparent": (lambda: saved(Image.new("LA", (90, 90), (128, 64))), PNG, (*GREY, 64)),
    "one transparent colour": (lambda: saved(plain(GREEN), transparency=RED), PNG, (*GREEN, 255)),
    "interlaced": (lambda: saved(plain(BLUE), interlace=1), PNG, BLUE),
    "one pixel": (lambda: png(BLUE, (1, 1)), PNG, BLUE),
    "one pixel high": (lambda: png(BLUE, (5000, 1)), PNG, BLUE),
    "one pixel wide, a JPEG": (lambda: jpeg(BLUE, (1, 5000)), JPEG, BLUE),
    "the most pixels": (lambda: png(GREEN, (4000, MAX_PIXELS // 4000)), PNG, GREEN),
    "the most bytes": (lambda: images.png_of_size(MAX_PICTURE_BYTES), PNG, RED),
    "an animation of one frame": (images.single_frame, PNG, RED),
    "as many scans as are read": (lambda: images.many_scans(MAX_SCANS - 9), JPEG, RED),
}
BAD: dict[str, tuple[images.Make, str]] = {
    "nothing": (lambda: b"", PNG),
    "text": (lambda: b"no picture at all", PNG),
    "JSON": (lambda: b"{}", JPEG),
    "a JPEG that says it is a PNG": (jpeg, PNG),
    "a PNG that says it is a JPEG": (png, JPEG),
    "a GIF that says it is a PNG": (lambda: saved(plain(), "GIF"), PNG),
    "an animated GIF": (lambda: images.animation("GIF"), PNG),
    "an animated WebP": (lambda: images.animation("WEBP"), PNG),
    "an animated PNG": (lambda: images.animation("PNG"), PNG),
    "the first bytes of a PNG alone": (lambda: images.SIGNATURE, PNG),
    "the first bytes of a JPEG alone": (lambda: b"\xff\xd8\xff", JPEG),
    "the first bytes of a PNG before a JPEG": (lambda: images.SIGNATURE + jpeg(), PNG),
    "a script behind the first bytes": (lambda: images.SIGNATURE + b"<script>alert(1)</script>", PNG),
    "one row too many": (lambda: images.bomb(4000, MAX_PIXELS // 4000 + 1), PNG),
    "a bomb": (lambda: images.bomb(60_000, 60_000), PNG),
    "a bomb of the greatest size that can be named": (lambda: images.bomb(2**31 - 1, 2**31 - 1), PNG),
    "no width": (lambda: images.bomb(0, 100), PNG),
    "text that unpacks without end": (images.text_bomb, PNG),
    "one scan too many": (lambda: images.many_scans(MAX_SCANS + 1), JPEG),
    "a scan in every byte": (lambda: jpeg()[:-2] + b"\xff\xda" * 400_000 + b"\xff\xd9", JPEG),
}
UNDECODABLE: dict[str, tuple[images.Make, str]] = {
    "a JPEG cut off": (lambda: jpeg(size=(400, 400))[:-900], JPEG),
    "a PNG cut off": (lambda: images.noise()[:-500], PNG),
    "pixels that do not unpack": (lambda: images.bomb(100, 100), PNG),
}


@pytest.fixture
def owner(api: Api) -> Person:
    """A user without an avatar."""
    return api.join("face")


@pytest.fixture(scope="module")
def user_without_avatar(api: Api) -> Person:
    """A user whose uploads are all refused."""
    return api.join("faceless")


@pytest.mark.real_server
@pytest.mark.parametrize("name", GOOD)
def test_a_thumbnail_is_made(api: Api, owner: Person, name: str) -> None:
    make, content_type, colour = GOOD[name]
    answer = api.upload_avatar(owner, make(), content_type)
    assert answer.status_code == 202
    shown = api.avatar_settles(owner.username, near(colour))
    with Image.open(BytesIO(shown)) as opened:
        assert (opened.format, opened.size) == ("PNG", (SIDE, SIDE))


@pytest.mark.parametrize("name", BAD)
def test_an_invalid_image_is_refused(api: Api, user_without_avatar: Person, name: str) -> None:
    make, content_type = BAD[name]
    assert broken_fields(api.upload_avatar(user_without_avatar, make(), content_type)) == {"avatar"}
    assert api.read_avatar(user_without_avatar.username).status_code == 404


@pytest.mark.real_server
@pytest.mark.parametrize("name", UNDECODABLE)
def test_an_image_that_cannot_be_decoded_changes_nothing(api: Api, owner: Person, bob: Person, name: str) -> None:
    make, content_type = UNDECODABLE[name]
    api.upload_avatar(owner, png(GREEN), PNG)
    api.avatar_settles(owner.username, near(GREEN))
    assert api.upload_avatar(owner, make(), content_type).status_code == 202
    for colour in (RED, BLUE):  # the upload before is handled by then
        api.upload_avatar(bob, png(colour), PNG)
        api.avatar_settles(bob.username, near(colour))
    assert near(GREEN)(api.read_avatar(owner.username).content)


@pytest.mark.real_server
def test_an_image_over_1_mib_is_a_413(api: Api, owner: Person) -> None:
    for length in (MAX_PICTURE_BYTES + 1, MAX_PICTURE_BYTES * 3 // 2, MAX_PICTURE_BYTES * 2):
        assert api.upload_avatar(owner, images.png_of_size(length), PNG).status_code == 413
    assert api.upload_avatar(owner, png(), PNG).status_code == 202


@pytest.mark.real_server
def test_the_larger_limit_is_only_for_avatars(api: Api, owner: Person) -> None:
    assert api.upload_avatar(owner, images.png_of_size(100_000), PNG).status_code == 202
    assert api.revise_me(owner, bio="x" * 70_000).status_code == 413


@pytest.mark.real_server
@pytest.mark.parametrize(
    "content_type", ["image/png; charset=binary", "IMAGE/PNG", 'image/png ; a="b;c"', "Image/Png;"]
)
def test_a_content_type_may_have_parameters_and_any_case(api: Api, owner: Person, content_type: str) -> None:
    assert api.upload_avatar(owner, png(), content_type).status_code == 202


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "image/gif",
        "image/webp",
        "image/*",
        "image/jpg",
        "application/json",
        "text/plain",
        "image/png, image/png",
    ],
)
def test_another_content_type_is_a_415(api: Api, user_without_avatar: Person, content_type: str | None) -> None:
    assert api.upload_avatar(user_without_avatar, png(), content_type).status_code == 415
    assert api.read_avatar(user_without_avatar.username).status_code == 404


@pytest.mark.real_server
def test_an_upload_requires_a_token(api: Api) -> None:
    assert api.upload_avatar(None, png(), PNG).status_code == 401
    assert api.upload_avatar("no token at all", png(), PNG).status_code == 401


@pytest.mark.parametrize("username", ["nobody_of_that_name", "me", "No Such%20Name", "x", "%00"])
def test_the_avatar_of_an_unknown_user_is_a_404(api: Api, username: str) -> None:
    assert api.read_avatar(username).status_code == 404


def test_a_user_without_an_upload_has_no_avatar(api: Api, owner: Person) -> None:
    assert api.read_avatar(owner.username).status_code == 404


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(api: Api, owner: Person, orientation: int) -> None:
    api.upload_avatar(owner, images.rotated_jpeg(orientation), JPEG)
    shown = api.avatar_settles(owner.username, near(RED, x=64, y=20))
    assert near(BLUE, x=64, y=108)(shown)
    assert near(RED, x=10, y=20)(shown)
    assert near(BLUE, x=118, y=108)(shown)


@pytest.mark.parametrize(
    ("picture", "content_type"), [(images.rotated_jpeg(6), JPEG), (images.png_with_metadata(), PNG)]
)
def test_metadata_are_removed(api: Api, owner: Person, picture: bytes, content_type: str) -> None:
    api.upload_avatar(owner, picture, content_type)
    shown = api.avatar_settles(owner.username, lambda thumbnail: True)
    assert set(chunks(shown)) == {b"IHDR", b"IDAT", b"IEND"}


def test_the_middle_of_an_image_is_shown(api: Api, owner: Person) -> None:
    wide = plain(BLUE, (600, 200))
    wide.paste(GREEN, (200, 0, 400, 200))
    api.upload_avatar(owner, saved(wide), PNG)
    shown = api.avatar_settles(owner.username, near(GREEN))
    assert near(GREEN, x=3, y=3)(shown)
    assert near(GREEN, x=124, y=124)(shown)


@pytest.mark.real_server
def test_the_newest_image_wins(api: Api, owner: Person) -> None:
    colours = [(step * 50, 255 - step * 50, 100) for step in range(6)]
    for colour in colours:
        assert api.upload_avatar(owner, png(colour), PNG).status_code == 202
    api.avatar_settles(owner.username, near(colours[-1]))
    api.upload_avatar(owner, images.noise()[:-500], PNG)
    api.upload_avatar(owner, jpeg(GREEN), JPEG)
    api.avatar_settles(owner.username, near(GREEN))
    assert colour_at(api.read_avatar(owner.username).content)[3] == 255


def test_every_user_has_their_own_avatar(api: Api) -> None:
    people = {colour: api.join("face") for colour in (RED, GREEN, BLUE)}
    for colour, person in people.items():
        api.upload_avatar(person, png(colour), PNG)
    for colour, person in people.items():
        api.avatar_settles(person.username, near(colour))
