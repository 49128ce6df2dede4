"""Posts: the newest, one of them, a new one, a changed one."""

from typing import Any

from loadtests.calls.call import Answer, Call, items_of, require

POST_FIELDS = {"id", "author", "title", "body", "tags", "score", "boosted_until", "created_at", "updated_at"}


def list_posts(limit: int = 20) -> Call:
    """The newest posts, which must come newest first; a system under load always has some."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require(bool(items), "posts")
        require(all(item.keys() >= POST_FIELDS for item in items), "every field of every post")
        stamps = [(item["created_at"], item["id"]) for item in items]
        require(stamps == sorted(stamps, reverse=True), "posts newest first")

    return Call(operation="GET /posts", path=f"/posts?limit={limit}", check=check)


def read_post(post_id: str, title: str | None = None) -> Call:
    """One post; with a title, the post must carry it."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.get("id") == post_id and post.keys() >= POST_FIELDS, f"the post {post_id}")
        require(title is None or post["title"] == title, f"the title {title!r}")

    return Call(operation="GET /posts/{post_id}", path=f"/posts/{post_id}", check=check)


def publish(form: dict[str, Any], token: str) -> Call:
    """A new post, which must come back as it was sent."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.keys() >= POST_FIELDS, "every field of the post")
        require({name: post[name] for name in form} == form, "the post as sent")

    return Call(operation="POST /posts", path="/posts", expected=201, body=form, token=token, check=check)


def revise(post_id: str, title: str, token: str) -> Call:
    """A new title for one's own post."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.get("id") == post_id and post.get("title") == title, f"{post_id} titled {title!r}")

    return Call(
        operation="PATCH /posts/{post_id}", path=f"/posts/{post_id}", body={"title": title}, token=token, check=check
    )
