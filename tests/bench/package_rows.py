"""The functions' zips: their size, and the import time of their handlers in a fresh process."""

import os
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from microservices.deploy.emulator_process import INTERPRETER
from tests.bench.rows import Row

RUNS = 7
# Processor time: an import waits for nothing, and other processes do not count.
TIMED = "import time; began = time.process_time(); import {module}; print(time.process_time() - began)"
FLOOR = "cold_floor"
NAMES = (
    "TABLE", "POST_EVENTS_FUNCTION", "SITE_BUCKET", "API_BASE", "TOKEN_SECRET_ARN", "VIEWS_STREAM", "ADMINISTRATORS", "BUCKET",
    "PARKING_QUEUE_URL", "AWS_LAMBDA_FUNCTION_NAME",
)  # fmt: skip
ANY = dict.fromkeys(NAMES, "none")
ENVIRONMENT = {
    **ANY, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_SERVICE_NAME": "bench", "PATH": os.environ["PATH"],
}  # fmt: skip


def rows(zips: Sequence[Path], done: Callable[[], None]) -> Iterator[Row]:
    """Yield the rows of all functions' zips. `done` is called after each round of imports."""
    sizes = {path.stem: megabytes(path, pillow=False) for path in zips}
    size, largest = max((size, name) for name, size in sizes.items())
    pillow = max(megabytes(path, pillow=True) for path in zips)
    yield Row(
        what="services: size of a function's zip without boto3 and Pillow",
        against="–",
        shown=f"{size:.2f} MB ({largest}, the largest of {len(zips)}; Pillow, where included, adds {pillow:.1f} MB)",
        value=size,
        reach=3,
        unit=" MB",
    )
    with tempfile.TemporaryDirectory() as folder:
        yield from _imports([path for path in zips if path.stem.endswith("-http")], Path(folder), done)


def megabytes(package: Path, *, pillow: bool) -> float:
    """Return the compressed size of a zip's members: those of Pillow, or the others."""
    with zipfile.ZipFile(package) as opened:
        members = [each for each in opened.infolist() if each.filename.lower().startswith(("pil/", "pillow")) == pillow]
    return sum(each.compress_size for each in members) / 1e6


def _imports(zips: list[Path], folder: Path, done: Callable[[], None]) -> Iterator[Row]:
    """Import as on AWS: with an interpreter that has boto3, from the unpacked zip. The floor uses one of the zips."""
    programs = {
        path.stem: (folder / path.stem, f"microservices.{path.stem.removesuffix('-http')}.handler") for path in zips
    }
    for path in zips:
        zipfile.ZipFile(path).extractall(folder / path.stem)
    programs[FLOOR] = (folder / zips[0].stem, FLOOR)
    floor = Path(__file__).with_name(f"{FLOOR}.py")
    (programs[FLOOR][0] / floor.name).write_text(floor.read_text())
    took: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(RUNS):
        for name, (place, module) in programs.items():
            took[name].append(_seconds(place, module))
        done()
    least = median(took.pop(FLOOR)) * 1000
    for name, seconds in took.items():
        own = median(seconds) * 1000
        yield Row(
            what=f"services: cold import of {name}, processor time, median of {RUNS}",
            against="json, one boto3 client and the Powertools HTTP resolver",
            shown=f"{own / least:.2f} ({own:.0f} / {least:.0f} ms)",
            value=own / least,
            reach=1.25,
        )


def _seconds(place: Path, module: str) -> float:
    ran = subprocess.run(
        [INTERPRETER, "-c", TIMED.format(module=module)],
        cwd=place, env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(ran.stdout.strip().splitlines()[-1])
