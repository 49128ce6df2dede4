"""Price and quotas of a deployment before it exists, from the prices and limits of loadtests/forecast and the reference run."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from loadtests import mixes
from loadtests.aws.stacks import MICROSERVICES, Stack
from loadtests.forecast import costs, limits
from loadtests.forecast.parameters import REGIONS, Parameters, load
from loadtests.forecast.traffic import flat
from loadtests.forecast.units import MONTH_HOURS
from loadtests.metering import counts
from loadtests.processes import ROOT

MIX = "everything"
CONCURRENCY = "lambda.account_concurrency"
# Default quotas of a region, from the pages "quotas" of each service's documentation, read 2026-11-30.
QUOTAS = {
    "AWS::ApiGatewayV2::Api": 600,
    "AWS::ApiGatewayV2::Integration": 300,  # of one API
    "AWS::ApiGatewayV2::Route": 300,  # of one API
    "AWS::CloudWatch::Alarm": 5_000,
    "AWS::DynamoDB::Table": 2_500,
    "AWS::EC2::EIP": 5,
    "AWS::EC2::VPC": 5,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 50,
    "AWS::IAM::Role": 1_000,
    "AWS::RDS::DBInstance": 40,
    "AWS::S3::Bucket": 10_000,
}
CLOSE = 0.5  # share of a quota above which the plan names it


class Price(NamedTuple):
    """Dollars an hour of one side, without requests and at a rate. form: of its deployment, as in the bill."""

    side: str
    form: str
    idle: float
    at_rate: float


class Quota(NamedTuple):
    """A quota, and how much of it the deployment needs."""

    what: str
    needed: float
    allowed: float

    @property
    def is_close(self) -> bool:
        """Return whether to request more of it before a deployment."""
        return self.needed > CLOSE * self.allowed


def prices(stacks: Sequence[Stack], rate: float, region: str) -> list[Price]:
    """Return the price of each side at list prices, without the free tier. rate: requests a second of all journeys, mixed.

    A region without a price file has the prices of the first one that has.
    """
    metering, parameters = _metering(stacks), _parameters(region)
    model = costs.model_of(metering, costs.mix_of(metering, mixes.by_name(MIX).journeys), parameters)

    def hourly(form: str, at: float) -> float:
        return float(costs.total(costs.costs(model, form, flat(at)))) / MONTH_HOURS

    forms = {one.side: _form(one) for one in stacks}
    return [Price(side, form, hourly(form, 0.0), hourly(form, rate)) for side, form in forms.items()]


def quotas(stacks: Sequence[Stack], rate: float, region: str) -> list[Quota]:
    """Return the quotas of an account's resources, and those of a second at the rate."""
    created = _created(stacks)
    counted = [Quota(kind, created[kind], most) for kind, most in QUOTAS.items() if created[kind]]
    return [*counted, *_of_rate({one.side for one in stacks}, rate, region)]


def _form(stack: Stack) -> str:
    if stack.side == MICROSERVICES:
        return costs.FUNCTIONS
    return costs.TWO_ZONES if stack.values.get("Zones") == "2" else costs.ONE_ZONE


def _of_rate(sides: set[str], rate: float, region: str) -> Iterator[Quota]:
    metering, parameters = _metering(()), _parameters(region)
    load_of_mix = limits.load_of(costs.mix_of(metering, mixes.by_name(MIX).journeys), metering, parameters)
    users = rate / limits.peak_rate(parameters)
    for one in limits.limits(load_of_mix, parameters, shards=1):
        if one.side not in sides:
            continue
        yield Quota(f"{one.what} ({one.name})", users * one.demand, one.capacity)
        if one.name == CONCURRENCY:
            least, _ = parameters.figure(CONCURRENCY).range or (one.capacity, 0)
            yield Quota(f"{one.what}, in a new account", users * one.demand, least)


def _metering(stacks: Sequence[Stack]) -> counts.Metering:
    """Return the counts of the reference run, with what the services bill while nothing runs."""
    metering = counts.read(ROOT / "docs" / "reference")
    created = _created([one for one in stacks if one.side == MICROSERVICES])
    kinds = {
        "alarms": "AWS::CloudWatch::Alarm",
        "custom_metrics": "AWS::Logs::MetricFilter",
        "secrets": "AWS::SecretsManager::Secret",
    }
    own = {name: float(created[kind]) for name, kind in kinds.items() if created[kind]}
    return msgspec.structs.replace(metering, resources=metering.resources | own)


def _created(stacks: Sequence[Stack]) -> Counter[str]:
    return sum((one.resources() for one in stacks), Counter[str]())


def _parameters(region: str) -> Parameters:
    return load(region if region in REGIONS else REGIONS[0])
