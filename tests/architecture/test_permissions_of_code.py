"""Check that each role grants exactly what the function's code and event sources need, on named resources only.

iam_actions.py reads the calls from the modules of the zip, and iam_grants.py the grants from the template.
tests/microservices/test_permissions.py shows that the running local AWS denies everything else.
"""

import copy
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from microservices.deploy import templates
from microservices.deploy.imports import OURS, library
from microservices.deploy.modules import find_modules
from microservices.deploy.packages import local_source
from tests.architecture.iam_actions import Unreadable, actions
from tests.architecture.iam_grants import Template, environment_resources, granted, listed, platform_grants

# A wildcard may stand for the keys of one folder, and for the connections of one WebSocket API.
MANY_OF_ONE = re.compile(r"(\$\{\w+(\.Arn)?\}|:s3:::[^*/]+)/([\w-]+/)*\*$|/@connections/\*$")

# Without it S3 answers 403 instead of 404 for a missing object.
FOR_MISSING_OBJECTS = {"s3:ListBucket"}


class Deployed(NamedTuple):
    """A deployed function: its template, its properties, its handler and the modules of its zip."""

    template: Template
    function: Mapping[str, Any]
    handler: str
    files: Mapping[str, Path]


@cache
def functions() -> dict[str, Deployed]:
    places, deployed = local_source().places, {}
    for service in templates.services():
        for function in templates.resources(service, "AWS::Serverless::Function").values():
            name, handler = templates.name_in_stage(function["FunctionName"]), function["Handler"]
            modules = find_modules(handler.rpartition(".")[0], places).items()
            ours = {module: file for module, file in modules if library(module) in OURS}
            deployed[name] = Deployed(templates.load(service), function, handler, ours)
    return deployed


every_function = pytest.mark.parametrize(
    "name", [name for service in templates.services() for name in templates.functions(service)]
)


def differences(one: Deployed) -> tuple[set[str], set[str]]:
    """Return the actions that the role lacks, and those that it grants without a call."""
    called = actions(one.files, one.handler)
    allowed = {action for action, _ in granted(one.template, one.function) - platform_grants(one.function)}
    return called - allowed, allowed - called - (FOR_MISSING_OBJECTS if "s3:GetObject" in called else set())


@every_function
def test_a_role_grants_exactly_the_calls_of_the_code(name: str) -> None:
    assert differences(functions()[name]) == (set(), set())


@every_function
def test_a_role_grants_what_the_log_and_the_event_sources_need(name: str) -> None:
    one = functions()[name]
    assert platform_grants(one.function) <= granted(one.template, one.function)


@every_function
def test_a_role_names_exactly_the_resources_in_the_functions_environment(name: str) -> None:
    one = functions()[name]
    resources = {resource for _, resource in granted(one.template, one.function) - platform_grants(one.function)}
    assert resources == environment_resources(one.template, one.function)


@every_function
def test_clients_are_created_in_one_module_and_called_by_literal_names(name: str) -> None:
    files = functions()[name].files.items()
    code = {module: file.read_text() for module, file in files if library(module) == "microservices"}
    assert {module for module, text in code.items() if "boto3.client(" in text} <= {"microservices.aws"}
    assert [module for module, text in code.items() if "getattr(" in text or "boto3.resource(" in text] == []


@pytest.mark.parametrize("service", templates.services())
def test_every_statement_names_its_resources(service: str) -> None:
    for role in templates.resources(service, "AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert not _is_too_wide(statement), statement


def _is_too_wide(statement: Mapping[str, Any]) -> bool:
    texts = [each if isinstance(each, str) else str(each.get("Fn::Sub", "")) for each in listed(statement["Resource"])]
    return any("*" in text and not MANY_OF_ONE.search(text) for text in texts)


# The tests below plant a fault, and check that the tests above would detect it.


@pytest.fixture
def posts() -> Deployed:
    return functions()["posts-http"]


def plant(one: Deployed, module: str, *, old: str, new: str, folder: Path) -> Deployed:
    """Return the function with a change in one of its modules."""
    code = one.files[module].read_text()
    assert old in code
    file = folder / "planted.py"
    file.write_text(code.replace(old, new))
    return one._replace(files={**one.files, module: file})


def test_a_call_without_a_grant_is_detected(posts: Deployed, tmp_path: Path) -> None:
    changed = plant(
        posts,
        "microservices.posts.store",
        old="self._dynamodb.get_item(TableName",
        new="self._dynamodb.scan(TableName=self._table) and self._dynamodb.get_item(TableName",
        folder=tmp_path,
    )
    assert differences(changed) == ({"dynamodb:Scan"}, set())


def test_a_call_in_another_module_is_detected(posts: Deployed, tmp_path: Path) -> None:
    changed = plant(
        posts, "microservices.dynamo", old="dynamodb.batch_get_item", new="dynamodb.batch_write_item", folder=tmp_path
    )
    assert differences(changed) == ({"dynamodb:BatchWriteItem"}, {"dynamodb:BatchGetItem"})


def test_a_new_item_of_a_transaction_is_detected(posts: Deployed, tmp_path: Path) -> None:
    changed = plant(posts, "microservices.posts.store", old='{"Update":', new='{"ConditionCheck":', folder=tmp_path)
    assert differences(changed) == ({"dynamodb:ConditionCheckItem"}, {"dynamodb:UpdateItem"})


def test_a_client_with_another_name_is_detected(posts: Deployed, tmp_path: Path) -> None:
    changed = plant(
        posts, "microservices.posts.peers", old="self._lambda.invoke(", new="self._votes.invoke_async(", folder=tmp_path
    )
    assert differences(changed) == ({"lambda:InvokeAsync"}, {"lambda:InvokeFunction"})


def test_unreachable_code_needs_no_grant(posts: Deployed, tmp_path: Path) -> None:
    never = "\n    def never(self) -> None:\n        self._dynamodb.scan(TableName=self._table)\n\n    def _transact("
    changed = plant(posts, "microservices.posts.store", old="\n    def _transact(", new=never, folder=tmp_path)
    assert differences(changed) == (set(), set())


def test_an_unknown_operation_raises_an_error(posts: Deployed, tmp_path: Path) -> None:
    changed = plant(
        posts, "microservices.posts.store", old="self._dynamodb.get_item(", new="self._dynamodb.fetch(", folder=tmp_path
    )
    with pytest.raises(Unreadable, match=r"posts\.store:\d+: dynamodb has no operation fetch"):
        differences(changed)


def test_a_grant_without_a_call_is_detected(posts: Deployed) -> None:
    template = copy.deepcopy(dict(posts.template))
    policy = template["Resources"]["HttpRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Action": "dynamodb:Scan", "Resource": {"Fn::GetAtt": "Table.Arn"}})
    policy["Statement"].append({"Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}})
    assert differences(posts._replace(template=template)) == (set(), {"dynamodb:Scan", "s3:GetObject"})


@pytest.mark.parametrize(
    "resource", ["*", {"Fn::Sub": "arn:${AWS::Partition}:sqs:*:*:${Stage}-x"}, {"Fn::Sub": "${Table}*"}]
)
def test_a_wildcard_resource_is_detected(resource: Any) -> None:
    assert _is_too_wide({"Action": "dynamodb:GetItem", "Resource": [resource]})
