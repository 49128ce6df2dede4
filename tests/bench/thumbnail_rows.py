"""A thumbnail of a large photograph, made by the deployed function's own zip in a fresh process."""

import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image

from microservices.deploy.emulator_process import INTERPRETER
from tests.bench.package_rows import ENVIRONMENT
from tests.bench.rows import Row

FUNCTION = "avatars-thumbnails"
WIDTH, HEIGHT = 4000, 3000  # of a phone's photograph
GRAIN = 40  # the source picture is this many times smaller, because pure noise would not compress
MOST_BYTES = 2**20
TIMED = r"""
import json, re, sys, time
import microservices.avatars.thumbnails_handler
from shared_domain.avatars import thumbnail
picture = open(sys.argv[1], "rb").read()
took = []
for _ in range(5):
    began = time.perf_counter()
    thumbnail(picture)
    took.append((time.perf_counter() - began) * 1000)
peak_kib = re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]  # getrusage contains the parent's too
print(json.dumps({"ms": sorted(took)[2], "peak_mb": int(peak_kib) / 1024}))
"""


def rows(package: Path) -> Iterator[Row]:
    """Yield the rows of time and memory. package: the zip of the function."""
    picture = photograph()
    with tempfile.TemporaryDirectory() as folder:
        place, file = Path(folder) / "function", Path(folder) / "picture.jpeg"
        zipfile.ZipFile(package).extractall(place)
        file.write_bytes(picture)
        ran = subprocess.run(
            [INTERPRETER, "-c", TIMED, str(file)],
            cwd=place,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
    result = json.loads(ran.stdout.strip().splitlines()[-1])
    what = (
        f"services: thumbnail of a JPEG of {len(picture) / 2**20:.2f} MiB and {WIDTH * HEIGHT / 1e6:.0f} million pixels"
    )
    for name, value, reach, unit in (
        ("median of 5", result["ms"], 300, " ms"),
        ("peak memory of the function", result["peak_mb"], 120, " MB"),
    ):
        yield Row(what=f"{what}, {name}", against="–", shown=f"{value:.0f}{unit}", value=value, reach=reach, unit=unit)


def photograph() -> bytes:
    """Return a photograph at the best quality that fits the size limit of avatars."""
    small = Image.frombytes(
        "RGB", (WIDTH // GRAIN, HEIGHT // GRAIN), Random(1).randbytes(3 * WIDTH * HEIGHT // GRAIN**2)
    )
    large = small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grained = Image.blend(large, Image.effect_noise((WIDTH, HEIGHT), 60).convert("RGB"), 0.1)
    qualities = iter(range(95, 5, -3))
    while len(picture := _jpeg(grained, next(qualities))) > MOST_BYTES:
        pass
    return picture


def _jpeg(image: Image.Image, quality: int) -> bytes:
    made = BytesIO()
    image.save(made, "JPEG", quality=quality)
    return made.getvalue()
