"""Check with the posts service that a post exists. The monolith has no such file: the post is a row of the same transaction."""

import urllib3

from microservices.votes.store import DynamoVotes
from shared_domain.errors import NotFound, Unavailable

# Long enough for a cold start on a busy machine: a shorter timeout would retry, and so start posts twice.
_TIMEOUT_SECONDS = 8
_NOT_A_VIEW = {"Sec-Purpose": "prefetch"}  # so that posts does not count a view: see shared_domain/contract/trending.py
_SATURATED_STATUSES = (429, 503)  # a saturated gateway refuses at once, and accepts the request a moment later
# One retry if no response came: a connection may be dead after Lambda froze the process. More retries if the gateway is
# saturated. At worst 16 seconds of waiting and six of pauses, of the function's 25.
_RETRIES = urllib3.Retry(
    7, read=1, status_forcelist=_SATURATED_STATUSES, backoff_factor=0.1, backoff_max=1.6, backoff_jitter=0.05
)
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
        try:
            url = f"{self._api_base}/posts/{post_id}"
            status = self._http.request("GET", url, headers=_NOT_A_VIEW, retries=_RETRIES).status  # network
            return _EXISTS[status]
        except (urllib3.exceptions.HTTPError, KeyError) as error:
            raise Unavailable("the posts service is unavailable") from error
