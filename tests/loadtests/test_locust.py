"""The journeys, mixes and shapes run under plain Locust too, headless and with its web page."""

import csv
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from loadtests import systems
from loadtests.client import opened
from loadtests.generator import twins
from loadtests.processes import ROOT
from loadtests.shapes import SHAPES, length_s

LOCUST = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py"]


def followed(moments: list[float], **options: object) -> list[int | None]:
    """Return how many of ten users there are at these moments."""
    asked = Namespace(**{"shape": "", "trace": "", "num_users": 10, "run_time": None, **options})
    return [twins.users_at(asked, moment) for moment in moments]


def test_as_many_users_are_there_as_the_rate_is_of_the_highest(tmp_path: Path) -> None:
    assert followed([0, 9.9, 10, 19.9, 20, 29.9, 30], shape="spike") == [1, 1, 10, 10, 1, 1, None]
    assert followed([0, 0.5, 1, 2.9, 3], shape="spike", run_time=3) == [1, 1, 10, 1, None]
    (tmp_path / "trace.csv").write_text("0\n0.2\n0.4\n0.6\n2.1\n")
    assert followed([0, 0.9, 1, 2, 3], trace=str(tmp_path / "trace.csv")) == [10, 10, 0, 2, None]


@pytest.mark.parametrize("name", SHAPES)
def test_users_follow_every_shape_to_its_end(name: str) -> None:
    assert followed([length_s(SHAPES[name]) / 2, length_s(SHAPES[name])], shape=name)[1] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shape", "zigzag"], "argument --shape: invalid choice: 'zigzag'"),
        (["--mix", "none.yaml"], "argument --mix: none.yaml: No such file or directory"),
        (["--trace", "pyproject.toml"], "argument --trace: pyproject.toml:2: "),
    ],
)
def test_what_cannot_be_followed_is_said_before_anything_starts(words: list[str], said: str) -> None:
    command = [*LOCUST, "--headless", "--host", "http://127.0.0.1:1", *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr


@pytest.fixture(scope="module")
def monolith(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running monolith's base URL."""
    folder = tmp_path_factory.mktemp("locust")
    with systems.running(folder, [systems.MONOLITH]) as urls:
        yield urls["monolith"]


def within(seconds: float, look: Callable[[], Any]) -> Any:
    """Return the first thing that is there, or fail after so many seconds."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        with suppress(httpx.TransportError):
            if found := look():
                return found
        sleep(0.1)
    raise AssertionError("it did not come about")


def operations(folder: Path) -> dict[str, int]:
    """Return how often each operation was asked, by its name, as Locust's own statistics say, which hold no failure."""
    with (folder / "run_stats.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
    assert [row["Name"] for row in rows if row["Failure Count"] != "0"] == []
    return {row["Name"]: int(row["Request Count"]) for row in rows}


def ran(url: str, folder: Path, *words: str) -> dict[str, int]:
    command = [
        *LOCUST,
        "--headless",
        "--host",
        url,
        "--csv",
        str(folder / "run"),
        "--only-summary",
        "--users",
        "6",
        *words,
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return operations(folder)


@pytest.mark.live
def test_a_mix_and_a_shape_run_headless(monolith: str, tmp_path: Path) -> None:
    asked = ran(monolith, tmp_path, "--shape", "spike", "--run-time", "8", "--mix", "browse")
    assert set(asked) <= {
        "GET /posts", "GET /posts/{post_id}", "GET /users/{username}", "GET /leaderboard", "GET /leaderboard.html",
        "GET /search", "GET /trending", "POST /feedback",
    }  # fmt: skip
    assert asked["GET /posts"] > 0


@pytest.mark.live
def test_a_mix_and_a_trace_of_ones_own_run_headless(monolith: str, tmp_path: Path) -> None:
    (tmp_path / "votes.yaml").write_text("about: Only votes.\njourneys:\n  voter: 1\n")
    (tmp_path / "trace.csv").write_text("".join(f"{number / 10}\n" for number in range(30)))
    own = ["--mix", str(tmp_path / "votes.yaml"), "--trace", str(tmp_path / "trace.csv")]
    assert set(ran(monolith, tmp_path, *own)) == {"PUT /posts/{post_id}/vote", "GET /posts/{post_id}"}


@pytest.mark.live
def test_the_web_page_starts_a_shape(monolith: str) -> None:
    command = [*LOCUST, "--host", monolith, "--web-port", "8989", "--web-host", "127.0.0.1", "--shape", "ramp"]
    with (
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as locust,
        opened("http://127.0.0.1:8989") as page,
    ):
        try:
            form = {"user_count": 4, "spawn_rate": 4, "host": monolith, "shape": "soak", "run_time": "6s"}
            started = within(20, lambda: page.post("/swarm", data=form).json())
            assert started["message"] == "Swarming started using shape class 'Twin'"
            assert within(20, lambda: page.get("/stats/requests").json()["user_count"] == 4)
            assert within(20, lambda: page.get("/stats/requests").json()["state"] == "stopped")
        finally:
            locust.terminate()
