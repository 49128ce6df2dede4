"""What the actions on an account refuse before they change anything, and how errors of AWS end them."""

import socket
from collections.abc import Iterator
from itertools import count

import pytest

from loadtests.__main__ import main
from loadtests.aws import compare
from loadtests.aws.parallel import run_parallel
from loadtests.errors import UsageError


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def listener() -> Iterator[str]:
    """Listen on loopback and yield the URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def error_of(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["aws", *words.split()])
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    return status, printed


@pytest.mark.parametrize(
    "words", ["deploy --no-budget", "compare", "destroy --yes", "proof"]
)  # fmt: skip
def test_an_action_without_credentials_is_refused_in_one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    side = "" if words == "proof" else " --side microservices"
    assert error_of(words + side, capsys) == (3, "no credentials of AWS: set AWS_PROFILE, or run `aws configure`\n")


def test_destroy_needs_a_confirmation(capsys: pytest.CaptureFixture[str]) -> None:
    assert error_of("destroy", capsys) == (3, "give --yes: all data of the stage reference is lost\n")


def test_an_endpoint_that_does_not_answer_ends_an_action(capsys: pytest.CaptureFixture[str]) -> None:
    status, error = error_of("proof --endpoint http://127.0.0.1:9", capsys)
    assert (status, "Could not connect to the endpoint URL" in error) == (4, True)


def test_a_load_generator_far_away_is_refused(listener: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connections_take(seconds: float) -> None:
        monkeypatch.setattr(compare, "perf_counter", count(0, seconds).__next__)  # called before and after each

    connections_take(0.002)
    assert compare.require_near([listener]) == pytest.approx(2)
    connections_take(0.02)
    with pytest.raises(UsageError, match="run this in the region, or give --far"):
        compare.require_near([listener])


def test_parallel_actions_all_end_before_the_first_error_is_raised() -> None:
    def fail() -> str:
        raise ValueError("no")

    ended = []
    with pytest.raises(ValueError, match="no"):
        for line in run_parallel({"a": fail, "b": lambda: "done"}):
            ended.append(line)
    assert ended == ["b: done"]
