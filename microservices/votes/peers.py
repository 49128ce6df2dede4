"""Check with the posts service that a post exists. The monolith has no such file: the post is a row of the same transaction."""

import random
import time

import urllib3

from microservices.votes.store import DynamoVotes
from shared_domain.errors import NotFound, Unavailable

# Long enough for a cold start on a busy machine: a shorter timeout would retry, and so start posts twice.
_TIMEOUT_SECONDS = 8
_NOT_A_VIEW = {"Sec-Purpose": "prefetch"}  # so that posts does not count a view: see shared_domain/contract/trending.py
_SATURATED_STATUSES = (429, 503)  # a saturated gateway refuses at once, and accepts the request a moment later
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 1.6, 1.6)  # seconds, before each retry of a refused request
_MAX_SECONDS = 7  # no retry starts later. It may wait twice for the timeout, and the function's timeout is 25
_EXISTS = {200: True, 404: False}


class PostsService:
    def __init__(self, store: DynamoVotes, *, api_base: str) -> None:
        self._store = store
        self._api_base = api_base
        self._http = urllib3.PoolManager(timeout=_TIMEOUT_SECONDS)

    def require(self, post_id: str) -> None:
        """Check that the post exists. Raise NotFound if it does not, Unavailable if the posts service does not respond.

        Read this service's own table first, which post events update, so that voting works while posts is unavailable.
        Call the posts service only for a post whose event has not arrived yet, because it was just published.
        """
        exists = self._store.post_exists(post_id)  # network
        if exists is None:
            exists = self._request_post(post_id)
        if not exists:
            raise NotFound("there is no such post")

    def _request_post(self, post_id: str) -> bool:
        url, deadline = f"{self._api_base}/posts/{post_id}", time.monotonic() + _MAX_SECONDS
        try:
            status = self._get_status(url)
            for pause in _PAUSES:
                if status not in _SATURATED_STATUSES or time.monotonic() > deadline:
                    break
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  no secret
                status = self._get_status(url)
            return _EXISTS[status]
        except (urllib3.exceptions.HTTPError, KeyError) as error:
            raise Unavailable("the posts service is unavailable") from error

    def _get_status(self, url: str) -> int:
        """Send the request, and once more if no response came: a connection may be dead after Lambda froze the process.

        Only what urllib3 1.26 knows too: Lambda's runtime brings it, in a release that it chooses.
        """
        response = self._http.request(
            "GET", url, headers=_NOT_A_VIEW, retries=urllib3.Retry(1), redirect=False
        )  # network
        return int(response.status)
