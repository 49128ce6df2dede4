"""Pictures that can be told apart after they were made small: each is of one colour, which no thumbnail changes."""

from io import BytesIO
from random import Random

from PIL import Image

SIDE = 160  # pixels: more than a thumbnail has, so that it really is made
Colour = tuple[int, int, int]


def colour(name: object) -> Colour:
    """Return the colour of the picture of this name."""
    draw = Random(f"picture {name}")
    return draw.randrange(256), draw.randrange(256), draw.randrange(256)


def picture(name: object) -> bytes:
    """Return the picture of this name as a PNG: the same for the same name."""
    made = BytesIO()
    Image.new("RGB", (SIDE, SIDE), colour(name)).save(made, "PNG")
    return made.getvalue()


def colour_of(png: bytes) -> Colour:
    """Return the colour in the middle of a picture."""
    with Image.open(BytesIO(png)) as opened:
        seen = opened.convert("RGB")
        red, green, blue = seen.getpixel((seen.width // 2, seen.height // 2))  # type: ignore[misc]
    return int(red), int(green), int(blue)
