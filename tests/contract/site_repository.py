"""The site's repository for the functions in this process: the local CodeCommit, as a deployment on one machine has it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from microservices.deploy.codecommit import codecommit
from microservices.deploy.site_repository import REPOSITORY, SiteRepository
from microservices.deploy.site_trigger import last_push

from .resources import ACCOUNT, REGION

REPOSITORY_ARN = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:{REPOSITORY}"


@contextmanager
def site_as_it_comes() -> Iterator[str]:
    """Serve the site's repository while the block lasts; yield the endpoint of its CodeCommit."""
    with codecommit(_repository()) as endpoint:
        yield endpoint


def first_push() -> dict[str, Any]:
    """Return the event of the push that brought the site."""
    return last_push(_repository(), repository_arn=REPOSITORY_ARN)


@cache
def _repository() -> SiteRepository:
    """Made once for all, for nobody pushes to it."""
    repository = SiteRepository(Path(tempfile.mkdtemp()) / "site.git")
    repository.prepare()
    return repository
