"""Plain Locust runs the journeys closed and open, headless, with its web page and with workers, and writes its own files."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_server
from time import monotonic, sleep
from typing import IO, Any

import httpx
import psutil
import pytest

from loadtests.client import open_client
from loadtests.processes import ROOT

LOCUST = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py"]
BROWSE = {
    "GET /posts", "GET /posts/{post_id}", "GET /users/{username}", "GET /leaderboard", "GET /leaderboard.html",
    "GET /search", "GET /trending", "POST /feedback",
}  # fmt: skip
ARRIVALS = re.compile(r"open load: (\d+) arrivals, (\d+) late, (\d+) dropped")


WRONG_OPTIONS = (
    (["--shape", "zigzag"], "argument --shape: invalid choice: 'zigzag'"),
    (["--mix", "none"], "argument --mix: there is no mix 'none'; there are browse, checkout"),
    (["--trace", "pyproject.toml"], "argument --trace: pyproject.toml:1: "),
    (["--rate", "1e9"], "argument --rate: 1e9 is not a number from 0.1 to 10,000"),
    (["--users", "0"], "argument -u/--users: 0 is not a whole number from 1 to 100,000"),
    (["--run-time", "0"], "argument -t/--run-time: 0 is not a number from 0.1 to 86,400"),
    (["--run-time", "soon"], "argument -t/--run-time: soon is not a time such as 20, 20s, 3m or 1h20m"),
    (["--processes", "1000"], "argument --processes: 1000 is not a whole number from -1 to 64"),
    (["--web-port", "70000"], "argument --web-port/-P: 70000 is not a whole number from 0 to 65,535"),
    (["--rate", "5", "--trace", "/dev/zero"], "argument --trace: /dev/zero: not a file"),
    (["--headless", "--shape", "ramp"], "--shape needs --rate: closed users have no rate"),
    (["--class-picker"], "--class-picker is not supported: name the user classes on the command line"),
    (["--mix", "browse", "Voter"], "name user classes or a --mix, not both"),
    (["--rate", "5", "--tags", "slow"], "--tags and --exclude-tags choose tasks of users; open load has none"),
    (["--no-such-option"], "unrecognized arguments: --no-such-option"),
)
NO_PLAN = (  # words, what Locust logs before it ends with 3
    (["--host", "localhost:8000"], "--host: 'localhost:8000' is not a URL such as http://127.0.0.1:8000"),
    (["--rate", "9000", "-t", "20h", "OpenLoad"], "9000 a second for 72000 s are more than 20,000,000 arrivals"),
    (["--rate", "5", "Mine"], "--rate and --trace offer the journeys and cannot run the user class Mine"),
    (["OpenLoad"], "no user class has a task to run: OpenLoad needs --rate or --trace"),
    (["--tags", "unknown", "Voter"], "no user class has a task to run"),
)
OWN = """
from locust import HttpUser, User, constant, task
class Mine(HttpUser):
    wait_time = constant(0.2)
    @task
    def check_health(self):
        self.client.get("/health")
class Idle(User):
    @task
    def do_nothing(self):
        self._sleep(0.1)
"""
PARSE_ALL = """
import json, sys
from contextlib import suppress
from locust.argument_parser import get_parser
import loadtests.locustfile
for words in json.load(sys.stdin):
    try:
        get_parser().parse_args(words)
    except SystemExit as end:
        print(f"PARSED {end.code}", file=sys.stderr)
"""


@pytest.mark.deep
def test_a_wrong_option_is_refused_before_anything_starts() -> None:
    words, mistake = WRONG_OPTIONS[-1]
    ended = locust("http://127.0.0.1:1", *words)
    assert ended.returncode == 3
    assert mistake in ended.stderr.splitlines()[-1]


def test_every_wrong_option_is_named_with_its_mistake() -> None:
    """One process parses all of them, because Locust patches the process that imports it and takes seconds to start."""
    command, lines = [sys.executable, "-c", PARSE_ALL], json.dumps([words for words, _ in WRONG_OPTIONS])
    ended = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, timeout=60, check=True)
    lines = iter(ended.stderr.splitlines())
    for error, end, (_, mistake) in zip(lines, lines, WRONG_OPTIONS, strict=True):
        assert mistake in error
        assert end == "PARSED 3"


@pytest.mark.one_variant
@pytest.mark.parametrize(("words", "mistake"), NO_PLAN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_run_that_cannot_start_says_why_in_one_line(own: Path, words: list[str], mistake: str) -> None:
    ended = locust("http://127.0.0.1:1", *words, own=own)
    assert ended.returncode == 3
    assert ended.stderr.count("/ERROR/") == 1
    assert mistake in ended.stderr


def test_a_run_without_a_request_ends_with_1(own: Path) -> None:
    ended = locust("http://127.0.0.1:1", "--run-time", "1", "Idle", own=own)
    assert ended.returncode == 1
    assert "no request was sent" in ended.stderr


def test_the_workers_of_a_killed_master_end_with_it() -> None:
    with subprocess.Popen(
        [*LOCUST, "--web-host", "127.0.0.1", "--web-port", free_port(), *on_several(3)],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    ) as master:  # fmt: skip
        assert master.stderr is not None
        read_until("3 workers connected", master.stderr)
        workers = psutil.Process(master.pid).children()
        master.kill()
        assert len(workers) == 3
        assert psutil.wait_procs(workers, timeout=10)[1] == []


def test_a_host_that_does_not_answer_ends_the_run_with_4() -> None:
    ended = locust("http://127.0.0.1:1", "--rate", "5", "--run-time", "3")
    assert ended.returncode == 4
    assert "POST /users at http://127.0.0.1:1: " in ended.stderr


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A second locustfile with user classes of its own."""
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path / "own.py"


