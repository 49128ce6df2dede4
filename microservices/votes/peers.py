"""What votes asks of another service. The monolith has no such file: there, the post is a row of the same transaction."""

import urllib3

from microservices.votes.store import DynamoVotes
from shared_domain.errors import NotFound, Unavailable

_TIMEOUT_SECONDS = 3.5  # a cold posts starts, connects and reads
_NO_VIEW = {"Sec-Purpose": "prefetch"}  # nobody looks at the post: see shared_domain/contract/trending.py
# A gateway that is full says so at once; a moment later it takes the request. What comes too late is asked once more, no
# oftener: posts is still at the first. At the worst seven seconds of waiting and two of pauses, of the function's ten.
_RETRIES = urllib3.Retry(
    5, read=1, status_forcelist=(429, 500, 502, 503, 504), backoff_factor=0.1, backoff_max=0.8, backoff_jitter=0.05
)


class KnownPosts:
    def __init__(self, store: DynamoVotes, *, api_base: str) -> None:
        self._store = store
        self._api_base = api_base
        self._http = urllib3.PoolManager(timeout=_TIMEOUT_SECONDS)

    def require(self, post_id: str) -> None:
        """Return if the post lives. Raise NotFound if it never did or is gone, Unavailable if posts cannot be asked.

        What the stream told is asked first, so votes go on while posts is away. Only a post that the stream has not yet
        told of, for it was published a moment ago, costs a hop.
        """
        lives = self._store.lives(post_id)  # network
        if lives is None:
            lives = self._ask(post_id)
        if not lives:
            raise NotFound("there is no such post")

    def _ask(self, post_id: str) -> bool:
        try:
            url = f"{self._api_base}/posts/{post_id}"
            status = self._http.request("GET", url, headers=_NO_VIEW, retries=_RETRIES).status  # network
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("posts cannot be asked at the moment") from error
        return status == 200
