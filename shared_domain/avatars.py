"""Avatars: validate a picture and make its thumbnail. Twins: monolith/avatars, microservices/avatars.

Pillow works on bytes in memory here: it reads no file and no clock, and makes the same thumbnail of the same picture.
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
SIDE = 128  # pixels; a thumbnail is a square PNG
MAX_PICTURE_BYTES = 1024 * 1024  # bytes
MAX_PIXELS = 16_000_000  # a phone's photo has 12 million; decoding takes 4 bytes per pixel, scaling another 4
MAX_SCANS = 50  # a progressive JPEG has about 10; each scan is a pass over all pixels, and 50,000 fit into 1 MiB

_READERS: dict[str, type[ImageFile]] = {"image/png": PngImageFile, "image/jpeg": JpegImageFile}
_MIN_DECODED_SIZE = (2 * SIDE, 2 * SIDE)  # a JPEG decodes faster to a half, a quarter or an eighth of its size
_START_OF_SCAN = b"\xff\xda"
_EXIF_ORIENTATION = 0x0112
_TRANSPOSE_BY_ORIENTATION: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises for corrupt bytes. tests/domain corrupts pictures at random to find more.
_PILLOW_ERRORS = (
    SyntaxError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AssertionError,
    EOFError,
    struct.error,
    zlib.error,
)


class UnusablePicture(Exception):
    """No thumbnail can be made of this picture, so a retry is useless. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that a user uploaded. Ids sort by time, so the upload with the larger id is newer."""

    id: str
    username: str
    picture: bytes


def require_picture_type(content_type: str | None) -> str:
    """Return the media type without its parameters. Raise WrongContentType unless it is PNG or JPEG."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in _READERS:
        raise WrongContentType("the Content-Type must be image/png or image/jpeg")
    return kind


def require_usable(picture: bytes, *, kind: str) -> bytes:
    """Return the picture if its header is acceptable. Its pixels are not decoded here.

    Raise TooLarge above 1 MiB. Raise InvalidInput if it is not of its media type, is animated, or has too many pixels or scans.
    """
    if len(picture) > MAX_PICTURE_BYTES:
        raise TooLarge(f"the body must be at most {MAX_PICTURE_BYTES} bytes")
    try:
        _open(picture, kind)
    except UnusablePicture as error:
        raise InvalidInput(FIELD, str(error)) from error
    return picture


def thumbnail(picture: bytes) -> bytes:
    """Return the centre of the picture as an upright PNG of 128 × 128 pixels, without metadata.

    Raise UnusablePicture if the picture cannot be decoded.
    """
    image = _open(picture, "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg")
    try:
        image.draft(None, _MIN_DECODED_SIZE)
        small = ImageOps.fit(_to_8_bit_colour(image), (SIDE, SIDE))
    except _PILLOW_ERRORS as error:
        raise UnusablePicture(f"cannot be decoded: {error}") from error
    transpose = _TRANSPOSE_BY_ORIENTATION.get(_read_orientation(image))
    upright = small if transpose is None else small.transpose(transpose)
    upright.info.clear()  # otherwise Pillow writes a colour profile and other metadata into the thumbnail
    png = BytesIO()
    upright.save(png, "PNG")
    return png.getvalue()


def _open(picture: bytes, kind: str) -> ImageFile:
    """Return the picture with only its header read. Raise UnusablePicture if the header rules it out."""
    try:
        image = _READERS[kind](BytesIO(picture))
    except _PILLOW_ERRORS as error:
        raise UnusablePicture(f"must be what its Content-Type says, {kind}") from error
    if getattr(image, "is_animated", False):
        raise UnusablePicture("must not be animated")
    if not 0 < image.width * image.height <= MAX_PIXELS:
        raise UnusablePicture(f"must have at most {MAX_PIXELS} pixels")
    if kind == "image/jpeg" and picture.count(_START_OF_SCAN) > MAX_SCANS:
        raise UnusablePicture(f"must have at most {MAX_SCANS} scans")
    return image


def _to_8_bit_colour(image: Image.Image) -> Image.Image:
    """Return the image in RGB or RGBA, so that scaling can average its colours: 16 bits become 8, a palette is resolved."""
    if image.mode.startswith("I"):
        image.info.pop("transparency", None)  # one of 65,536 greys; it has no 8-bit equivalent
        image = image.point(lambda value: value * (1 / 257)).convert("L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _read_orientation(image: Image.Image) -> object:
    """Return the EXIF orientation, None if it is absent or not readable."""
    try:
        return image.getexif().get(_EXIF_ORIENTATION)
    except _PILLOW_ERRORS:
        return None


class AvatarStore(Protocol):
    def show(self, username: str, thumbnail: bytes, *, upload: str) -> None:
        """Store the thumbnail, unless that of a newer upload is stored. So thumbnails can be made in any order."""

    def get(self, username: str) -> bytes:
        """Return the user's thumbnail. Raise NotFound if there is none."""
