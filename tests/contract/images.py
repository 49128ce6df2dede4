"""Make the images that a client may send as an avatar, and inspect thumbnails."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PNG, JPEG = "image/png", "image/jpeg"
RED, GREEN, BLUE, GREY = (200, 30, 20), (20, 160, 30), (20, 30, 200), (128, 128, 128)
SIGNATURE = b"\x89PNG\r\n\x1a\n"
ORIENTATION, MAKER = 0x0112, 0x010F
Colour = tuple[int, ...]
Make = Callable[[], bytes]


def plain(colour: Colour = RED, size: tuple[int, int] = (160, 90), mode: str = "RGB") -> Image.Image:
    """Return an image of one colour."""
    return Image.new("RGB", size, colour).convert(mode)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return the image as a file of this format."""
    made = BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


def png(colour: Colour = RED, size: tuple[int, int] = (160, 90)) -> bytes:
    return saved(plain(colour, size))


def jpeg(colour: Colour = RED, size: tuple[int, int] = (160, 90)) -> bytes:
    return saved(plain(colour, size), "JPEG", quality=95)


def png_of_size(length: int) -> bytes:
    """Return a PNG of exactly this many bytes."""
    picture = png()
    filling = length - len(picture) - 12
    return with_chunk(picture, b"fiLl", b"\0" * filling)


def with_chunk(picture: bytes, kind: bytes, content: bytes) -> bytes:
    """Return the PNG with one more chunk after its header."""
    head = len(SIGNATURE) + 25
    return picture[:head] + chunk(kind, content) + picture[head:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def chunks(picture: bytes) -> list[bytes]:
    """Return the kinds of a PNG's chunks."""
    kinds, place = [], len(SIGNATURE)
    while place < len(picture):
        kinds.append(picture[place + 4 : place + 8])
        place += 12 + int.from_bytes(picture[place : place + 4])
    return kinds


def bomb(width: int, height: int) -> bytes:
    """Return a decompression bomb: a small PNG whose header declares this size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def animation(kind: str) -> bytes:
    """Return an animation of two frames as PNG, GIF or WEBP."""
    return saved(plain(RED), kind, save_all=True, append_images=[plain(BLUE)], duration=100)


def single_frame() -> bytes:
    """Return an animated PNG with one frame."""
    frame = with_chunk(png(), b"fcTL", struct.pack(">IIIIIHHBB", 0, 160, 90, 0, 0, 1, 1, 0, 0))
    return with_chunk(frame, b"acTL", struct.pack(">II", 1, 0))


def rotated_jpeg(orientation: int) -> bytes:
    """Return a JPEG with this EXIF orientation. Upright it is red above and blue below. Its metadata contain a secret."""
    upright = Image.new("RGB", (160, 160), BLUE)
    upright.paste(RED, (0, 0, 160, 80))
    turned = upright if (back := _BACK.get(orientation)) is None else upright.transpose(back)
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = orientation, "a secret of its owner"
    return saved(turned, "JPEG", quality=95, exif=exif.tobytes(), comment=b"a secret of its owner")


_BACK = {  # the inverse of what a reader of EXIF does
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def many_scans(count: int) -> bytes:
    """Return a progressive JPEG that repeats one scan: small to send, slow to decode."""
    picture = saved(plain(), "JPEG", progressive=True)
    last = picture.rindex(b"\xff\xda")
    return picture[:last] + picture[last:-2] * count + picture[-2:]


def png_with_metadata() -> bytes:
    """Return a PNG with metadata: texts, EXIF and a colour profile."""
    exif = Image.Exif()
    exif[MAKER] = "a secret of its owner"
    texts = PngInfo()
    texts.add_text("Comment", "a secret of its owner")
    texts.add_itxt("Place", "a secret of its owner", zip=True)
    return saved(plain(), exif=exif, pnginfo=texts, icc_profile=b"a secret of its owner", dpi=(300, 300))


def colour_at(thumbnail: bytes, x: int = 64, y: int = 64) -> Colour:
    """Return the colour of a pixel as RGBA."""
    with Image.open(BytesIO(thumbnail)) as opened:
        seen = opened.convert("RGBA").getpixel((x, y))
    assert isinstance(seen, tuple)
    return tuple(int(each) for each in seen)


def near(colour: Colour, x: int = 64, y: int = 64) -> Callable[[bytes], bool]:
    """Return a predicate: the thumbnail has about this colour at this pixel."""

    def seen(thumbnail: bytes) -> bool:
        pixel = colour_at(thumbnail, x, y)
        return all(abs(one - other) <= 12 for one, other in zip(pixel, colour, strict=False))

    return seen


def text_bomb(megabytes: int = 500) -> bytes:
    """Return a PNG whose text unpacks to a thousand times its size: one compressed megabyte of zeros, repeated."""
    packing = zlib.compressobj()
    head = packing.compress(b"")
    megabyte = packing.compress(bytes(1_000_000)) + packing.flush(zlib.Z_FULL_FLUSH)
    checksum = megabytes * 1_000_000 % 65_521 << 16 | 1  # Adler-32 of zeros, RFC 1950
    packed = head + megabyte * megabytes + b"\x03\x00" + checksum.to_bytes(4)
    return with_chunk(png(), b"zTXt", b"Comment\0\0" + packed)


def noise() -> bytes:
    """Return a PNG that compresses badly, so that cutting its end loses pixels."""
    return saved(Image.effect_noise((100, 100), 90))
