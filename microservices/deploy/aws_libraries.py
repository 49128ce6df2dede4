"""Install the locked libraries for the Python and the processor of AWS, on any machine."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "3.13"
PYTHON = f"python{VERSION}"
_STRICT = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
GLIBC = (34, 28, 26, 17)  # minor versions: Amazon Linux 2023 has 34; wheels are also built for the older ones


def install(names: set[str], *, lock: Path, target: Path) -> None:
    """Install the named distributions into the target, in the versions and with the hashes of the lock."""
    _install(_installer(), names, lock=lock, target=target)


def install_here(python: str, names: set[str], *, lock: Path, target: Path) -> None:
    """Install the named distributions as `install` does, for an interpreter and the processor of this machine."""
    _install([python, "-m", "pip", "install", "--quiet", *_STRICT], names, lock=lock, target=target)


def _install(installer: list[str], names: set[str], *, lock: Path, target: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.writelines(entry for entry in _entries(lock) if _name(entry) in {_normal(name) for name in names})
        requirements.flush()
        subprocess.run([*installer, "--target", str(target), "-r", requirements.name], check=True)


def interpreter() -> str | None:
    """Return an interpreter of the version on AWS, or None if this machine has none."""
    of_pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{VERSION}.*/bin/{PYTHON}"))
    for candidate in filter(None, (shutil.which(PYTHON), *map(str, of_pyenv), sys.executable)):
        command = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(command, check=False, capture_output=True, encoding="utf-8").stdout.strip() == VERSION:
            return candidate
    return None


def _installer() -> list[str]:
    strict = [*_STRICT, "--python-version", VERSION]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", *strict, "--python-platform", f"aarch64-manylinux_2_{GLIBC[0]}"]
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in GLIBC] + ["--platform=manylinux2014_aarch64"]
    abis = [f"--abi={abi}" for abi in (f"cp{VERSION.replace('.', '')}", "abi3", "none")]
    return [sys.executable, "-m", "pip", "install", "--quiet", *strict, *platforms, *abis]


def _entries(lock: Path) -> list[str]:
    """Return the entries of the lock, each with its hashes."""
    return re.findall(r"^[A-Za-z0-9][^\n]*\n(?:[ \t][^\n]*\n)*", lock.read_text(encoding="utf-8"), re.MULTILINE)


def _name(entry: str) -> str:
    return _normal(re.split(r"[^A-Za-z0-9._-]", entry, maxsplit=1)[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
