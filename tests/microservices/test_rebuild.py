"""An index that was lost is made again from the posts."""

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from microservices.rebuild import rebuild
from tests.contract.client import Api
from tests.contract.cloud import REGION, STAGE
from tests.contract.gateway import gateway_over_moto

POSTS = 13  # more than a page


@pytest.fixture
def api() -> Iterator[Api]:
    with gateway_over_moto() as gateway, httpx.Client(transport=gateway, base_url="http://functions.test") as client:
        yield Api(client, patience=0)


def test_a_lost_index_is_made_again_and_made_twice_is_the_same(api: Api) -> None:
    ada = api.join("ada")
    for place in range(POSTS):
        api.published(ada, title=f"Marmot {place}", body="in the mountains")
    before = api.search(q="marmot", limit=100).json()
    _lose(boto3.client("dynamodb", region_name=REGION), f"{STAGE}-search")
    assert api.search(q="marmot").json()["items"] == []
    for _ in range(2):
        told = rebuild(
            lambda path: api.send("GET", path).json(),
            boto3.client("lambda", region_name=REGION),
            f"{STAGE}-search-projection",
        )
        assert told >= POSTS
        assert api.search(q="marmot", limit=100).json() == before


def _lose(dynamodb: Any, table: str) -> None:
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
