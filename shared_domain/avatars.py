"""Avatars: which pictures are taken, and the thumbnail that is shown of one. Twins: monolith/avatars, microservices/avatars.

Pillow works here on bytes alone: it asks no file and no clock, and makes the same thumbnail of the same picture.
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from shared_domain.errors import InvalidInput, TooLarge, WrongContentType

FIELD = "avatar"
SIDE = 128  # pixels of a thumbnail, which is a square PNG
MAX_PICTURE_BYTES = 1024 * 1024  # bytes
MAX_PIXELS = 16_000_000  # a telephone's picture has 12 million; each takes 4 bytes, and 8 while it is made small
MAX_SCANS = 50  # of a JPEG: a progressive one has ten. Each is a pass over all pixels, and 1 MiB has feature for 50,000

_READERS: dict[str, type[ImageFile]] = {"image/png": PngImageFile, "image/jpeg": JpegImageFile}
_ENOUGH = (2 * SIDE, 2 * SIDE)  # what a JPEG is decoded to, at least: to a half, a quarter, an eighth of its size
_START_OF_SCAN = b"\xff\xda"
_ORIENTATION = 0x0112  # the tag of EXIF
_UPRIGHT: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises for bytes that are not what they should be; tests/domain breaks pictures at random to find them.
_BROKEN = (SyntaxError, OSError, ValueError, TypeError, LookupError, AssertionError, EOFError, struct.error, zlib.error)


class UnusablePicture(Exception):
    """No thumbnail can be made of a picture, however often it is tried; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that somebody handed in. Ids sort by time: of two uploads the one with the larger id is the newer."""

    id: str
    username: str
    picture: bytes


def require_picture_type(content_type: str | None) -> str:
    """Return which kind of picture a Content-Type means. Raise WrongContentType for another one than PNG and JPEG."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in _READERS:
        raise WrongContentType("the Content-Type must be image/png or image/jpeg")
    return kind


def require_usable(picture: bytes, *, kind: str) -> bytes:
    """Return a picture that a thumbnail can be made of, as far as its head tells; its pixels are not looked at here.

    Raise TooLarge for more than 1 MiB, and InvalidInput for what is not of its kind, moves, or has too many pixels.
    """
    if len(picture) > MAX_PICTURE_BYTES:
        raise TooLarge(f"the body must be at most {MAX_PICTURE_BYTES} bytes")
    try:
        _read(picture, kind)
    except UnusablePicture as error:
        raise InvalidInput(FIELD, str(error)) from error
    return picture


def thumbnail(picture: bytes) -> bytes:
    """Return the middle of the picture as a PNG of 128 × 128 pixels, upright and with nothing beside its pixels.

    Raise UnusablePicture if that cannot be done.
    """
    read = _read(picture, "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg")
    try:
        read.draft(None, _ENOUGH)
        small = ImageOps.fit(_mixable(read), (SIDE, SIDE))
    except _BROKEN as error:
        raise UnusablePicture(f"cannot be decoded: {error}") from error
    turn = _UPRIGHT.get(_orientation(read))
    upright = small if turn is None else small.transpose(turn)
    upright.info.clear()  # else a colour profile, or whatever else stands beside the pixels, would be written again
    made = BytesIO()
    upright.save(made, "PNG")
    return made.getvalue()


def _read(picture: bytes, kind: str) -> ImageFile:
    """Return the picture with only its header read. Raise UnusablePicture if the header already rules it out."""
    try:
        read = _READERS[kind](BytesIO(picture))
    except _BROKEN as error:
        raise UnusablePicture(f"must be what its Content-Type says, {kind}") from error
    if getattr(read, "is_animated", False):
        raise UnusablePicture("must not be animated")
    if not 0 < read.width * read.height <= MAX_PIXELS:
        raise UnusablePicture(f"must have at most {MAX_PIXELS} pixels")
    if kind == "image/jpeg" and picture.count(_START_OF_SCAN) > MAX_SCANS:
        raise UnusablePicture(f"must have at most {MAX_SCANS} scans")
    return read


def _mixable(image: Image.Image) -> Image.Image:
    """Return the image in colours whose values can be averaged: 16 bits as 8, and no palette."""
    if image.mode.startswith("I"):
        image.info.pop("transparency", None)  # one grey of 65,536, which is none of the 256
        image = image.point(lambda value: value * (1 / 257)).convert("L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _orientation(image: Image.Image) -> object:
    """Return how the camera was held, as EXIF has it; None where it is not said or not readable."""
    try:
        return image.getexif().get(_ORIENTATION)
    except _BROKEN:
        return None


class AvatarStore(Protocol):
    def show(self, username: str, thumbnail: bytes, *, upload: str) -> None:
        """Show the thumbnail from now on, unless one of a newer upload is shown: whichever is made first, the newer stays."""

    def get(self, username: str) -> bytes:
        """Return the user's thumbnail. Raise NotFound if there is none."""
