"""Posts become findable: what the posts table's stream tells goes into the index.

The monolith has no such file: there, post and index are one transaction.
"""

from collections.abc import Callable
from datetime import datetime

from microservices.conflicts import retry_on_conflict
from microservices.post_item import is_post, post_from, post_id_of
from microservices.search.store import term_key
from microservices.search.writer import Indexed, IndexWriter
from microservices.streams import Record, new_image, sequence
from shared_domain.search import weigh


@retry_on_conflict
def index(writer: IndexWriter, record: Record, *, now: Callable[[], datetime]) -> None:
    """Take in what a record tells of a post; one that is older than what is in the index is passed over.

    # eventual: a revised title rewrites the postings of its words alone, a new score none.
    """
    if not is_post(record["dynamodb"]["Keys"]):
        return
    post_id = post_id_of(record["dynamodb"]["Keys"])
    seen = writer.indexed(post_id)  # network
    if sequence(record) <= seen.sequence:
        return
    image = new_image(record)
    post = None if image is None else post_from(image)
    weights = {} if post is None else weigh(title=post.title, body=post.body)
    new = Indexed(weights={term_key(term): weight for term, weight in weights.items()}, sequence=sequence(record))
    writer.replace(post_id, post, new=new, seen=seen, now=now())  # network
