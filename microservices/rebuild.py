"""Tells the services that follow posts of all posts again, e.g. after search was removed and deployed anew.

    python -m microservices.rebuild --api https://… --stage reference
    python -m microservices.rebuild --api http://127.0.0.1:4566/_aws/execute-api/…/$default --endpoint http://127.0.0.1:4566

The stream of posts holds a day and the topic nothing; this walks the list of all posts and tells search's projection and votes'
ballots of each, as older than anything else that tells of it. So it may run while people write, twice, or be ended in the middle.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import boto3
import urllib3

from microservices.deploy.emulator import REGION, ROOT
from microservices.post_item import post_item, post_key
from shared_domain.contract.times import from_rfc3339
from shared_domain.posts import Post

FOLLOWERS = ("search-projection", "votes-post-events")
_BEFORE_THE_STREAM = "0"
_AT_ONCE = 10

Json = dict[str, Any]


class RebuildFailed(Exception):
    """The API did not list the posts, or a follower did not take one."""


def rebuild(get: Callable[[str], Json], functions: Any, *, stage: str) -> int:
    """Return how many posts the stage's followers were told of; `get` asks the API for a path."""
    told = 0
    for posts in _pages(get):
        for follower in FOLLOWERS:
            _tell(functions, f"{stage}-{follower}", posts)
        told += len(posts)
    return told


def _tell(functions: Any, function: str, posts: Sequence[Post]) -> None:
    event = json.dumps({"Records": [_record(post) for post in posts]})
    answer = functions.invoke(FunctionName=function, Payload=event)
    if "FunctionError" in answer:
        raise RebuildFailed(f"{function} failed: {answer['Payload'].read().decode()}")


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
    times = {name: item[name] and from_rfc3339(item[name]) for name in ("boosted_until", "created_at", "updated_at")}
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
    parser = argparse.ArgumentParser(prog="python -m microservices.rebuild", description="Tell of all posts again.")
    parser.add_argument("--api", required=True, help="base URL of the API")
    parser.add_argument("--stage", default="reference", help="first part of the functions' names (reference)")
    parser.add_argument("--endpoint", help="address of a local AWS; AWS itself where it is not given")
    asked = parser.parse_args()
    session = boto3.Session(region_name=REGION, **ROOT) if asked.endpoint else boto3.Session()
    functions = session.client("lambda", endpoint_url=asked.endpoint)
    print(f"told of {rebuild(_asking(asked.api), functions, stage=asked.stage)} posts")


if __name__ == "__main__":
    main()
