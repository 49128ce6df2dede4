"""The stacks of a deployment and what each creates, read from the templates. No account is needed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from loadtests.errors import UsageError
from loadtests.processes import ROOT
from loadtests.results import SIDES
from microservices.deploy import deployment, templates
from microservices.deploy.deployment import waves

MONOLITH, MICROSERVICES = SIDES
TAG = "monolith-or-microservices"  # the key of the tag that every resource carries. Its value is the stage
LATER = ("ArtifactsBucket", "Release", "Image")  # parameters that the deployment sets once zips and image are built
SET_HERE = ("Stage", "ArtifactsBucket", "Release")  # parameters that must match names and zips of the deployment
BUDGET = "budget"  # the name of a stack of its own, which belongs to no side
# What SAM adds for an event of a function.
_OF_EVENT = {
    "DynamoDB": ("AWS::Lambda::EventSourceMapping",),
    "Kinesis": ("AWS::Lambda::EventSourceMapping",),
    "SQS": ("AWS::Lambda::EventSourceMapping",),
    "SNS": ("AWS::SNS::Subscription", "AWS::Lambda::Permission"),
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of one side. name: without the stage. given: parameters of the command line, also those of other stacks."""

    side: str
    name: str
    template: Path
    given: Mapping[str, str]

    @property
    def declared(self) -> Mapping[str, Any]:
        """Return the parameters of the template."""
        parameters: Mapping[str, Any] = _load(self.template).get("Parameters", {})
        return parameters

    @property
    def values(self) -> dict[str, str]:
        """Return the values of its parameters, the defaults included."""
        defaults = {name: str(one["Default"]) for name, one in self.declared.items() if "Default" in one}
        return defaults | {name: value for name, value in self.given.items() if name in self.declared}

    @property
    def missing(self) -> list[str]:
        """Return the parameters without a value. The stack cannot be deployed without them."""
        return [name for name in self.declared if name not in {*self.values, *LATER}]

    def resources(self) -> Counter[str]:
        """Return how many resources of each type the stack creates with its values."""
        conditions = _Conditions(_load(self.template).get("Conditions", {}), self.values)
        created = [one for one in _load(self.template)["Resources"].values() if conditions.hold(one.get("Condition"))]
        return Counter(kind for one in created for kind in _kinds(one))


def waves_of(sides: Sequence[str], given: Mapping[str, str]) -> list[list[Stack]]:
    """Return the stacks in the order of their deployment. Those of one wave are deployed in parallel.

    Raise UsageError for a parameter that no template has or that the deployment sets, or for a value that one does not allow.
    """
    order: list[list[Stack]] = []
    if MICROSERVICES in sides:
        names = waves(templates.services())
        order = [[Stack(MICROSERVICES, name, templates.path(name), given) for name in wave] for wave in names]
    if MONOLITH in sides:
        first, *later = order or [[]]
        order = [[*first, Stack(MONOLITH, MONOLITH, ROOT / "monolith" / "template.yaml", given)], *later]
    declared = [each for wave in order for one in wave for each in one.declared.items()]
    if unknown := sorted({*given} - {name for name, _ in declared}):
        raise UsageError(f"--parameter {unknown[0]}: no template has it")
    if own := [name for name in SET_HERE if name in given]:
        raise UsageError(f"--parameter {own[0]}: the deployment sets it")
    for name, parameter in declared:
        allowed = [str(value) for value in parameter.get("AllowedValues", ())]
        if allowed and given.get(name, allowed[0]) not in allowed:
            raise UsageError(f"--parameter {name}={given[name][:80]!r}: give {' or '.join(allowed)}")
    return order


def budget_of(dollars: float, email: str) -> Stack:
    """Return the stack of a monthly budget, whose notifications go to an address."""
    template = Path(deployment.__file__).with_name("budget.yaml")
    return Stack("", BUDGET, template, {"Dollars": f"{dollars:g}", "Email": email})


@cache
def _load(template: Path) -> dict[str, Any]:
    try:
        return templates.parse(template)
    except FileNotFoundError:
        raise UsageError(f"{template} is missing: this side cannot be deployed") from None


def _kinds(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield the types of what SAM makes of a resource: a function with events is several."""
    if resource["Type"] != "AWS::Serverless::Function":
        yield resource["Type"]
        return
    yield "AWS::Lambda::Function"
    if "EventInvokeConfig" in resource["Properties"]:
        yield "AWS::Lambda::EventInvokeConfig"
    for event in resource["Properties"].get("Events", {}).values():
        yield from _OF_EVENT[event["Type"]]


@dataclass(frozen=True, slots=True)
class _Conditions:
    """The conditions of a template with the values of its parameters."""

    conditions: Mapping[str, Any]
    values: Mapping[str, str]

    def hold(self, name: str | None) -> bool:
        """Return whether a condition holds, by its name. No condition always holds."""
        return name is None or bool(self._value(self.conditions[name]))

    def _value(self, node: Any) -> Any:
        match node:
            case {"Ref": name}:
                node = self.values.get(name, "")
            case {"Condition": name}:
                node = self.hold(name)
            case {"Fn::Equals": [first, second]}:
                node = str(self._value(first)) == str(self._value(second))
            case {"Fn::Not": [one]}:
                node = not self._value(one)
            case {"Fn::And": list(every)}:
                node = all(map(self._value, every))
            case {"Fn::Or": list(every)}:
                node = any(map(self._value, every))
        return node
