"""Every log line of a request has the id that its answer has, whichever part of the program writes it."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from flask import Flask

from monolith import edge
from monolith.asgi import Application
from monolith.logs import JsonLines

from .test_asgi import request
from .test_live import Messages, in_event_loop

Lines = list[dict[str, Any]]


class Log:
    """What loggers below `monolith` have written."""

    def __init__(self) -> None:
        self.stream = StringIO()

    def lines(self) -> Lines:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def lines_of(self, messages: Messages) -> Lines:
        """Return the lines with the id of an answer."""
        request_id = dict(messages[0]["headers"])[b"x-request-id"].decode()
        return [line for line in self.lines() if line.get("request_id") == request_id]


@pytest.fixture
def log() -> Iterator[Log]:
    written, logger = Log(), logging.getLogger("monolith")
    handler = logging.StreamHandler(written.stream)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)


@pytest.fixture
def flask() -> Flask:
    app = Flask("logging")
    edge.configure(app, token_secret="secret")
    app.add_url_rule("/logs", view_func=_log_and_answer)
    app.add_url_rule("/fails", view_func=lambda: 1 / 0)
    return app


def _log_and_answer() -> str:
    logging.getLogger("monolith.trending").warning("dropped %d views", 3)
    return "done"


def test_the_lines_of_concurrent_requests_have_the_ids_of_their_answers(flask: Flask, log: Log) -> None:
    @in_event_loop
    async def send_ten() -> None:
        application = Application(flask, threads=2)
        answers = await asyncio.gather(*(request(application, "/logs") for _ in range(10)))
        for answer in answers:
            assert [line["message"] for line in log.lines_of(answer)] == ["dropped 3 views", "request"]

    send_ten()
    assert len({line["request_id"] for line in log.lines()}) == 10


def test_the_line_of_a_request_has_method_path_status_and_milliseconds(flask: Flask, log: Log) -> None:
    @in_event_loop
    async def send() -> None:
        await request(Application(flask, threads=1), "/logs")

    send()
    line = log.lines()[-1]
    assert (line["method"], line["path"], line["status"], line["level"]) == ("GET", "/logs", 200, "INFO")
    assert 0 <= line["ms"] < 10_000


def test_a_failure_and_its_traceback_are_one_line_with_the_id(flask: Flask, log: Log) -> None:
    @in_event_loop
    async def send() -> None:
        answer = await request(Application(flask, threads=1), "/fails")
        assert answer[0]["status"] == 500
        (failure,) = (line for line in log.lines_of(answer) if line["level"] == "ERROR")
        assert "ZeroDivisionError" in failure["exception"]

    flask.config["PROPAGATE_EXCEPTIONS"] = True
    send()


def test_a_request_that_is_refused_before_flask_has_its_line_too(flask: Flask, log: Log) -> None:
    @in_event_loop
    async def send() -> None:
        answer = await request(Application(flask, threads=1), "/logs", host=None)
        assert [line["status"] for line in log.lines_of(answer)] == [answer[0]["status"]] == [400]

    send()


def test_a_line_outside_a_request_has_no_id(log: Log) -> None:
    logging.getLogger("monolith.background").info("starts")
    (line,) = log.lines()
    assert "request_id" not in line


def test_a_line_stays_one_line_whatever_it_says() -> None:
    record = logging.LogRecord("a", logging.INFO, "", 0, "two\nlines \ud800", (), None)
    assert "\n" not in JsonLines().format(record)
