"""What a picture must be, and what becomes of one that is none, however it is broken."""

from io import BytesIO
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared_domain.avatars import (
    MAX_PICTURE_BYTES,
    SIDE,
    UnusablePicture,
    require_picture_type,
    require_usable,
    thumbnail,
)
from shared_domain.errors import InvalidInput, TooLarge, WrongContentType
from tests.contract import images
from tests.contract.images import JPEG, PNG, SIGNATURE, chunk, plain, saved

SAMPLES = [
    images.held(6),
    saved(plain(), "JPEG", progressive=True),
    saved(plain(mode="CMYK"), "JPEG"),
    images.telling(),
    images.still(),
    images.noise(),
    saved(plain().quantize(), transparency=0),
    saved(Image.new("I;16", (40, 30), 3000), transparency=3000),
    saved(Image.new("LA", (40, 30), (3, 200)), interlace=1),
]


@pytest.mark.parametrize(("said", "kind"), [("image/png", PNG), (" IMAGE/jpeg ; q=1", JPEG)])
def test_a_content_type_says_which_kind(said: str, kind: str) -> None:
    assert require_picture_type(said) == kind


@pytest.mark.parametrize("said", [None, "", ";", "image", "image/jpg", "image/svg+xml", "image/png,image/jpeg"])
def test_another_kind_is_refused(said: str | None) -> None:
    with pytest.raises(WrongContentType):
        require_picture_type(said)


def test_a_byte_over_1_mib_is_too_large_whatever_it_is() -> None:
    assert require_usable(images.sized(MAX_PICTURE_BYTES), kind=PNG)
    for picture in (images.sized(MAX_PICTURE_BYTES + 1), b"x" * (MAX_PICTURE_BYTES + 1)):
        with pytest.raises(TooLarge):
            require_usable(picture, kind=PNG)


@pytest.mark.parametrize("make", [lambda: b"", images.unpacking_text, lambda: images.bomb(2**31 - 1, 2**31 - 1)])
def test_what_the_door_refuses_is_of_no_use_behind_it_either(make: images.Make) -> None:
    with pytest.raises(InvalidInput):
        require_usable(make(), kind=PNG)
    with pytest.raises(UnusablePicture):
        thumbnail(make())


def test_the_same_picture_has_the_same_thumbnail() -> None:
    assert all(thumbnail(each) == thumbnail(each) for each in SAMPLES)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(SAMPLES), st.randoms(use_true_random=False), st.booleans())
def test_a_broken_picture_is_refused_or_shown_and_never_an_accident(sample: bytes, chance: Random, whole: bool) -> None:
    picture = _broken(sample, chance, whole=whole)
    try:
        require_usable(picture, kind=PNG if sample.startswith(SIGNATURE) else JPEG)
    except InvalidInput as refused:
        assert refused.field == "avatar"
    try:
        made = thumbnail(picture)
    except UnusablePicture:
        return
    with Image.open(BytesIO(made)) as opened:
        assert (opened.format, opened.size) == ("PNG", (SIDE, SIDE))


def _broken(sample: bytes, chance: Random, *, whole: bool) -> bytes:
    """Return the picture with some bytes changed, and cut off unless it is to stay whole; its checksums hold."""
    picture = bytearray(sample)
    for _ in range(chance.choice((1, 2, 5, 20))):
        picture[chance.randrange(len(picture))] = chance.choice((0, 1, 127, 255, chance.randrange(256)))
    if not whole:
        del picture[chance.randrange(len(picture)) :]
    return _checked(bytes(picture)) if sample.startswith(SIGNATURE) else bytes(picture)


def _checked(picture: bytes) -> bytes:
    """Return a PNG with right checksums, so that what it holds is looked at."""
    checked, place = picture[: len(SIGNATURE)], len(SIGNATURE)
    while (length := int.from_bytes(picture[place : place + 4])) <= len(picture) - place - 12:
        content = picture[place + 8 : place + 8 + length]
        checked += chunk(picture[place + 4 : place + 8], content)
        place += 12 + length
    return checked + picture[place:]
