"""A rebuild restores a lost index and a lost leaderboard from the posts."""

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from microservices.rebuild import rebuild
from tests.contract.client import Api, Json
from tests.contract.cloud import REGION, STAGE
from tests.contract.gateway import gateway_over_moto

POSTS = 13  # more than one page


@pytest.fixture
def api() -> Iterator[Api]:
    with gateway_over_moto() as gateway, httpx.Client(transport=gateway, base_url="http://functions.test") as client:
        yield Api(client, patience=0)


def test_a_rebuild_restores_lost_data_and_a_second_one_changes_nothing(api: Api) -> None:
    ada = api.join("ada")
    for place in range(POSTS):
        api.published(ada, title=f"Marmot {place}", body="in the mountains")
    before = _results(api)
    for service in ("search", "votes"):
        _delete_items(boto3.client("dynamodb", region_name=REGION), f"{STAGE}-{service}")
    assert api.search(q="marmot").json()["items"] == []
    functions = boto3.client("lambda", region_name=REGION)
    for _ in range(2):
        assert rebuild(lambda path: api.send("GET", path).json(), functions, stage=STAGE) >= POSTS
        assert _results(api) == before


def _results(api: Api) -> list[Json]:
    results, leaderboard = api.search(q="marmot", limit=100), api.leaderboard(limit=100)
    return [answer.json()["items"] for answer in (results, leaderboard)]


def _delete_items(dynamodb: Any, table: str) -> None:
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
