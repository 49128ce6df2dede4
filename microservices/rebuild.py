"""Send all posts to the services that subscribe to them, e.g. after search was removed and deployed again.

    python -m microservices.rebuild --api https://… --stage reference
    python -m microservices.rebuild --api http://127.0.0.1:4566/_aws/execute-api/…/$default --endpoint http://127.0.0.1:4566

The stream of posts retains the changes of one day, and the topic retains nothing. So this command reads the list of all posts and
invokes search-projection and votes-post-events with each of them. Each record is older than every other record of that post, so
the command can run while users write, run twice, or be interrupted.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import boto3
import urllib3

from microservices.deploy.emulator import local_client
from microservices.post_item import post_item, post_key
from shared_domain.contract.times import from_rfc3339
from shared_domain.posts import Post

FOLLOWERS = ("search-projection", "votes-post-events")
_OLDEST_SEQUENCE = "0"
_PAGE_LENGTH = 10

Json = dict[str, Any]


class RebuildFailed(Exception):
    """The API did not list the posts, or a function failed on one."""


def rebuild(get: Callable[[str], Json], functions: Any, *, stage: str) -> int:
    """Send all posts to the subscribers of a stage and return how many there were; `get` requests a path of the API."""
    sent = 0
    for posts in _pages(get):
        for follower in FOLLOWERS:
            _send(functions, f"{stage}-{follower}", posts)
        sent += len(posts)
    return sent


def _send(functions: Any, function: str, posts: Sequence[Post]) -> None:
    event = json.dumps({"Records": [_record(post) for post in posts]})
    response = functions.invoke(FunctionName=function, Payload=event)
    if "FunctionError" in response:
        raise RebuildFailed(f"{function} failed: {response['Payload'].read().decode()}")


def _pages(get: Callable[[str], Json]) -> Iterator[list[Post]]:
    query: dict[str, Any] = {"limit": _PAGE_LENGTH}
    while True:
        page = get(f"/posts?{urlencode(query)}")
        if page["items"]:
            yield [_post(item) for item in page["items"]]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def _record(post: Post) -> Json:
    """Return a stream record that inserts the post, older than every record of the real stream."""
    images = {"Keys": post_key(post.id), "NewImage": post_item(post), "SequenceNumber": _OLDEST_SEQUENCE}
    return {"eventName": "INSERT", "dynamodb": images}


def _post(item: Json) -> Post:
    times = {name: item[name] and from_rfc3339(item[name]) for name in ("boosted_until", "created_at", "updated_at")}
    return Post(**{**item, **times, "tags": tuple(item["tags"])})


def _make_client(api: str) -> Callable[[str], Json]:
    http = urllib3.PoolManager(timeout=10.0, retries=urllib3.Retry(3, status_forcelist=(429, 503), backoff_factor=0.2))

    def get(path: str) -> Json:
        response = http.request("GET", api + path)
        if response.status != 200:
            raise RebuildFailed(f"GET {path} answered {response.status}")
        page: Json = response.json()
        return page

    return get


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m microservices.rebuild", description="Send all posts to the services that follow posts."
    )
    parser.add_argument("--api", required=True, help="base URL of the API")
    parser.add_argument("--stage", default="reference", help="prefix of the functions' names (reference)")
    parser.add_argument("--endpoint", help="address of a local AWS; without it, AWS itself")
    options = parser.parse_args()
    functions = local_client("lambda", options.endpoint) if options.endpoint else boto3.client("lambda")
    print(f"sent {rebuild(_make_client(options.api), functions, stage=options.stage)} posts")


if __name__ == "__main__":
    main()
