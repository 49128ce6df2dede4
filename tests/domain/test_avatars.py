"""Tests of picture validation and thumbnails, also for corrupt pictures."""

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
    images.rotated_jpeg(6),
    saved(plain(), "JPEG", progressive=True),
    saved(plain(mode="CMYK"), "JPEG"),
    images.png_with_metadata(),
    images.single_frame(),
    images.noise(),
    saved(plain().quantize(), transparency=0),
    saved(Image.new("I;16", (40, 30), 3000), transparency=3000),
    saved(Image.new("LA", (40, 30), (3, 200)), interlace=1),
]


@pytest.mark.parametrize(("content_type", "kind"), [("image/png", PNG), (" IMAGE/jpeg ; q=1", JPEG)])
def test_a_content_type_of_a_picture_is_accepted(content_type: str, kind: str) -> None:
    assert require_picture_type(content_type) == kind


@pytest.mark.parametrize("content_type", [None, "", ";", "image", "image/jpg", "image/svg+xml", "image/png,image/jpeg"])
def test_another_content_type_is_rejected(content_type: str | None) -> None:
    with pytest.raises(WrongContentType):
        require_picture_type(content_type)


def test_any_body_over_1_mib_is_too_large() -> None:
    assert require_usable(images.png_of_size(MAX_PICTURE_BYTES), kind=PNG)
    for picture in (images.png_of_size(MAX_PICTURE_BYTES + 1), b"x" * (MAX_PICTURE_BYTES + 1)):
        with pytest.raises(TooLarge):
            require_usable(picture, kind=PNG)


@pytest.mark.parametrize("make", [lambda: b"", images.text_bomb, lambda: images.bomb(2**31 - 1, 2**31 - 1)])
def test_a_picture_that_the_request_rejects_has_no_thumbnail_either(make: images.Make) -> None:
    with pytest.raises(InvalidInput):
        require_usable(make(), kind=PNG)
    with pytest.raises(UnusablePicture):
        thumbnail(make())


def test_the_same_picture_has_the_same_thumbnail() -> None:
    assert all(thumbnail(each) == thumbnail(each) for each in SAMPLES)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(SAMPLES), st.randoms(use_true_random=False), st.booleans())
def test_a_corrupt_picture_is_rejected_or_becomes_a_thumbnail(sample: bytes, chance: Random, complete: bool) -> None:
    picture = _corrupt(sample, chance, complete=complete)
    try:
        require_usable(picture, kind=PNG if sample.startswith(SIGNATURE) else JPEG)
    except InvalidInput as error:
        assert error.field == "avatar"
    try:
        png = thumbnail(picture)
    except UnusablePicture:
        return
    with Image.open(BytesIO(png)) as opened:
        assert (opened.format, opened.size) == ("PNG", (SIDE, SIDE))


def _corrupt(sample: bytes, chance: Random, *, complete: bool) -> bytes:
    """Return the picture with some bytes changed, truncated unless `complete`, and with valid checksums."""
    picture = bytearray(sample)
    for _ in range(chance.choice((1, 2, 5, 20))):
        picture[chance.randrange(len(picture))] = chance.choice((0, 1, 127, 255, chance.randrange(256)))
    if not complete:
        del picture[chance.randrange(len(picture)) :]
    return _with_checksums(bytes(picture)) if sample.startswith(SIGNATURE) else bytes(picture)


def _with_checksums(picture: bytes) -> bytes:
    """Return the PNG with valid checksums, so that decoders read its content."""
    checked, position = picture[: len(SIGNATURE)], len(SIGNATURE)
    while (length := int.from_bytes(picture[position : position + 4])) <= len(picture) - position - 12:
        content = picture[position + 8 : position + 8 + length]
        checked += chunk(picture[position + 4 : position + 8], content)
        position += 12 + length
    return checked + picture[position:]
