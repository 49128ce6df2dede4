"""Function processes are killed while users publish, vote and order: nothing is lost, and nothing is done twice.

The random users of test_histories.py act on the local AWS. A worker that is killed there fails its invocation: the records of a
stream are redelivered after a second, messages of a queue when they become visible again, and a request is a 502, which these
clients retry. The local AWS loses one thing that AWS does not: a topic invokes a function only once, so a subscriber of the
live feed can miss a message.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from random import Random

import httpx
import psutil
import pytest

from microservices.clock import now
from microservices.deploy.emulator import Emulator
from microservices.deploy.local_aws import STAGE, LocalAws
from microservices.votes.leaderboard import DynamoLeaderboard
from tests.contract.client import Api, unique

from .invariants import check_invariants
from .random_users import RandomUsers

GROUPS = 3  # groups of users; a group acts sequentially, and all groups act at once
ACTIONS = 10
MIN_INTERRUPTED = 3  # invocations, of thirty kills: some hit a worker that has just responded
BUSY_WITHIN_S = 1.0
VISIBILITY_S = 10  # instead of a minute: as long as a function may run
TIMEOUT = "VisibilityTimeout"
FAILED_QUEUES = ("-dead-letters", "-parking", "-undelivered")  # suffixes of the queues for messages that failed
REQUEST_S = 60.0
SETTLED_S = 120.0

pytestmark = [pytest.mark.live, pytest.mark.deep]


class RetryingTransport(httpx.HTTPTransport):
    """Retry a request that failed because a worker was killed or the system is saturated."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + REQUEST_S
        while True:
            response = super().handle_request(request)
            response.read()
            if not _should_retry(response) or time.monotonic() > deadline:
                return response
            time.sleep(0.1)


def _should_retry(response: httpx.Response) -> bool:
    """Return whether the gateway reports a killed or saturated function. For a killed authorizer it answers 500."""
    return response.status_code in (429, 502, 503) or response.text == '{"message": "Internal Server Error"}'


def test_nothing_is_lost_or_done_twice_if_workers_are_killed(local_aws_stack: LocalAws) -> None:
    emulator = local_aws_stack.emulator
    failed = dict(_failed_messages(emulator))
    with httpx.Client(transport=RetryingTransport(), base_url=local_aws_stack.url, timeout=REQUEST_S) as client:
        api = Api(client, patience=SETTLED_S)
        groups = [_group(api, seed) for seed in range(GROUPS)]
        before = _count_interrupted(emulator)
        with _short_visibility(emulator), ThreadPoolExecutor(GROUPS) as threads:
            list(threads.map(partial(_act, emulator=emulator), groups))
        leaderboard = DynamoLeaderboard(emulator.client("dynamodb"), f"{STAGE}-votes", now)
        for group in groups:
            api.eventually(partial(check_invariants, group, api, leaderboard))
    assert _count_interrupted(emulator) - before >= MIN_INTERRUPTED
    assert dict(_failed_messages(emulator)) == failed


def _group(api: Api, seed: int) -> RandomUsers:
    return RandomUsers(api, [api.join("killed") for _ in range(3)], Random(seed), word=unique("word"))  # noqa: S311


def _act(group: RandomUsers, emulator: Emulator) -> None:
    """Act as a group of users, and kill a worker after each action, while functions handle its events."""
    for _ in range(ACTIONS):
        group.act()
        _kill_busy_worker(emulator)


def _kill_busy_worker(emulator: Emulator) -> None:
    """Kill the first worker that uses CPU time; none if no worker does within a second."""
    before = {each.pid: _cpu_seconds(each) for each in _workers(emulator)}
    deadline = time.monotonic() + BUSY_WITHIN_S
    while time.monotonic() < deadline:
        for worker in _workers(emulator):
            if _cpu_seconds(worker) > before.get(worker.pid, 0.0):
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
                return


def _cpu_seconds(worker: psutil.Process) -> float:
    """Return the CPU time of a process, 0 if it has ended."""
    with suppress(psutil.NoSuchProcess):
        times = worker.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _workers(emulator: Emulator) -> list[psutil.Process]:
    """Return the processes that run functions: the emulator's children that have a function's name in their environment."""
    return [each for each in psutil.Process(emulator.process.pid).children() if _is_worker(each)]


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "AWS_LAMBDA_FUNCTION_NAME" in process.environ()
    return False


def _count_interrupted(emulator: Emulator) -> int:
    """Return how many invocations have failed so far because their worker was killed."""
    return emulator.log.read_text(errors="replace").count("Worker process died")


@contextmanager
def _short_visibility(emulator: Emulator) -> Iterator[None]:
    """Redeliver a killed worker's messages soon: set a short visibility timeout for the duration of the block."""
    sqs = emulator.client("sqs")
    urls = [url for url in sqs.list_queues()["QueueUrls"] if not url.endswith(FAILED_QUEUES)]
    before = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[TIMEOUT])["Attributes"] for url in urls}
    for url in urls:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={TIMEOUT: str(VISIBILITY_S)})
    try:
        yield
    finally:
        for url, attributes in before.items():
            sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _failed_messages(emulator: Emulator) -> Iterator[tuple[str, int]]:
    """Yield the number of messages in each queue for failed messages."""
    sqs, name = emulator.client("sqs"), "ApproximateNumberOfMessages"
    for url in sqs.list_queues()["QueueUrls"]:
        if url.endswith(FAILED_QUEUES):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
            yield url, int(attributes[name])
