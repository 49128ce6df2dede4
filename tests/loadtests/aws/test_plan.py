"""`aws plan` and `aws deploy --dry-run`: what they print without an account, and which options they refuse."""

import re
import socket
from typing import Any

import pytest

from loadtests.__main__ import main
from loadtests.aws.estimate import prices, quotas
from loadtests.aws.stacks import MICROSERVICES, Stack, waves_of
from loadtests.results import SIDES
from microservices.deploy import templates


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail each test that opens a connection: a dry run needs no account."""

    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if (
            self.family == socket.AF_UNIX
        ):  # a monolith that other tests of this process have started watches its database
            return connect(self, address)
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def output(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words.split()) == 0
    return capsys.readouterr().out


def services(**given: str) -> list[Stack]:
    return [one for wave in waves_of([MICROSERVICES], given) for one in wave]


def test_the_plan_names_every_stack_in_the_order_of_its_imports(capsys: pytest.CaptureFixture[str]) -> None:
    printed = output("aws plan --side microservices --stage mine", capsys)
    names = re.findall(r"^wave (\d+)  mine-(\w+)", printed, re.MULTILINE)
    wave_of = {name: int(wave) for wave, name in names}
    assert {*wave_of} == {*templates.services()}
    late = [
        (one, other) for one in wave_of for other in templates.imported_services(one) if wave_of[other] >= wave_of[one]
    ]
    assert late == []


def test_the_plan_of_both_sides_has_both_prices(capsys: pytest.CaptureFixture[str]) -> None:
    printed = output("aws plan --rate 20", capsys)
    assert re.search(r"monolith \(Fargate, one zone\): 0\.\d+ idle, 0\.\d+ at 20 requests a second", printed)
    assert re.search(r"microservices \(functions\): 0\.\d+ idle, 0\.\d+ at 20 requests a second", printed)
    assert re.search(r"^wave 1  reference-monolith \(monolith\): \d+ resources$", printed, re.MULTILINE)
    assert "monolith (Fargate, two zones)" in output("aws plan --side monolith --parameter Zones=2", capsys)


def test_the_plan_leaves_out_a_stack_whose_parameters_have_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert "mine-balancer: left out" in output("aws plan --side microservices --stage mine", capsys)
    given = "--parameter VpcId=vpc-1 --parameter SubnetIds=subnet-1,subnet-2"
    assert "mine-balancer (microservices)" in output(f"aws plan --side microservices --stage mine {given}", capsys)


def test_a_condition_decides_what_a_stack_creates() -> None:
    def created(kind: str, **given: str) -> int:
        (users,) = (one for one in services(**given) if one.name == "users")
        return users.resources()[kind]

    assert created("AWS::Lambda::Alias") == 0
    assert created("AWS::Lambda::Alias", ProvisionedConcurrency="1") == 1
    assert created("AWS::CloudFormation::Stack") == 0
    assert created("AWS::CloudFormation::Stack", BillingMode="PROVISIONED") == 1


def test_the_dry_run_prints_the_steps_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    words = "aws deploy --side microservices --dry-run --budget 20 --email me@example.com --parameter MemorySize=1024"
    steps = output(words, capsys).splitlines()
    assert steps[0] == "1. build the zips and upload them to reference-artifacts-<account>-us-east-1"
    assert steps[1] == "2. deploy reference-budget with Stage=reference Dollars=20 Email=me@example.com"
    assert steps[2] == "3. deploy reference-platform with Stage=reference MemorySize=1024"
    assert steps[-3:] == [
        "6. limit the open routes, in reference-platform",
        "7. write the empty leaderboard",
        "7. publish the initial site",
    ]
    assert not any("balancer" in step for step in steps)


def test_the_dry_run_of_the_monolith_builds_its_image_unless_one_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    words = "aws deploy --side monolith --dry-run --no-budget"
    built, deployed = output(words, capsys).splitlines()
    assert built.startswith(
        "1. build the image and push it to <account>.dkr.ecr.us-east-1.amazonaws.com/reference-monolith:"
    )
    assert deployed == "2. deploy reference-monolith with Stage=reference Administrators=admin"
    assert (
        output(f"{words} --parameter Image=x:1", capsys)
        == "1. deploy reference-monolith with Stage=reference Administrators=admin Image=x:1\n"
    )


def test_no_stack_idles_for_nothing_and_requests_cost_more() -> None:
    (price,) = prices(services(), 50.0, "us-east-1")
    assert (price.side, price.form) == (MICROSERVICES, "functions")
    assert 0.01 < price.idle < 0.1 < price.at_rate


def test_a_new_account_has_too_little_concurrency_for_a_high_rate() -> None:
    close = {one.what for one in quotas(services(), 500.0, "us-east-1") if one.is_close}
    assert "concurrent runs of all functions, in a new account" in close
    assert not any(one.is_close for one in quotas(services(), 1.0, "us-east-1"))


def test_every_template_fits_into_a_request() -> None:
    """A larger template would have to be in a bucket: the limit of a request is 51,200 bytes."""
    stacks = [one for wave in waves_of(SIDES, {}) for one in wave]
    assert max(len(one.template.read_bytes()) for one in stacks) <= 51_200


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("deploy", "give --budget DOLLARS, or --no-budget"),
        ("deploy --budget 20", "--budget needs --email"),
        ("deploy --budget 0", "argument --budget: 0 is not a number"),
        ("deploy --budget 20 --no-budget", "not allowed with argument --budget"),
        ("deploy --budget 20 --email nobody", "argument --email: 'nobody' does not match"),
        ("plan --parameter Nonsense=1", "--parameter Nonsense: no template has it"),
        ("plan --parameter MemorySize", "--parameter MemorySize: give NAME=VALUE"),
        ("plan --parameter Architecture=x86", "--parameter Architecture='x86': give arm64 or x86_64"),
        ("plan --parameter Stage=mine", "--parameter Stage: the deployment sets it"),
        ("plan --stage mine-", "argument --stage: 'mine-' does not match"),
        ("plan --stage Upper", "argument --stage: 'Upper' does not match"),
        ("plan --region nowhere", "argument --region: 'nowhere' does not match"),
        ("plan --endpoint ftp://x", "argument --endpoint: 'ftp://x' is not a URL"),
        ("plan --endpoint http://127.0.0.1:1 --region eu-central-1", "--region eu-central-1: the local AWS has only us-east-1"),
        ("plan --rate 0", "argument --rate: 0 is not a number"),
        ("fly", "argument ACTION: invalid choice"),
        ("", "the following arguments are required: ACTION"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_in_one_line(words: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    side = " --side microservices" if words.startswith(("plan", "deploy")) else ""
    try:
        status: Any = main(["aws", *words.split(), *side.split()])
    except SystemExit as end:
        status = end.code
    printed = capsys.readouterr().err
    assert (status, printed.count("\n")) == (3, 1)
    assert error in printed
