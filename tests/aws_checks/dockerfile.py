"""Build the Dockerfile, where a builder runs. Elsewhere only checkov reads it."""

import subprocess

from tests.aws_checks.expanded import PROJECT

DOCKERFILE = PROJECT / "Dockerfile"
BUILDERS = ("docker", "podman")
BUILD_SECONDS = 900


def build() -> list[str] | None:
    """Return a line if the build fails, None if no builder runs here. A first build needs the network for its base image."""
    for builder in BUILDERS:
        if _succeeds(builder, "info"):
            return [] if _succeeds(builder, "build", "--quiet", ".") else [f"`{builder} build .` fails"]
    return None


def _succeeds(*command: str) -> bool:
    try:
        ended = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, timeout=BUILD_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
