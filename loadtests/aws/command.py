"""`python -m loadtests aws ACTION`: deploy both systems to AWS, compare them there, and remove them."""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from rich.console import Console

from loadtests import compare as comparison
from loadtests.arguments import RATE, add_results, number, url
from loadtests.aws import compare, plan, proof
from loadtests.aws.deploy import Steps
from loadtests.aws.destroy import destroy
from loadtests.aws.image import ARCHITECTURE, Image
from loadtests.aws.parallel import run_parallel
from loadtests.aws.stacks import TAG, Stack, budget_of, waves_of
from loadtests.aws.target import STACK_SECONDS, Target
from loadtests.errors import RunError, UsageError
from loadtests.results import SIDES
from loadtests.settings import PROFILES, LoadOptions
from loadtests.systems import ADMINISTRATOR
from microservices.deploy.deployment import Deployment
from microservices.deploy.emulator import REGION
from microservices.deploy.stacks import DeploymentFailed

ABOUT = """Deploy both systems to AWS or to a local AWS, compare them there, and remove them. Without --endpoint the account is that
of the usual environment variables or profile of AWS. plan and deploy --dry-run need no account."""
UNKNOWN = "<account>"  # in a dry run
Action = Callable[[argparse.Namespace, Console], int]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the actions with their options."""
    parser.description = ABOUT
    actions = parser.add_subparsers(required=True, metavar="ACTION", parser_class=type(parser))
    planned = actions.add_parser("plan", help="print what will be created, and its price, permissions and quotas")
    planned.add_argument("--rate", type=RATE, default=50.0, help="requests a second for the price and the quotas (50)")
    planned.set_defaults(command=_plan)
    deployed = actions.add_parser("deploy", help="create or update all stacks; a second run resumes an interrupted one")
    limit = deployed.add_mutually_exclusive_group()
    limit.add_argument("--budget", type=number(1, 1e6), metavar="DOLLARS", help="monthly budget; needs --email")
    limit.add_argument("--no-budget", action="store_true", help="deploy without a budget")
    deployed.add_argument("--email", type=_matching(r"[^@\s]+@[^@\s]+\.[^@\s]+"), help="notified by the budget")
    deployed.add_argument("--dry-run", action="store_true", help="print the steps, and run none")
    deployed.set_defaults(command=_deploy)
    compared = actions.add_parser("compare", help="compare what was deployed, from a load generator that is near it")
    compared.add_argument(
        "--profile", choices=PROFILES, default="standard", help="as of the command compare (standard)"
    )
    compared.add_argument("--scenario", action="append", default=[], choices=LoadOptions().scenarios, help="only this")
    compared.add_argument("--rate", type=RATE, help="arrivals a second on each side, instead of the profile's")
    compared.add_argument("--far", action="store_true", help="measure even if a connection takes long")
    add_results(compared)
    compared.set_defaults(command=_compare)
    destroyed = actions.add_parser("destroy", help="delete everything of the stage, its data included")
    destroyed.add_argument("--yes", action="store_true", help="required: the data is lost")
    destroyed.add_argument("--snapshots", action="store_true", help="make backups of tables and databases first")
    destroyed.set_defaults(command=_destroy)
    proven = actions.add_parser("proof", help="list what is left of the stage: exit status 1 if anything is")
    proven.set_defaults(command=_proof)
    for each in (planned, deployed, compared, destroyed, proven):
        _add_options(each)
    for each in (planned, deployed, compared, destroyed):
        each.add_argument("--side", choices=SIDES, help="only this side")
    for each in (planned, deployed):
        each.add_argument(
            "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the templates; repeatable"
        )


def _add_options(parser: argparse.ArgumentParser) -> None:
    stage = _matching(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){1,20}")  # ECR and RDS refuse two hyphens in a row
    parser.add_argument("--stage", type=stage, default="reference", help="prefix of every name (reference)")
    parser.add_argument("--region", type=_matching(r"[a-z]{2}(-[a-z]+)+-[1-9]"), default=REGION, help=f"({REGION})")
    parser.add_argument(
        "--endpoint", type=url("http", "https"), help="address of a local AWS, used instead of the account"
    )


def _matching(pattern: str) -> Callable[[str], str]:
    """Return an argparse type: a word that matches the pattern."""

    def parse(word: str) -> str:
        if not re.fullmatch(pattern, word) or len(word) > 200:
            raise argparse.ArgumentTypeError(f"{word!r:.100} does not match {pattern}")
        return word

    return parse


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Raise RunError with one line if AWS refuses a call or a stack fails, and UsageError without credentials."""
    try:
        yield
    except NoCredentialsError:
        raise UsageError("no credentials of AWS: set AWS_PROFILE, or run `aws configure`") from None
    except (DeploymentFailed, BotoCoreError, ClientError) as error:
        raise RunError(" ".join(f"{error}; run the same command again to resume".split())) from error


