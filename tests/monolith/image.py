"""Run the start command of the Dockerfile's last image without Docker: in a root folder of its own, read-only, as its user.

The root folder has this machine's programs and interpreter, but only the project's files and the packages that the image has.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tests.architecture.test_lock import IMAGES, pins

from .programs import PROJECT, START_S, STOP_S, within

VENV = Path("/opt/venv")
PACKAGES = "/packages"
# $1: the root folder. Then for each mount: a source, its target in the root folder, and `ro` or `rw`. After `--` the command.
_MOUNT_AND_RUN = """
set -e
root=$1; shift
mount -t tmpfs -o mode=755 tmpfs "$root"
while [ "$1" != -- ]; do
    if [ -L "$1" ]; then cp -P "$1" "$root$2"; else
        mkdir -p "$root$2"
        mount --rbind "$1" "$root$2"
        if [ "$3" = ro ]; then mount -o remount,bind,ro "$root$2"; fi
    fi
    shift 3
done
shift
mkdir "$root/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -o remount,ro "$root"
exec "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """The parts of the Dockerfile's last image that its start depends on."""

    command: list[str]
    user: str
    path: str
    folder: str
    copied: list[str]


@dataclass(frozen=True, slots=True)
class Container:
    """A started container. `log` has its standard output and its standard error."""

    process: subprocess.Popen[bytes]
    log: Path

    def url(self) -> str:
        """Wait until the monolith answers and return its URL."""
        assert within(START_S, lambda: self._url() or self.process.poll() is not None), self.log.read_text()
        assert self.process.poll() is None, self.log.read_text()
        return f"http://127.0.0.1:{self._url().rpartition(':')[2]}"

    def _url(self) -> str:
        line = re.search(r"^monolith: (http://\S+)$", self.log.read_text(), re.MULTILINE)
        return line[1] if line else ""


def read_dockerfile() -> Dockerfile:
    """Return what the Dockerfile says about the last image. The files are copied by the stage before it."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    files, image = (part.splitlines() for part in text.split("\nFROM ")[-2:])
    copied = [line.split()[1] for line in files if line.startswith("COPY ") and not line.endswith(" ./")]
    return Dockerfile(
        command=json.loads(_value("CMD", image)),
        user=_value("USER", image),
        path=re.findall(r"^ENV PATH=(\S+?):\$PATH", text, re.MULTILINE)[0],
        folder=re.findall(r"^WORKDIR (\S+)", text, re.MULTILINE)[0],
        copied=copied,
    )


@contextmanager
def run_container(folder: Path, *, database: Path, environment: dict[str, str]) -> Iterator[Container]:
    """Run the start command while the block runs. database: the folder of a PostgreSQL's socket, in the container `/db`."""
    image = read_dockerfile()
    root, log = folder / "root", folder / "container.log"
    root.mkdir()
    site = folder / "site"
    site.mkdir()
    os.chown(site, int(image.user.partition(":")[0]), -1)
    _make_app(folder / "app", image)
    _make_venv(folder / "venv")
    mounts = [
        *((name, name, "ro") for name in ("/usr", "/bin", "/lib", "/lib64", "/etc") if Path(name).exists()),
        *((name, name, "rw") for name in ("/proc", "/dev")),
        (sys.base_prefix, sys.base_prefix, "ro"),
        (sysconfig.get_path("purelib"), PACKAGES, "ro"),
        (folder / "venv", VENV, "ro"),
        (folder / "app", image.folder, "ro"),
        (database, "/db", "ro"),
        (site, "/site", "rw"),
    ]
    command = [
        *("unshare", "--mount", "sh", "-c", _MOUNT_AND_RUN, "sh", root, *(part for mount in mounts for part in mount)),
        *("--", "chroot", f"--userspec={image.user}", root, "/usr/bin/env", "-i", f"--chdir={image.folder}"),
        *(
            f"PATH={image.path}:/usr/local/bin:/usr/bin:/bin",
            *(f"{name}={value}" for name, value in environment.items()),
        ),
        *image.command,
    ]
    with log.open("wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output)
    try:
        yield Container(process, log)
    finally:
        process.terminate()
        process.wait(STOP_S)


def _value(instruction: str, lines: list[str]) -> str:
    return next(line.removeprefix(instruction).strip() for line in lines if line.startswith(f"{instruction} "))


def _make_app(app: Path, image: Dockerfile) -> None:
    """Copy the files that the image has."""
    for name in image.copied:
        source, target = PROJECT / name, app / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def _make_venv(venv: Path) -> None:
    """Make an environment with links to the packages that the image has."""
    packages = venv / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    packages.mkdir(parents=True)
    (venv / "bin").mkdir()
    python = Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}"
    (venv / "bin" / "python").symlink_to(python)
    (venv / "pyvenv.cfg").write_text(f"home = {python.parent}\n")
    for name in pins(IMAGES["monolith"]):
        for part in _top_level(name):
            (packages / part).symlink_to(f"{PACKAGES}/{part}")


def _top_level(name: str) -> set[str]:
    """Return the files and folders of an installed distribution, or none of one for another platform."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return set()
    return {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}
