"""Function processes are killed while people publish, vote and order: nothing is lost, and nothing is done twice.

The same people as in test_histories.py, on the local AWS. A worker that dies in the middle of an invocation is an error of that
invocation there: the records of a stream come again after a second, messages of a queue once they are visible again, and a
request is a 502, which these clients send again. One thing is lost there that AWS would not lose: a topic invokes a function
only once, so a subscriber of the live feed can miss what was told in that moment.
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

from .crowd import Crowd
from .verdict import judge

CROWDS = 3  # each does one thing after another, all at once
ACTS = 10
LEAST_CUT_OFF = 3  # invocations, of some thirty kills: some hit a worker that has just answered
AT_WORK_S = 1.0
VISIBLE_AGAIN_S = 10  # in place of a minute: as long as a function may run
TIMEOUT = "VisibilityTimeout"
GIVEN_UP = ("-dead-letters", "-parking", "-undelivered")  # how the names of those queues end
REQUEST_S = 60.0
SETTLED_S = 120.0

pytestmark = [pytest.mark.live, pytest.mark.deep]


class Patient(httpx.HTTPTransport):
    """Sends a request again that a killed worker or a full system did not answer."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + REQUEST_S
        while True:
            response = super().handle_request(request)
            response.read()
            if not _is_unanswered(response) or time.monotonic() > deadline:
                return response
            time.sleep(0.1)


def _is_unanswered(response: httpx.Response) -> bool:
    """Tell what the gateway says for a function that died, or that is full; 500 it says for an authorizer."""
    return response.status_code in (429, 502, 503) or response.text == '{"message": "Internal Server Error"}'


def test_nothing_is_lost_or_done_twice_where_workers_are_killed(local_aws_stack: LocalAws) -> None:
    emulator = local_aws_stack.emulator
    given_up = dict(_given_up(emulator))
    with httpx.Client(transport=Patient(), base_url=local_aws_stack.url, timeout=REQUEST_S) as client:
        api = Api(client, patience=SETTLED_S)
        crowds = [_crowd(api, seed) for seed in range(CROWDS)]
        before = _cut_off(emulator)
        with _soon_visible_again(emulator), ThreadPoolExecutor(CROWDS) as threads:
            list(threads.map(partial(_act, emulator=emulator), crowds))
        board = DynamoLeaderboard(emulator.client("dynamodb"), f"{STAGE}-votes", now)
        for crowd in crowds:
            api.eventually(partial(judge, crowd, api, board))
    assert _cut_off(emulator) - before >= LEAST_CUT_OFF
    assert dict(_given_up(emulator)) == given_up


def _crowd(api: Api, seed: int) -> Crowd:
    return Crowd(api, [api.join("killed") for _ in range(3)], Random(seed), word=unique("word"))  # noqa: S311


def _act(crowd: Crowd, emulator: Emulator) -> None:
    """Let a crowd act, and after each of its acts a worker die: what the act set off is then under way."""
    for _ in range(ACTS):
        crowd.act()
        _kill_one(emulator)


def _kill_one(emulator: Emulator) -> None:
    """Kill the first worker that is seen at work, for what an act set off is then under way; none if none is within a second."""
    before = {each.pid: _worked(each) for each in _workers(emulator)}
    deadline = time.monotonic() + AT_WORK_S
    while time.monotonic() < deadline:
        for worker in _workers(emulator):
            if _worked(worker) > before.get(worker.pid, 0.0):
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
                return


def _worked(worker: psutil.Process) -> float:
    """Return for how many seconds a process has had a processor; 0 for one that is gone."""
    with suppress(psutil.NoSuchProcess):
        times = worker.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _workers(emulator: Emulator) -> list[psutil.Process]:
    """Return the processes that run functions: the emulator's children that are told a function's name."""
    return [each for each in psutil.Process(emulator.process.pid).children() if _is_worker(each)]


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "AWS_LAMBDA_FUNCTION_NAME" in process.environ()
    return False


def _cut_off(emulator: Emulator) -> int:
    """Return how many invocations died with their worker so far."""
    return emulator.log.read_text(errors="replace").count("Worker process died")


@contextmanager
def _soon_visible_again(emulator: Emulator) -> Iterator[None]:
    """Let what a killed worker did not do come again soon, while the block lasts and for what is received in it."""
    sqs = emulator.client("sqs")
    urls = [url for url in sqs.list_queues()["QueueUrls"] if not url.endswith(GIVEN_UP)]
    before = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[TIMEOUT])["Attributes"] for url in urls}
    for url in urls:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={TIMEOUT: str(VISIBLE_AGAIN_S)})
    try:
        yield
    finally:
        for url, attributes in before.items():
            sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _given_up(emulator: Emulator) -> Iterator[tuple[str, int]]:
    """Give how many messages lie in each queue of what was given up."""
    sqs, waiting = emulator.client("sqs"), "ApproximateNumberOfMessages"
    for url in sqs.list_queues()["QueueUrls"]:
        if url.endswith(GIVEN_UP):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[waiting])["Attributes"]
            yield url, int(attributes[waiting])