def _plan(options: argparse.Namespace, console: Console) -> int:
    _print(plan.lines(_waves(options, _target(options)), options), console)
    return 0


@_one_line_errors()
def _deploy(options: argparse.Namespace, console: Console) -> int:
    if options.budget is None and not options.no_budget:
        raise UsageError("give --budget DOLLARS, or --no-budget")
    if options.budget is not None and not options.email:
        raise UsageError("--budget needs --email: a budget that notifies nobody is of no use")
    target = _target(options)
    order = [[one for one in wave if not one.missing] for wave in _waves(options, target)]
    account = UNKNOWN if options.dry_run else target.account()
    deployment = _deployment(options, target, account)
    if options.budget:
        order = [[budget_of(options.budget, options.email)], *order]
    steps = Steps(deployment, order, target.packages, _image(options, target, account))
    if options.dry_run:
        _print((f"{number}. {text}" for number, step in enumerate(steps, start=1) for text in step), console)
        return 0
    for step in steps:
        _print(run_parallel(step), console)
    for name, value in compare.urls(deployment, _sides(options)).items():
        _print([f"{name.removeprefix('--')}: {value}"], console)
    return 0


@_one_line_errors()
def _compare(options: argparse.Namespace, console: Console) -> int:
    """Compare the deployed sides. With --side, the other one is started here."""
    target = _target(options)
    urls = compare.urls(_deployment(options, target, target.account()), _sides(options))
    if not options.far:
        _print([f"a connection takes {compare.require_near([*urls.values()]):.1f} ms"], console)
    words = [
        f"--profile={options.profile}",
        f"--results={options.results}",
        *(f"{name}={url}" for name, url in urls.items()),
    ]
    words += [f"--scenario={name}" for name in options.scenario] + ([f"--rate={options.rate}"] if options.rate else [])
    parser = argparse.ArgumentParser()
    comparison.register(parser)
    return comparison.command(parser.parse_args(words), console)


@_one_line_errors()
def _destroy(options: argparse.Namespace, console: Console) -> int:
    if not options.yes:
        raise UsageError(f"give --yes: all data of the stage {options.stage} is lost")
    target = _target(options)
    account, order = target.account(), waves_of(_sides(options), {})
    deployment, image = _deployment(options, target, account), _image(options, target, account)
    _print(destroy(target, deployment, order, image=image, snapshots=options.snapshots), console)
    return 0


@_one_line_errors()
def _proof(options: argparse.Namespace, console: Console) -> int:
    left = proof.left(_target(options), options.stage)
    _print(left or [f"nothing is left of {options.stage}"], console)
    return 1 if left else 0


def _sides(options: argparse.Namespace) -> tuple[str, ...]:
    return (options.side,) if options.side else SIDES


def _target(options: argparse.Namespace) -> Target:
    """Return the target. Raise UsageError for a region that the local AWS does not have."""
    if options.endpoint and options.region != REGION:
        raise UsageError(f"--region {options.region}: the local AWS has only {REGION}")
    return Target(options.region, options.endpoint)


def _deployment(options: argparse.Namespace, target: Target, account: str) -> Deployment:
    """Return the deployment of the stage. The bucket's name contains account and region, so that it is unique."""
    return Deployment(
        target,
        options.stage,
        bucket=f"{options.stage}-artifacts-{account}-{options.region}",
        parameters=_parameters(options, target),
        tags={TAG: options.stage},
        stack_seconds=STACK_SECONDS,
    )


def _image(options: argparse.Namespace, target: Target, account: str) -> Image:
    return Image(target, account, options.stage, _parameters(options, target).get("Architecture", ARCHITECTURE))


def _waves(options: argparse.Namespace, target: Target) -> list[list[Stack]]:
    return waves_of(_sides(options), _parameters(options, target))


def _parameters(options: argparse.Namespace, target: Target) -> dict[str, str]:
    """Return the parameters of the target and of the command line. Raise UsageError for one without a value."""
    words = getattr(options, "parameter", [])
    given = dict(word.partition("=")[::2] for word in words)
    if wrong := [word for word in words if "=" not in word or len(word) > 2_000]:
        raise UsageError(f"--parameter {wrong[0][:80]}: give NAME=VALUE")
    return {"Administrators": ADMINISTRATOR, **target.parameters(), **given}  # the parity check reads the feedback


def _print(lines: Iterable[str], console: Console) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
