"""The site's repository for the functions in this process, served by the local CodeCommit."""

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
def initial_site() -> Iterator[str]:
    """Serve the initial site's repository while the block lasts. Yield the endpoint of its CodeCommit."""
    with codecommit(_repository()) as endpoint:
        yield endpoint


def first_push() -> dict[str, Any]:
    """Return the event of the first push."""
    return last_push(_repository(), repository_arn=REPOSITORY_ARN)


@cache
def _repository() -> SiteRepository:
    """Create the repository once, since no test pushes to it."""
    repository = SiteRepository(Path(tempfile.mkdtemp()) / "site.git")
    repository.prepare()
    return repository
