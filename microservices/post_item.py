"""The item of a post: in the posts table, in the table's stream, and in the snapshots of other services.

This form is a contract between services: changing it breaks the services that read it.
"""

from microservices.dynamo import Item, Values, number, parse_timestamp, text, texts, timestamp
from shared_domain.posts import Post


def post_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("post")}


def post_item(post: Post) -> Values:
    boosted = {} if post.boosted_until is None else {"boosted_until": timestamp(post.boosted_until)}
    return {
        **post_key(post.id),
        "id": text(post.id),
        "author": text(post.author),
        "title": text(post.title),
        "body": text(post.body),
        "tags": texts(post.tags),
        "score": number(post.score),
        "created_at": timestamp(post.created_at),
        "updated_at": timestamp(post.updated_at),
        **boosted,
    }


def parse_post(item: Item) -> Post:
    return Post(
        id=item["id"]["S"],
        author=item["author"]["S"],
        title=item["title"]["S"],
        body=item["body"]["S"],
        tags=tuple(tag["S"] for tag in item["tags"]["L"]),
        score=int(item["score"]["N"]),
        boosted_until=parse_timestamp(item["boosted_until"]) if "boosted_until" in item else None,
        created_at=parse_timestamp(item["created_at"]),
        updated_at=parse_timestamp(item["updated_at"]),
    )


def is_post(key: Item) -> bool:
    """Return whether a key is that of a post: the same table, and its unfiltered stream, contain listings too."""
    return bool(key["sk"]["S"] == "post")


def post_id_of(key: Item) -> str:
    """Return the id of the post whose item has this key."""
    return str(key["pk"]["S"]).removeprefix("post#")
