"""The trigger of the local CodeCommit: tells the function of a push, in the words of the real one.

    python -m microservices.deploy.site_trigger <function> <endpoint> < lines of Git's post-receive hook

Git runs this as the repository's hook (see site_repository.py). As on AWS the function is told, not waited for.
"""

import json
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from microservices.deploy.emulator import REGION, ROOT
from microservices.deploy.site_repository import REPOSITORY, SiteRepository
from shared_domain.site import BRANCH

REPOSITORY_ARN = f"arn:aws:codecommit:{REGION}:000000000000:{REPOSITORY}"  # with the account of the local AWS
_NOTHING = "0" * 40  # what Git says for a reference that was not there, or is no more
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})  # seconds; the pusher waits

Event = dict[str, Any]


def event_of(pushed: Iterable[str], *, repository_arn: str = REPOSITORY_ARN) -> Event:
    """Return the event of a push, told by lines `<old commit> <new commit> <reference>`."""
    record = {
        "awsRegion": REGION,
        "codecommit": {"references": [_reference(*line.split()) for line in pushed]},
        "eventId": str(uuid.uuid4()),
        "eventName": "ReferenceChanges",
        "eventPartNumber": 1,
        "eventSource": "aws:codecommit",
        "eventSourceARN": repository_arn,
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "eventTotalParts": 1,
        "eventTriggerConfigId": str(uuid.uuid4()),
        "eventTriggerName": "site",
        "eventVersion": "1.0",
        "userIdentityARN": "arn:aws:iam::000000000000:root",
    }
    return {"Records": [record]}


def last_push(repository: SiteRepository, *, repository_arn: str = REPOSITORY_ARN) -> Event:
    """Return an event as of a push that brought all that the branch holds."""
    return event_of([f"{_NOTHING} {repository.head(BRANCH)} refs/heads/{BRANCH}"], repository_arn=repository_arn)


def _reference(old: str, new: str, name: str) -> dict[str, Any]:
    told: dict[str, Any] = {"commit": old if new == _NOTHING else new, "ref": name}
    return told | ({"created": True} if old == _NOTHING else {}) | ({"deleted": True} if new == _NOTHING else {})


def main() -> None:
    """Tell the function; where it cannot be told, say so to the pusher."""
    function, endpoint = sys.argv[1:]
    functions = boto3.Session(region_name=REGION, **ROOT).client("lambda", endpoint_url=endpoint, config=_CONFIG)
    try:
        functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event_of(sys.stdin)))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"site: your push is kept, and published when the services start again: {error}")
    print("site: the services were told, and publish it in a moment")


if __name__ == "__main__":
    main()
