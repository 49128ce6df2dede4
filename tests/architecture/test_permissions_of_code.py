"""Each function may do what its code calls and what wakes it needs: no more, no less, and on named resources only.

What its code calls is read from the modules of its zip (reachable.py, actions.py), what its role grants from its template
(grants.py). tests/microservices/test_permissions.py shows that a running AWS denies everything else.
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
from microservices.deploy.modules import needed
from microservices.deploy.packages import local_source
from tests.architecture.iam_actions import Unreadable, actions
from tests.architecture.iam_grants import Template, for_others, granted, listed, told

# Keys of a bucket and connections of a WebSocket API come and go, so these name all of one folder or of one API.
MANY_OF_ONE = re.compile(r"(\$\{\w+(\.Arn)?\}|:s3:::[^*/]+)/([\w-]+/)*\*$|/@connections/\*$")

# Who may not list a bucket hears from S3 that a missing object is forbidden, as one is that a role forgets to name.
TELLS_WHAT_IS_MISSING = {"s3:ListBucket"}


class Deployed(NamedTuple):
    """A function as it is deployed: its service's template, its part of it, the handler and the modules of its zip."""

    template: Template
    function: Mapping[str, Any]
    handler: str
    files: Mapping[str, Path]


@cache
def functions() -> dict[str, Deployed]:
    places, found = local_source().places, {}
    for service in templates.services():
        for function in templates.resources(service, "AWS::Serverless::Function").values():
            name, handler = templates.name_in_stage(function["FunctionName"]), function["Handler"]
            modules = needed(handler.rpartition(".")[0], places).items()
            ours = {module: file for module, file in modules if library(module) in OURS}
            found[name] = Deployed(templates.load(service), function, handler, ours)
    return found


every_function = pytest.mark.parametrize(
    "name", [name for service in templates.services() for name in templates.functions(service)]
)


def differences(one: Deployed) -> tuple[set[str], set[str]]:
    """Return the actions that the code asks for and the role lacks, and those that it grants for nothing."""
    asked = actions(one.files, one.handler)
    given = {action for action, _ in granted(one.template, one.function) - for_others(one.function)}
    return asked - given, given - asked - (TELLS_WHAT_IS_MISSING if "s3:GetObject" in asked else set())


@every_function
def test_a_role_grants_what_the_code_calls_and_nothing_else(name: str) -> None:
    assert differences(functions()[name]) == (set(), set())


@every_function
def test_a_role_grants_what_wakes_the_function_and_its_log_need(name: str) -> None:
    one = functions()[name]
    assert for_others(one.function) <= granted(one.template, one.function)


@every_function
def test_a_role_reaches_the_resources_that_the_function_is_told_of_and_no_others(name: str) -> None:
    one = functions()[name]
    reached = {resource for _, resource in granted(one.template, one.function) - for_others(one.function)}
    assert reached == told(one.template, one.function)


@every_function
def test_a_function_makes_clients_in_one_place_and_asks_none_by_a_name_that_nobody_can_read(name: str) -> None:
    files = functions()[name].files.items()
    code = {module: file.read_text() for module, file in files if library(module) == "microservices"}
    assert {module for module, text in code.items() if "boto3.client(" in text} <= {"microservices.aws"}
    assert [module for module, text in code.items() if "getattr(" in text or "boto3.resource(" in text] == []


@pytest.mark.parametrize("service", templates.services())
def test_a_statement_names_its_resources(service: str) -> None:
    for role in templates.resources(service, "AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert not _reaches_too_far(statement), statement


def _reaches_too_far(statement: Mapping[str, Any]) -> bool:
    texts = [each if isinstance(each, str) else str(each.get("Fn::Sub", "")) for each in listed(statement["Resource"])]
    return any("*" in text and not MANY_OF_ONE.search(text) for text in texts)


# What follows plants a fault in what is there, and shows that the tests above would tell.


@pytest.fixture
def posts() -> Deployed:
    return functions()["posts-http"]


def planted(one: Deployed, module: str, *, old: str, new: str, folder: Path) -> Deployed:
    """Return the function with other words in one of its modules."""
    code = one.files[module].read_text()
    assert old in code
    file = folder / "planted.py"
    file.write_text(code.replace(old, new))
    return one._replace(files={**one.files, module: file})


def test_a_new_call_without_a_grant_is_told(posts: Deployed, tmp_path: Path) -> None:
    changed = planted(
        posts,
        "microservices.posts.store",
        old="self._dynamodb.get_item(TableName",
        new="self._dynamodb.scan(TableName=self._table) and self._dynamodb.get_item(TableName",
        folder=tmp_path,
    )
    assert differences(changed) == ({"dynamodb:Scan"}, set())


def test_a_call_that_another_module_makes_is_told(posts: Deployed, tmp_path: Path) -> None:
    changed = planted(
        posts, "microservices.dynamo", old="dynamodb.batch_get_item", new="dynamodb.batch_write_item", folder=tmp_path
    )
    assert differences(changed) == ({"dynamodb:BatchWriteItem"}, {"dynamodb:BatchGetItem"})


def test_a_new_member_of_a_transaction_is_told(posts: Deployed, tmp_path: Path) -> None:
    changed = planted(posts, "microservices.posts.store", old='{"Update":', new='{"ConditionCheck":', folder=tmp_path)
    assert differences(changed) == ({"dynamodb:ConditionCheckItem"}, {"dynamodb:UpdateItem"})


def test_a_client_under_another_name_is_told(posts: Deployed, tmp_path: Path) -> None:
    changed = planted(
        posts, "microservices.posts.peers", old="self._lambda.invoke(", new="self._votes.invoke_async(", folder=tmp_path
    )
    assert differences(changed) == ({"lambda:InvokeAsync"}, {"lambda:InvokeFunction"})


def test_a_call_that_nothing_reaches_asks_for_no_grant(posts: Deployed, tmp_path: Path) -> None:
    never = "\n    def never(self) -> None:\n        self._dynamodb.scan(TableName=self._table)\n\n    def _transact("
    changed = planted(posts, "microservices.posts.store", old="\n    def _transact(", new=never, folder=tmp_path)
    assert differences(changed) == (set(), set())


def test_an_operation_that_no_service_has_is_refused(posts: Deployed, tmp_path: Path) -> None:
    changed = planted(
        posts, "microservices.posts.store", old="self._dynamodb.get_item(", new="self._dynamodb.fetch(", folder=tmp_path
    )
    with pytest.raises(Unreadable, match=r"posts\.store:\d+: dynamodb has no operation fetch"):
        differences(changed)


def test_a_grant_without_a_call_is_told(posts: Deployed) -> None:
    template = copy.deepcopy(dict(posts.template))
    policy = template["Resources"]["HttpRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Action": "dynamodb:Scan", "Resource": {"Fn::GetAtt": "Table.Arn"}})
    policy["Statement"].append({"Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}})
    assert differences(posts._replace(template=template)) == (set(), {"dynamodb:Scan", "s3:GetObject"})


@pytest.mark.parametrize(
    "resource", ["*", {"Fn::Sub": "arn:${AWS::Partition}:sqs:*:*:${Stage}-x"}, {"Fn::Sub": "${Table}*"}]
)
def test_a_resource_that_is_everything_is_told(resource: Any) -> None:
    assert _reaches_too_far({"Action": "dynamodb:GetItem", "Resource": [resource]})
