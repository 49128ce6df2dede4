"""Index posts from the posts table's stream.

The monolith has no such file: it writes post and index in one transaction.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from microservices.conflicts import retry_on_conflict
from microservices.post_item import is_post, parse_post, post_id_of
from microservices.search.store import term_key
from microservices.search.writer import IndexEntry, IndexWriter
from microservices.streams import Record, new_image, sequence_number
from shared_domain.search import weigh


def read_entries(writer: IndexWriter, records: Sequence[Record]) -> dict[str, IndexEntry]:
    """Read the index entries of the posts of a batch. A record that cannot be read is left to `apply_record`."""
    post_ids = []
    for record in records:
        with suppress(AttributeError, LookupError, TypeError):
            if is_post(record["dynamodb"]["Keys"]):
                post_ids.append(post_id_of(record["dynamodb"]["Keys"]))
    return writer.get_entries(post_ids)  # network


@retry_on_conflict
def apply_record(
    writer: IndexWriter, record: Record, *, entries: dict[str, IndexEntry], now: Callable[[], datetime]
) -> None:
    """Apply a record of the posts table's stream to the index; ignore one that is older than the index entry.

    entries: what was read for the whole batch, and written since; a post that is not in it, or no longer, is read here.

    # eventual: a revised title rewrites only the postings of the changed terms. A new score rewrites none.
    """
    if not is_post(record["dynamodb"]["Keys"]):
        return
    post_id = post_id_of(record["dynamodb"]["Keys"])
    seen = entries.pop(post_id) if post_id in entries else writer.get_entries([post_id])[post_id]  # network
    sequence = sequence_number(record)
    if sequence <= seen.sequence:
        entries[post_id] = seen
        return
    image = new_image(record)
    post = None if image is None else parse_post(image)
    weights = {} if post is None else weigh(title=post.title, body=post.body)
    new = IndexEntry(weights={term_key(term): weight for term, weight in weights.items()}, sequence=sequence)
    entries[post_id] = writer.replace(post_id, post, new=new, seen=seen, now=now())  # network
