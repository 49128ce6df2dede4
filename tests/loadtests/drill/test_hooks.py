"""Hooks inject a fault into a function's process while a file names it, and only then."""

import json
import os
import subprocess
import sys
from pathlib import Path

from loadtests.drill.services import HOOKS

OWN = """
seen = []

def handle(event, context):
    seen.append(event)
    return "handled"
"""
STEPS = """
import json, sys
from pathlib import Path
import boto3, drill_hooks, own
from botocore.exceptions import BotoCoreError, ClientError

dynamodb = boto3.client("dynamodb")

def act(step):
    if step == "call":
        dynamodb.get_item(TableName="votes", Key={"pk": {"S": "a"}})
    return drill_hooks.lambda_handler(json.loads(step), None)

fault = Path(sys.argv[1])
for kind, step in json.loads(sys.argv[2]):
    fault.unlink(missing_ok=True) if kind is None else fault.write_text(json.dumps(kind))
    try:
        print(act(step), len(own.seen))
    except (BotoCoreError, ClientError, RuntimeError) as error:
        print(type(error).__name__, len(own.seen))
"""
STREAM = json.dumps({"Records": [{"eventSource": "aws:dynamodb", "eventID": "1"}]})


def received(number: int) -> str:
    """Return a batch of a queue with the number of its delivery."""
    return json.dumps({"Records": [{"receiptHandle": "a", "attributes": {"ApproximateReceiveCount": str(number)}}]})


def run(folder: Path, *steps: tuple[list[str] | None, str]) -> list[str]:
    """Return what each step printed: a fault, then a call of DynamoDB or an event."""
    for name, content in {"drill_hooks": HOOKS.read_text(), "own": OWN, "steps": STEPS}.items():
        (folder / f"{name}.py").write_text(content)
    environment = {
        **os.environ, "OWN_HANDLER": "own.handle", "DRILL_FAULT": str(folder / "fault"), "POWERTOOLS_SERVICE_NAME": "votes",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a",
    }  # fmt: skip
    command = [sys.executable, str(folder / "steps.py"), str(folder / "fault"), json.dumps(steps)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def test_a_fault_hits_calls_and_deliveries_of_its_service_only(tmp_path: Path) -> None:
    every = ["deliveries", ""]
    outcomes = run(
        tmp_path,
        (["throttle", "votes"], "call"), (["hang", "votes"], "call"), (["throttle", "posts"], "{}"),
        (every, received(1)), (every, received(2)), (every, received(3)), (["deliveries", "posts"], received(1)),
        (every, STREAM), (every, STREAM), (every, STREAM), (every, "{}"), (None, received(1)),
    )  # fmt: skip
    assert outcomes == [
        "ProvisionedThroughputExceededException 0",
        "ReadTimeoutError 0",
        "handled 1",
        "RuntimeError 1",  # lost
        "RuntimeError 2",  # handled, and redelivered
        "handled 3",
        "handled 4",
        "RuntimeError 4",
        "RuntimeError 5",
        "handled 6",
        "handled 7",  # a request
        "handled 8",
    ]
