"""Invoke the publisher with the event of a push, as CodeCommit's trigger does.

    python -m microservices.deploy.site_trigger <function> <endpoint> < lines of Git's post-receive hook

Git runs this as the repository's hook (see site_repository.py). The invocation is asynchronous, as on AWS.
"""

import json
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from microservices.deploy.emulator import REGION, local_client
from microservices.deploy.site_repository import REPOSITORY, SiteRepository
from shared_domain.site import BRANCH

REPOSITORY_ARN = f"arn:aws:codecommit:{REGION}:000000000000:{REPOSITORY}"  # the account of the local AWS
_NOTHING = "0" * 40  # Git's id for a missing commit: the branch is new or deleted
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})  # seconds; `git push` waits

Event = dict[str, Any]


def event_of(lines: Iterable[str], *, repository_arn: str = REPOSITORY_ARN) -> Event:
    """Return the event of a push, from lines `<old commit> <new commit> <reference>`."""
    record = {
        "awsRegion": REGION,
        "codecommit": {"references": [_reference(*line.split()) for line in lines]},
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
    """Return the event of a push that created the branch with its current content."""
    return event_of([f"{_NOTHING} {repository.head(BRANCH)} refs/heads/{BRANCH}"], repository_arn=repository_arn)


def _reference(old: str, new: str, name: str) -> dict[str, Any]:
    reference: dict[str, Any] = {"commit": old if new == _NOTHING else new, "ref": name}
    return reference | ({"created": True} if old == _NOTHING else {}) | ({"deleted": True} if new == _NOTHING else {})


def main() -> None:
    """Invoke the function. If that fails, show the reason in the output of `git push`."""
    function, endpoint = sys.argv[1:]
    functions = local_client("lambda", endpoint, config=_CONFIG)
    try:
        functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event_of(sys.stdin)))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"site: the push is stored and will be published at the next start of the services: {error}")
    print("site: the services publish the push in a moment")


if __name__ == "__main__":
    main()
