"""Pictures of one colour each. A thumbnail keeps the colour, so it identifies its picture."""

from io import BytesIO
from random import Random

from PIL import Image

SIDE = 160  # pixels, larger than a thumbnail
Colour = tuple[int, int, int]


def colour(name: object) -> Colour:
    """Return the colour of the picture of this name."""
    draw = Random(f"picture {name}")
    return draw.randrange(256), draw.randrange(256), draw.randrange(256)


def picture(name: object) -> bytes:
    """Return a PNG of the colour of this name. The same name always gives the same picture."""
    png = BytesIO()
    Image.new("RGB", (SIDE, SIDE), colour(name)).save(png, "PNG")
    return png.getvalue()


def colour_of(png: bytes) -> Colour:
    """Return the colour in the middle of a picture."""
    with Image.open(BytesIO(png)) as opened:
        image = opened.convert("RGB")
        red, green, blue = image.getpixel((image.width // 2, image.height // 2))  # type: ignore[misc]
    return int(red), int(green), int(blue)
