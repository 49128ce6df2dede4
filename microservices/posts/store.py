"""Posts in DynamoDB. Twin: monolith/posts/store.py.

    item       pk                sk       attributes            access
    post       post#<id>         post     every field of Post   show, revise, withdraw: GetItem
    listing    all               <id>                           all posts, newest first: Query, backwards
    listing    author#<name>     <id>                           the posts of one author
    listing    tag#<tag>         <id>                           the posts with one tag

The contract wants strongly consistent lists, and DynamoDB reads secondary indexes only eventually consistent. So the lists are
items of the base table, and one transaction writes a post and its listings. It costs two calls a page instead of one, three for
a page of a hundred. It also sets a ceiling: the partition `all` takes 1,000 write units a second, about 500 posts. Beyond that
it must be split into shards.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from microservices.dynamo import Values, batch_get, map_failed_conditions, text, texts, timestamp
from microservices.post_item import parse_post, post_item, post_key
from shared_domain.errors import Conflict, NotFound
from shared_domain.posts import Filter, Post

_IF_UNCHANGED = "#title = :seen_title AND #body = :seen_body AND #tags = :seen_tags"
_NAMES = {"#title": "title", "#body": "body", "#tags": "tags"}


class DynamoPosts:
    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, post: Post) -> None:
        self._transact([self._put(post_item(post)), *(self._put(key) for key in _listings(post))])

    def get(self, post_id: str) -> Post:
        found = self._dynamodb.get_item(TableName=self._table, Key=post_key(post_id), ConsistentRead=True)
        if "Item" not in found:
            raise NotFound("there is no such post")
        return parse_post(found["Item"])

    def page(self, post_filter: Filter, *, before: str | None, limit: int) -> list[Post]:
        found: list[Post] = []
        for ids in self._pages_of_ids(post_filter, before=before, limit=limit):
            found += self._read_posts(ids)
            if len(found) >= limit:  # fewer if a post was withdrawn after its listing was read
                break
        return found[:limit]

    def save(self, post: Post, *, seen: Post) -> None:
        old, new = _listings(seen), _listings(post)
        changes = {
            "UpdateExpression": "SET #title = :title, #body = :body, #tags = :tags, updated_at = :updated_at",
            "ExpressionAttributeValues": {
                **_seen_values(seen),
                ":title": text(post.title),
                ":body": text(post.body),
                ":tags": texts(post.tags),
                ":updated_at": timestamp(post.updated_at),
            },
        }
        added = [self._put(key) for key in new if key not in old]
        removed = [self._delete(key) for key in old if key not in new]
        self._transact([{"Update": {**self._if_unchanged(seen), **changes}}, *added, *removed])

    def remove(self, seen: Post) -> None:
        delete = {"Delete": {**self._if_unchanged(seen), "ExpressionAttributeValues": _seen_values(seen)}}
        self._transact([delete, *(self._delete(key) for key in _listings(seen))])

    def _pages_of_ids(self, post_filter: Filter, *, before: str | None, limit: int) -> Iterator[list[str]]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :list" if before is None else "pk = :list AND sk < :before",
            "ExpressionAttributeValues": {":list": text(_list_name(post_filter))}
            | ({":before": text(before)} if before else {}),
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        while True:
            page = self._dynamodb.query(**query)
            yield [listing["sk"]["S"] for listing in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _read_posts(self, ids: Sequence[str]) -> list[Post]:
        posts = map(parse_post, batch_get(self._dynamodb, self._table, [post_key(post_id) for post_id in ids]))
        return sorted(posts, key=lambda post: post.id, reverse=True)

    def _transact(self, writes: Sequence[dict[str, Any]]) -> None:
        with map_failed_conditions(Conflict("the post has changed since it was read")):
            self._dynamodb.transact_write_items(TransactItems=writes)

    def _if_unchanged(self, seen: Post) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": post_key(seen.id),
            "ConditionExpression": _IF_UNCHANGED,
            "ExpressionAttributeNames": _NAMES,
        }

    def _put(self, item: Values) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item}}

    def _delete(self, key: Values) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": key}}


def _listings(post: Post) -> list[Values]:
    lists = ["all", f"author#{post.author}", *(f"tag#{tag}" for tag in post.tags)]
    return [{"pk": text(name), "sk": text(post.id)} for name in lists]


def _list_name(post_filter: Filter) -> str:
    if post_filter.author is not None:
        return f"author#{post_filter.author}"
    return "all" if post_filter.tag is None else f"tag#{post_filter.tag}"


def _seen_values(seen: Post) -> Values:
    return {":seen_title": text(seen.title), ":seen_body": text(seen.body), ":seen_tags": texts(seen.tags)}
