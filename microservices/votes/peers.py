"""What votes asks of another service. The monolith has no such file: there, the post is a row of the same transaction."""

import urllib3

from microservices.votes.store import DynamoVotes
from shared_domain.errors import NotFound, Unavailable

# By then a posts that was cold has answered, on a busy machine too: whoever asks again sooner makes it busier.
_TIMEOUT_SECONDS = 8
_NO_VIEW = {"Sec-Purpose": "prefetch"}  # nobody looks at the post: see shared_domain/contract/trending.py
_FULL = (429, 503)  # a gateway that is full says so at once; a moment later it takes the request
# Once more where no answer came: a connection that froze with its function may be dead. At the worst 16 seconds of waiting and six
# of pauses, of the function's 25.
_RETRIES = urllib3.Retry(7, read=1, status_forcelist=_FULL, backoff_factor=0.1, backoff_max=1.6, backoff_jitter=0.05)
_LIVES = {200: True, 404: False}


class PostsService:
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
            return _LIVES[status]
        except (urllib3.exceptions.HTTPError, KeyError) as error:
            raise Unavailable("the posts service is unavailable") from error
