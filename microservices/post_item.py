"""The form of a post as an item: in the posts table, in its stream, and in what other services keep of it.

It is all that the services know of each other's data. Who changes it, changes a contract.
"""

from microservices.dynamo import Item, Values, number, text, texts
from shared_domain.contract.times import from_rfc3339, to_rfc3339
from shared_domain.posts import Post


def post_key(post_id: str) -> Values:
    return {"pk": text(f"post#{post_id}"), "sk": text("post")}


def post_item(post: Post) -> Values:
    boosted = {} if post.boosted_until is None else {"boosted_until": text(to_rfc3339(post.boosted_until))}
    return {
        **post_key(post.id),
        "id": text(post.id),
        "author": text(post.author),
        "title": text(post.title),
        "body": text(post.body),
        "tags": texts(post.tags),
        "score": number(post.score),
        "created_at": text(to_rfc3339(post.created_at)),
        "updated_at": text(to_rfc3339(post.updated_at)),
        **boosted,
    }


def post_from(item: Item) -> Post:
    return Post(
        id=item["id"]["S"],
        author=item["author"]["S"],
        title=item["title"]["S"],
        body=item["body"]["S"],
        tags=tuple(tag["S"] for tag in item["tags"]["L"]),
        score=int(item["score"]["N"]),
        boosted_until=from_rfc3339(item["boosted_until"]["S"]) if "boosted_until" in item else None,
        created_at=from_rfc3339(item["created_at"]["S"]),
        updated_at=from_rfc3339(item["updated_at"]["S"]),
    )


def is_post(key: Item) -> bool:
    """Tell a post from the listings that lie in the same table, and in its stream where nothing filters it."""
    return bool(key["sk"]["S"] == "post")


def post_id_of(key: Item) -> str:
    """Return the id of the post whose item has this key."""
    return str(key["pk"]["S"]).removeprefix("post#")