def locust(url: str, *words: str, own: Path | None = None) -> subprocess.CompletedProcess[str]:
    files = f"{LOCUST[-1]},{own}" if own else LOCUST[-1]
    command = [*LOCUST[:-1], files, "--headless", "--host", url, "--only-summary", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)


def require_success(status: int, log: str) -> None:
    """Fail unless the run succeeded. On a busy machine a few late arrivals may void a run that is so short."""
    assert status == 0 or (status == 2 and "started late" in log and "lost:" not in log), log


def arrivals(log: str) -> int:
    """Return the arrivals of a run that dropped none, from its log."""
    line = ARRIVALS.search(log)
    assert line, log
    assert line[3] == "0"
    return int(line[1])


def requests(folder: Path) -> dict[str, int]:
    """Return the number of requests by operation from Locust's CSV, which has no failures."""
    with (folder / "run_stats.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
    assert [row["Name"] for row in rows if row["Failure Count"] != "0"] == []
    return {row["Name"]: int(row["Request Count"]) for row in rows}


def within(seconds: float, look: Callable[[], Any]) -> Any:
    """Return the first value that is true, or fail after a time."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        with suppress(httpx.TransportError):
            if value := look():
                return value
        sleep(0.1)
    raise AssertionError("it did not happen in time")


def read_until(words: str, stream: IO[str]) -> str:
    """Return the lines of a log up to the one with these words. Fail if the log ends before."""
    log = ""
    for line in stream:
        log += line
        if words in line:
            return log
    raise AssertionError(f"the log ended without {words!r}: {log}")


def free_port() -> str:
    with create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def on_several(processes: int) -> list[str]:
    """Return the options of a run on several processes, or none."""
    port = free_port()
    return ["--processes", str(processes), "--master-bind-port", port, "--master-port", port] if processes else []


@pytest.mark.live
def test_closed_users_run_a_mix_headless(monolith: str, tmp_path: Path) -> None:
    words = ["--users", "6", "-r", "6", "--run-time", "3", "--mix", "browse", "--csv", str(tmp_path / "run")]
    ended = locust(f"{monolith}/", *words)
    require_success(ended.returncode, ended.stderr)
    sent = requests(tmp_path)
    assert set(sent) <= BROWSE
    assert sum(sent.values()) > 0


@pytest.mark.live
@pytest.mark.parametrize("processes", [2, pytest.param(0, marks=pytest.mark.deep)])
def test_a_user_class_of_another_locustfile_runs_beside_a_named_journey(
    monolith: str, own: Path, tmp_path: Path, processes: int
) -> None:
    words = ["--users", "4", "-r", "4", "--run-time", "6", "--csv", str(tmp_path / "run"), *on_several(processes)]
    ended = locust(monolith, *words, "Voter", "Mine", own=own)
    assert ended.returncode == 0, ended.stderr
    assert set(requests(tmp_path)) == {"/health", "PUT /posts/{post_id}/vote", "GET /posts/{post_id}"}


@pytest.mark.live
@pytest.mark.parametrize("processes", [0, pytest.param(2, marks=pytest.mark.deep)])
def test_a_trace_and_a_custom_mix_run_open_and_locusts_csv_html_and_json_have_the_same_numbers(
    monolith: str, tmp_path: Path, processes: int
) -> None:
    (tmp_path / "votes.yaml").write_text("about: Only votes.\njourneys:\n  voter: 1\n")
    (tmp_path / "trace.csv").write_text("".join(f"{number / 10}\n" for number in range(30)))
    own = ["--mix", str(tmp_path / "votes.yaml"), "--trace", str(tmp_path / "trace.csv"), *on_several(processes)]
    files = ["--csv", str(tmp_path / "run"), "--html", str(tmp_path / "run.html"), "--json-file", str(tmp_path / "run")]
    ended = locust(monolith, *own, *files)
    require_success(ended.returncode, ended.stderr)
    sent = requests(tmp_path)
    assert set(sent) == {"PUT /posts/{post_id}/vote", "GET /posts/{post_id}"}
    assert sum(sent.values()) == arrivals(ended.stderr) == 30
    assert sum(entry["num_requests"] for entry in json.loads((tmp_path / "run.json").read_text())) == 30
    assert "GET /posts/{post_id}" in (tmp_path / "run.html").read_text()


@pytest.mark.live
@pytest.mark.deep
def test_a_shape_runs_open(monolith: str, tmp_path: Path) -> None:
    words = ["--rate", "30", "--shape", "spike", "--run-time", "6", "--mix", "browse", "--csv", str(tmp_path / "run")]
    ended = locust(monolith, *words)
    require_success(ended.returncode, ended.stderr)
    sent = requests(tmp_path)
    assert set(sent) <= BROWSE
    assert sum(sent.values()) == arrivals(ended.stderr) == 72  # 2 s at a tenth of the rate, 2 s at 30, 2 s at a tenth


@contextmanager
def workers(number: int, port: str) -> Iterator[psutil.Process]:
    """Run the workers of a master on this port while the block lasts. Yield their parent: they share its import of seconds."""
    command = [*LOCUST, "--worker", "--processes", str(number), "--master-host", "127.0.0.1", "--master-port", port]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as parent:
        try:
            yield psutil.Process(parent.pid)
        finally:
            parent.kill()


@pytest.mark.live
def test_a_lost_worker_of_three_is_reported_and_the_run_is_void(monolith: str) -> None:
    port = free_port()
    words = ["--master", "--expect-workers", "3", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    command = [*LOCUST, "--headless", "--host", monolith, "--only-summary", "--rate", "30", "--run-time", "9", *words]
    with (
        workers(3, port) as parent,
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as master,
    ):
        assert master.stderr is not None
        log = read_until("All users spawned", master.stderr)
        sleep(4)  # long enough for a report of each worker, which comes every 3 s
        parent.children()[1].kill()
        log += master.stderr.read()
    assert master.returncode == 2, log
    lost = re.search(r"lost: worker \d+ on .*, last report [\d.]+ s into its block, (\d+) arrivals", log)
    assert lost, log
    assert arrivals(log) + int(lost[1]) == 270
    assert re.search(r"void: \d+ % of the arrivals were lost with a worker, over 5 %", log)


@pytest.mark.live
@pytest.mark.parametrize("processes", [0, pytest.param(2, marks=pytest.mark.deep)])
def test_ctrl_c_ends_an_open_run_and_keeps_its_figures(monolith: str, tmp_path: Path, processes: int) -> None:
    words = ["--rate", "20", "--mix", "browse", "--csv", str(tmp_path / "run"), *on_several(processes)]
    command = [*LOCUST, "--headless", "--host", monolith, "--only-summary", *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        log = read_until("All users spawned", process.stderr)
        sleep(3)  # the load itself, which has no end of its own
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        log += process.stderr.read()
    require_success(process.returncode, log)
    assert "Traceback" not in log
    assert "lost:" not in log
    assert arrivals(log) >= 40
    assert sum(requests(tmp_path).values()) > 0


@pytest.mark.live
def test_the_web_page_starts_an_open_run(monolith: str) -> None:
    port = free_port()
    words = ["--web-port", port, "--web-host", "127.0.0.1", "--mix", "browse"]
    with (
        subprocess.Popen([*LOCUST, "--host", monolith, *words], cwd=ROOT, stderr=subprocess.DEVNULL) as process,
        open_client(f"http://127.0.0.1:{port}") as page,
    ):
        try:
            form = {"user_count": 1, "spawn_rate": 1, "host": monolith, "rate": "10", "shape": "ramp", "run_time": "6s"}
            started = within(20, lambda: page.post("/swarm", data=form).json())
            assert started["message"] == "Swarming started using shape class 'LoadShape'"
            assert within(20, lambda: page.get("/stats/requests").json()["user_count"] == 1)
            assert within(30, lambda: page.get("/stats/requests").json()["state"] == "stopped")
            total = page.get("/stats/requests").json()["stats"][-1]
            assert (total["num_requests"], total["num_failures"]) == (38, 0)  # 10 a second, ramped up for 4.5 of 6 s
        finally:
            process.terminate()
