"""`make bundle`: write an archive with the repository and a wheelhouse, which installs without a network.

pip downloads what the lock files name, with their hashes. It evaluates markers for its own interpreter, so those of the
target are evaluated here.
"""

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement

CLONE = Path(__file__).resolve().parents[2]
NAME = "monolith-or-microservices"
LOCKS = ("requirements.lock", "microservices/local-aws.lock", "docs/docs.lock")
PYTHONS = ("3.11", "3.12", "3.13")
PATCHES = (0, 99)  # the first and the last release of each: a lock may pin other versions for them
GLIBC = (
    28,
    27,
    26,
    24,
    17,
    12,
    5,
)  # versions 2.x that wheels are built for; Debian 10 and Ubuntu 20.04 have at least 28
MACOS = ((15, 0), (14, 0), (13, 0), (12, 0), (11, 0), (10, 15), (10, 14), (10, 13), (10, 12), (10, 9))
_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")
_ENTRY = re.compile(r"^(?P<requirement>[^\s#][^\\]*?)\s*\\?\n(?P<hashes>(?:\s+--hash=\S+\s*\\?\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of machine. tags: of the wheels that it accepts. markers: what markers of requirements read there."""

    name: str
    tags: tuple[str, ...]
    markers: dict[str, str]


def _linux(machine: str) -> Platform:
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    tags = [tag for minor in GLIBC for tag in (f"manylinux_2_{minor}", legacy.get(minor)) if tag]
    markers = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine, "os_name": "posix"}
    return Platform(f"linux-{machine}", tuple(f"{tag}_{machine}" for tag in (*tags, "linux")), markers)


def _macos(machine: str) -> Platform:
    kinds = (machine, "universal2")
    tags = tuple(f"macosx_{major}_{minor}_{kind}" for major, minor in MACOS for kind in kinds)
    markers = {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": machine, "os_name": "posix"}
    return Platform(f"macos-{machine}", tags, markers)


PLATFORMS = {one.name: one for one in (_linux("x86_64"), _linux("aarch64"), _macos("x86_64"), _macos("arm64"))}


def main() -> int:
    """Download the packages and write the archive."""
    parser = argparse.ArgumentParser(
        prog="make bundle", description="Write an archive that installs without a network."
    )
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help="may be repeated (all)")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="may be repeated (all)")
    parser.add_argument("--output", type=Path, default=CLONE / "build" / f"{NAME}.tar", help="the archive (build/)")
    options = parser.parse_args()
    platforms = [PLATFORMS[name] for name in options.platform or PLATFORMS]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.output.parent, prefix="bundle") as folder:
        root = Path(folder) / NAME
        clone(root)
        wheelhouse = root / "wheelhouse"
        wheelhouse.mkdir()
        for platform in platforms:
            names = {name for python in options.python or PYTHONS for name in download(platform, python, wheelhouse)}
            size = sum((wheelhouse / name).stat().st_size for name in names)
            print(f"{platform.name}: {len(names)} files, {size / 1e6:.0f} MB", flush=True)
        write(root, options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.0f} MB, commit {head()}")
    return 0


def clone(target: Path) -> None:
    """Clone the last commit without its history. Changes that are not committed are left out."""
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", CLONE.as_uri(), target], check=True)
    subprocess.run(["git", "remote", "remove", "origin"], cwd=target, check=True)


def head() -> str:
    """Return the commit that is bundled."""
    ran = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=CLONE, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def download(platform: Platform, python: str, wheelhouse: Path) -> set[str]:
    """Download the packages of all environments for a platform and Python. Return the names of the files.

    A package without a wheel comes as its source, which needs a C compiler on the target. Raise SystemExit if one has neither.
    """
    names: set[str] = set()
    texts = {lock: (CLONE / lock).read_text(encoding="utf-8") for lock in LOCKS}
    wanted = (
        (lock, tuple(pinned(texts[lock], platform, f"{python}.{patch}"))) for lock, patch in product(LOCKS, PATCHES)
    )
    for lock, every in dict.fromkeys(wanted):
        pins, sources = list(every), list[str]()
        while missing := _missing(_download(pins, _wheels_only(platform, python), wheelhouse, names), pins):
            print(f"{missing.partition(' ')[0]}: no wheel for {platform.name} and Python {python}, so its source")
            pins.remove(missing)
            sources.append(missing)
        only = ["--no-binary", ",".join(pin.partition("==")[0] for pin in sources)]  # their build tools come as wheels
        if errors := _download(sources, only, wheelhouse, names):
            raise SystemExit(f"{lock}, {platform.name}, Python {python}: {errors}")
    return names


def _wheels_only(platform: Platform, python: str) -> list[str]:
    abis = (f"cp{python.replace('.', '')}", "abi3", "none")
    return [
        "--only-binary", ":all:", "--implementation", "cp", "--python-version", python,
        *(word for abi in abis for word in ("--abi", abi)),
        *(word for tag in platform.tags for word in ("--platform", tag)),
    ]  # fmt: skip


def _download(pins: Sequence[str], options: Sequence[str], wheelhouse: Path, names: set[str]) -> str:
    """Download pins into the wheelhouse and add the files to the names. Return pip's errors, or nothing."""
    if not pins:
        return ""
    with tempfile.TemporaryDirectory(dir=wheelhouse.parent, prefix="wheels") as folder:
        wanted, files = Path(folder) / "wanted.txt", Path(folder) / "files"
        wanted.write_text("".join(pins))
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
            *options, "--dest", str(files), "--requirement", str(wanted),
        ]  # fmt: skip
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        if ran.returncode:
            return ran.stderr.strip()
        for file in files.iterdir():
            names.add(file.name)
            file.replace(wheelhouse / file.name)
    return ""


def _missing(errors: str, pins: Sequence[str]) -> str | None:
    """Return the pin that has no wheel, None without errors. Raise SystemExit for another error."""
    if not errors:
        return None
    named = _NO_WHEEL.search(errors)
    missing = next((pin for pin in pins if named and pin.partition(" ")[0] == named[1]), None)
    if missing is None:
        raise SystemExit(errors)
    return missing


def pinned(lock: str, platform: Platform, release: str) -> Iterator[str]:
    """Yield the requirements of a lock file that a platform and a release of Python, such as 3.11.0, need.

    They have their hashes, and no markers.
    """
    environment = {
        **platform.markers, "python_version": release.rpartition(".")[0], "python_full_version": release,
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip
    for entry in _ENTRY.finditer(lock):
        requirement = Requirement(entry["requirement"])
        if requirement.marker is None or requirement.marker.evaluate(environment):
            hashes = " ".join(entry["hashes"].replace("\\", " ").split())
            yield f"{requirement.name}{requirement.specifier} {hashes}\n"


def write(root: Path, output: Path) -> None:
    """Write the folder as an archive. Wheels are compressed already, so the archive is not."""
    draft = output.with_suffix(".draft")
    with tarfile.open(draft, "w") as archive:
        archive.add(root, arcname=NAME)
    draft.replace(output)


if __name__ == "__main__":
    sys.exit(main())
