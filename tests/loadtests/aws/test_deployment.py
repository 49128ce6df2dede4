"""deploy, compare, destroy and proof of the services on a local AWS, by the code that goes to a real one."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from loadtests import processes
from loadtests.__main__ import main
from loadtests.aws import proof
from loadtests.aws.stacks import MICROSERVICES, TAG, Stack, waves_of
from loadtests.aws.target import Target
from microservices.deploy.emulator import Emulator, emulator
from microservices.deploy.stacks import DeploymentFailed, Stacks

pytestmark = [pytest.mark.live, pytest.mark.deep]

STAGE, PORT = "aws-test", 4800
DEPLOY = ["deploy", "--budget", "20", "--email", "me@example.com"]
KILLS = (  # each run gets farther than the one before it
    ("before", "PutObject", "users-http.zip"),  # some zips are uploaded
    ("before", "ExecuteChangeSet", ""),  # the first stack has a change set that was not executed
    ("after", "ExecuteChangeSet", ""),  # the first stack is being created
    ("before", "CreateChangeSet", f"{STAGE}-search"),  # the last stack does not exist yet
    ("before", "Invoke", "votes-projection"),  # the stacks are there, the leaderboard is not
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Run a local AWS without any stack."""
    with emulator(tmp_path_factory.mktemp("aws"), PORT, or_next=True) as started:
        yield started


def words(running: Emulator, *action: str) -> list[str]:
    return ["aws", *action, "--stage", STAGE, "--endpoint", running.endpoint]


def stacks(running: Emulator) -> list[Stack]:
    every = [
        one for wave in waves_of([MICROSERVICES], Target("us-east-1", running.endpoint).parameters()) for one in wave
    ]
    return [one for one in every if not one.missing]


def created(running: Emulator, stack: Stack) -> Counter[str]:
    """Return the resources of a deployed stack by type, as CloudFormation lists them."""
    cloudformation = running.client("cloudformation")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=f"{STAGE}-{stack.name}")
    return Counter(each["ResourceType"] for page in pages for each in page["StackResourceSummaries"])


def test_a_deployment_that_is_killed_at_five_points_is_resumed(
    running: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*words(running, *DEPLOY), "--side", MICROSERVICES]
    for kill in KILLS:
        killed = [sys.executable, "-m", "tests.loadtests.aws.killed", *kill, *command]
        ended = subprocess.run(killed, cwd=processes.ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stdout + ended.stderr
    assert main(command) == 0
    assert f"deploy {STAGE}-search with" in capsys.readouterr().out
    assert main(command) == 0
    again = capsys.readouterr().out
    assert again.count(": unchanged") == len(stacks(running)) + 3  # budget, site, and the platform again
    url = next(line.partition(": ")[2] for line in again.splitlines() if line.startswith("microservices-url: "))
    assert [
        httpx.get(f"{url}/{path}").status_code for path in ("health", "posts", "leaderboard.html", "site/index.html")
    ] == 4 * [200]


def test_a_stack_whose_creation_failed_is_created_again(running: Emulator) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "again"}}
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    wrong = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "again", "PolicyDocument": document, "Roles": ["no-such-role"]},
    }
    own = Stacks(running.client("cloudformation"), {TAG: "again"})
    with pytest.raises(DeploymentFailed, match=r"^again: ROLLBACK_COMPLETE, Wrong: "):
        own.deploy("again", json.dumps({"Resources": {"Queue": queue, "Wrong": wrong}}), {})
    assert [own.deploy("again", json.dumps({"Resources": {"Queue": queue}}), {}) for _ in range(2)] == [
        "created",
        "unchanged",
    ]
    own.delete("again")
    assert own.status("again") is None


def test_the_plan_is_what_was_created(running: Emulator) -> None:
    planned = {one.name: one.resources() for one in stacks(running)}
    assert {one.name: created(running, one) for one in stacks(running)} == planned


def test_proof_lists_what_is_there(running: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(running, "proof")) == 1
    listed = capsys.readouterr().out
    for each in (
        f"stack/{STAGE}-platform/",
        f":table/{STAGE}-posts",
        f":role/{STAGE}-",
        f"{STAGE}-artifacts-",
        f"stack/{STAGE}-budget/",
    ):
        assert each in listed


def test_the_deployed_services_are_compared(running: Emulator, tmp_path: Path) -> None:
    options = ["--side", MICROSERVICES, "--profile", "quick", "--scenario", "browse", "--rate", "2", "--results"]
    assert main([*words(running, "compare"), *options, str(tmp_path)]) == 0
    report = json.loads(next(tmp_path.glob("*/report.json")).read_text())
    assert (report["complete"], report["voids"], report["parity"]["failed"]) == (True, [], 0)
    assert report["scenarios"]["browse"]["microservices"]["goodput"] > 0
    posts = running.client("dynamodb").scan(TableName=f"{STAGE}-posts", Select="COUNT")["Count"]
    assert posts >= report["settings"]["data"]["posts"]  # so the load went to what was deployed


def test_nothing_is_left_after_destroy(running: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*words(running, "destroy"), "--side", MICROSERVICES, "--yes"]
    killed = [sys.executable, "-m", "tests.loadtests.aws.killed", "after", "DeleteStack", f"{STAGE}-votes", *command]
    assert subprocess.run(killed, cwd=processes.ROOT, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert main(command) == 0
    assert main(words(running, "proof")) == 0
    assert f"nothing is left of {STAGE}" in capsys.readouterr().out
    assert proof.left(Target("us-east-1", running.endpoint), STAGE) == []
    assert [name for name in names(running) if STAGE in name] == []


def names(running: Emulator) -> Iterator[str]:
    """Yield the names of all resources of the kinds that the tagging API of the local AWS does not list."""
    lists: list[tuple[str, str, dict[str, Any], str, str]] = [
        ("budgets", "describe_budgets", {"AccountId": "000000000000"}, "Budgets", "BudgetName"),
        ("apigatewayv2", "get_apis", {}, "Items", "Name"),
        ("cloudwatch", "describe_alarms", {"MaxRecords": 100}, "MetricAlarms", "AlarmName"),
        ("kinesis", "list_streams", {}, "StreamNames", ""),
        ("lambda", "list_event_source_mappings", {}, "EventSourceMappings", "FunctionArn"),
        ("logs", "describe_log_groups", {}, "logGroups", "logGroupName"),
        ("s3", "list_buckets", {}, "Buckets", "Name"),
        ("secretsmanager", "list_secrets", {}, "SecretList", "Name"),
    ]
    for service, operation, request, field, name in lists:
        answer = getattr(running.client(service), operation)(**request)
        yield from (each[name] if name else each for each in answer[field])
