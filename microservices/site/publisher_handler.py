"""Composition root of site-publisher: triggered by a push to the site's repository."""

import os
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from microservices.aws import client
from microservices.request_ids import with_request_id
from microservices.site.bucket import SiteBucket
from microservices.site.publication import is_push, publish_site
from microservices.site.repository import SiteRepository
from microservices.streams import handle_records, make_parking

_log = Logger()
_arn = os.environ["REPOSITORY_ARN"]
_repository = SiteRepository(client("codecommit"), _arn.rpartition(":")[2])
_bucket = SiteBucket(client("s3"), os.environ["SITE_BUCKET"])
_park = make_parking(client("sqs"), os.environ["PARKING_QUEUE_URL"], function=os.environ["AWS_LAMBDA_FUNCTION_NAME"])


@with_request_id
def lambda_handler(event: dict[str, Any], context: object) -> None:
    """Publish the site if its branch was pushed; ignore pushes to other branches and repositories."""
    pushes = handle_records(
        event["Records"], partial(is_push, repository_arn=_arn), key=lambda record: None, park=_park
    )
    changes = publish_site(_repository, _bucket) if any(pushes) else 0
    _log.info("site", records=len(event["Records"]), pushes=sum(pushes), changes=changes)
