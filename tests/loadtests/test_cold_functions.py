"""Cold starts of deployed functions: the process is new, what it tells is true, and Ctrl-C in the middle keeps what there is."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from loadtests.client import opened
from loadtests.coldstarts.deployed import Deployed, handlers
from loadtests.coldstarts.notes import Notes
from loadtests.coldstarts.shares import Shares
from loadtests.coldstarts.trials import WARM_CALLS, Trial, Trials
from loadtests.coldstarts.waking import PICTURED, PUSHED, Waker, requests
from loadtests.data.world import Account, SeededPost, World
from loadtests.floors.cloud import STAGE
from loadtests.processes import ROOT
from microservices.deploy import templates
from microservices.deploy.local_aws import LocalAws
from tests.microservices.aws_events import event

pytestmark = pytest.mark.live

ASKED = "platform-http"  # keeps nothing, so it can be asked of a system that other tests ask too
TOLD = "search-projection"  # is told of a vote's item, which is none of its business
WORLD = World((Account("nobody", "no token"),), (SeededPost("0" * 26, "nobody", "Any", 0),))


@pytest.fixture(scope="module")
def trial(local_aws_stack: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Trial]]:
    """What starts a function cold; afterwards the functions are as they were deployed."""
    notes, shares = Notes(tmp_path_factory.mktemp("cold")), Shares()
    deployed = Deployed(local_aws_stack.url, notes)
    passed_over = {"Records": event("dynamodb")["Records"][-1:]}
    with opened(local_aws_stack.url) as api, shares.kept():
        yield Trials(deployed, Waker(deployed, api, WORLD, events={TOLD: passed_over}), notes, shares).trial
    client = local_aws_stack.deployment.aws.client("lambda")
    for name in (ASKED, TOLD):
        own = deployed.functions[name]
        client.update_function_configuration(
            FunctionName=f"{STAGE}-{name}", MemorySize=own.memory_mb, Environment={"Variables": dict(own.environment)}
        )


@pytest.mark.parametrize("name", [ASKED, TOLD])
def test_each_trial_is_a_process_of_its_own_and_its_first_call(trial: Callable[..., Trial], name: str) -> None:
    one, other = trial(name), trial(name)
    assert one.pid != other.pid
    for found in (one, other):
        assert len(found.warm) == len(found.warm_waited_ms) == WARM_CALLS
        assert {"boto3", "botocore", "aws_lambda_powertools", "microservices"} <= found.start.imports_ms.keys()
        assert "boto3" not in {library for call in found.warm for library in call.imports_ms}
        assert found.waited_ms > found.start.wall_ms > max(found.warm_waited_ms)
    assert not psutil.pid_exists(one.pid)


def test_a_function_held_to_a_share_goes_on_with_it_when_it_is_ready(trial: Callable[..., Trial]) -> None:
    held = trial(ASKED, memory_mb=128, share=0.05)
    assert len(held.warm) == WARM_CALLS
    assert held.start.wall_ms < held.start.cpu_ms / 0.05  # INIT is not held
    assert not psutil.pid_exists(held.pid) or psutil.Process(held.pid).status() != psutil.STATUS_STOPPED


def test_every_function_has_something_that_wakes_it() -> None:
    answering = set(requests(WORLD))
    assert answering == {name for name in handlers() if name.endswith("-http")}
    assert {PICTURED, PUSHED} <= set(handlers()) - answering


def test_ctrl_c_in_the_middle_keeps_what_there_is_and_leaves_nothing_running(tmp_path: Path) -> None:
    words = ["--function", ASKED, "--times", "99", "--no-sweep", "--results", str(tmp_path)]
    before = set(ROOT.glob(".run/coldstarts-*"))
    run = subprocess.Popen(
        [sys.executable, "-m", "loadtests", "coldstarts", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    run_dir = _until_it_has_made(3, before, psutil.Process(run.pid))
    family = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert (run.returncode, said) == (130, "ended by SIGINT; nothing is left running\n")
    (file,) = tmp_path.glob("*/report.json")
    found = json.loads(file.read_text())["cold_starts"]
    assert (found["complete"], found["ended_by"]) == (False, "ended by SIGINT")
    assert found["functions"][ASKED]["trials"] >= 2
    assert "<b>Incomplete:</b>" in file.with_name("report.html").read_text()
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
    shutil.rmtree(run_dir)  # its logs are kept for whoever wants to know why a run ended


def _until_it_has_made(trials: int, before: set[Path], run: psutil.Process) -> Path:
    """Wait until a run has begun so many trials; return its run directory."""
    deadline = monotonic() + 150
    while True:
        for folder in set(ROOT.glob(".run/coldstarts-*")) - before:
            if list(folder.glob(f"coldstarts/{ASKED}-{trials}.*")):
                return folder
        assert run.is_running(), "it ended"
        assert monotonic() < deadline
        sleep(0.1)


def test_the_functions_are_those_of_the_templates() -> None:
    assert set(handlers()) == {name for feature in templates.services() for name in templates.functions(feature)}
