"""The bundle takes the wheels that a machine without a network needs, by the lock files."""

import re
import subprocess
from pathlib import Path

import pytest
from packaging.tags import cpython_tags

from loadtests import commands
from loadtests.processes import ROOT
from workshop import bundle

LOCK = """plain==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via other
mac-only==2.0 ; sys_platform == 'darwin' \\
    --hash=sha256:cc
old-only==3.0 ; python_full_version < '3.12' \\
    --hash=sha256:dd
"""


@pytest.mark.parametrize(
    ("platform", "release", "names"),
    [
        ("linux-x86_64", "3.11.0", ["plain", "old-only"]),
        ("linux-aarch64", "3.13.0", ["plain"]),
        ("macos-arm64", "3.12.9", ["plain", "mac-only"]),
    ],
)
def test_a_platform_gets_the_packages_whose_markers_hold_there(platform: str, release: str, names: list[str]) -> None:
    lines = list(bundle.pinned(LOCK, bundle.PLATFORMS[platform], release))
    assert [line.partition("==")[0] for line in lines] == names
    assert lines[0] == "plain==1.0 --hash=sha256:aa --hash=sha256:bb\n"


@pytest.mark.parametrize("lock", bundle.LOCKS)
def test_every_pin_of_a_lock_file_is_read_with_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    everywhere = [
        set(bundle.pinned(text, platform, f"{python}.{patch}"))
        for platform in bundle.PLATFORMS.values()
        for python in bundle.PYTHONS
        for patch in bundle.PATCHES
    ]
    read = {line.split()[0] for lines in everywhere for line in lines}
    pinned = {line.split()[0] for line in text.splitlines() if "==" in line and line[0].isalpha()}
    pinned = {re.sub(r"\[.+\]", "", each) for each in pinned}
    assert {each.partition("==")[0] for each in pinned - read} <= {
        "colorama",
        "pywin32",
        "tzdata",
        "cffi",
        "pycparser",
        "tomli",
    }  # of Windows or older Pythons
    assert all("--hash=sha256:" in line for lines in everywhere for line in lines)


def test_a_package_without_a_wheel_is_named_by_pips_error() -> None:
    pins = ["plain==1.0 --hash=sha256:aa\n", "hdr==0.1 --hash=sha256:bb\n"]
    errors = "ERROR: Could not find a version …\nERROR: No matching distribution found for hdr==0.1\n"
    assert bundle._missing(errors, pins) == pins[1]
    assert bundle._missing("", pins) is None
    with pytest.raises(SystemExit, match="No space left"):
        bundle._missing("ERROR: No space left on device", pins)


def test_wheels_for_a_current_linux_are_accepted() -> None:
    accepted = set(bundle.PLATFORMS["linux-x86_64"].tags)
    assert {"manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64"} <= accepted
    assert {tag.platform for tag in cpython_tags((3, 11), platforms=[*accepted])} >= accepted


def test_the_clone_of_a_bundle_is_the_last_commit_and_names_no_origin(tmp_path: Path) -> None:
    bundle.clone(tmp_path / "clone")
    remotes = subprocess.run(["git", "remote"], cwd=tmp_path / "clone", capture_output=True, text=True, check=True)
    assert remotes.stdout == ""
    assert (tmp_path / "clone" / "Makefile").exists()


def test_a_stack_has_a_folder_of_its_own() -> None:
    assert commands._stack("ada") == Path(".run") / "stacks" / "ada"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("up STACK=ada", '-m loadtests up --stack "ada"'),
        ("down STACK=ada", '-m loadtests down --stack "ada"'),
        ("-B setup OFFLINE=wheels", '--no-index --find-links "wheels"'),
        ("workshop", "PYTHONPATH=docs .venv/bin/python -m workshop"),
    ],
)
def test_the_makefile_passes_its_variables_on(words: str, expected: str) -> None:
    ran = subprocess.run(["make", "-n", *words.split()], cwd=ROOT, capture_output=True, text=True, check=True)
    assert expected in ran.stdout
