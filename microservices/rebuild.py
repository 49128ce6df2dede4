"""Makes the search index again from the posts, e.g. after the search room was removed and deployed anew.

    python -m microservices.rebuild --api https://… --stage reference
    python -m microservices.rebuild --api http://127.0.0.1:4566/_aws/execute-api/…/$default --endpoint http://127.0.0.1:4566

The stream of posts holds a day; this walks the list of all posts and tells the projection of each, as older than anything that
the stream tells. So it may run while people write, twice, or be ended in the middle.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
import urllib3

from microservices.deploy.emulator import REGION, ROOT
from microservices.post_item import post_item, post_key
from shared_domain.contract.times import read
from shared_domain.posts import Post

_BEFORE_THE_STREAM = "0"
_AT_ONCE = 10

Json = dict[str, Any]


class RebuildFailed(Exception):
    """The API did not list the posts, or the projection did not take one."""


def rebuild(get: Callable[[str], Json], functions: Any, function: str) -> int:
    """Return how many posts the function `function` was told of; `get` asks the API for a path."""
    told = 0
    for posts in _pages(get):
        event = json.dumps({"Records": [_record(post) for post in posts]})
        answer = functions.invoke(FunctionName=function, Payload=event)
        if "FunctionError" in answer:
            raise RebuildFailed(f"{function} failed: {answer['Payload'].read().decode()}")
        told += len(posts)
    return told


def _pages(get: Callable[[str], Json]) -> Iterator[list[Post]]:
    query: dict[str, Any] = {"limit": _AT_ONCE}
    while True:
        page = get(f"/posts?{urlencode(query)}")
        if page["items"]:
            yield [_post(item) for item in page["items"]]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def _record(post: Post) -> Json:
    """Return what the stream would tell of the post, had it told it before everything else."""
    images = {"Keys": post_key(post.id), "NewImage": post_item(post), "SequenceNumber": _BEFORE_THE_STREAM}
    return {"eventName": "INSERT", "dynamodb": images}


def _post(item: Json) -> Post:
    times = {name: item[name] and read(item[name]) for name in ("boosted_until", "created_at", "updated_at")}
    return Post(**{**item, **times, "tags": tuple(item["tags"])})


def _asking(api: str) -> Callable[[str], Json]:
    http = urllib3.PoolManager(timeout=10.0, retries=urllib3.Retry(3, status_forcelist=(429, 503), backoff_factor=0.2))

    def get(path: str) -> Json:
        answer = http.request("GET", api + path)
        if answer.status != 200:
            raise RebuildFailed(f"GET {path} answered {answer.status}")
        page: Json = answer.json()
        return page

    return get


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m microservices.rebuild", description="Make the search index again.")
    parser.add_argument("--api", required=True, help="base URL of the API")
    parser.add_argument("--stage", default="reference", help="first part of the functions' names (reference)")
    parser.add_argument("--endpoint", help="address of a local AWS; AWS itself where it is not given")
    asked = parser.parse_args()
    session = boto3.Session(region_name=REGION, **ROOT) if asked.endpoint else boto3.Session()
    functions = session.client("lambda", endpoint_url=asked.endpoint)
    print(f"{rebuild(_asking(asked.api), functions, f'{asked.stage}-search-projection')} posts are in the index")


if __name__ == "__main__":
    main()
