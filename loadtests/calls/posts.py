"""Posts, and what both systems derive from them: search, votes, the leaderboard, trending."""

from typing import Any
from urllib.parse import urlencode

from loadtests.calls.call import Answer, Call, items_of, require

POST_FIELDS = {"id", "author", "title", "body", "tags", "score", "boosted_until", "created_at", "updated_at"}


def list_posts(limit: int = 20) -> Call:
    """List the newest posts. They must be newest first and not empty: a system under load always has some."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require(bool(items), "posts")
        require(all(item.keys() >= POST_FIELDS for item in items), "every field of every post")
        stamps = [(item["created_at"], item["id"]) for item in items]
        require(stamps == sorted(stamps, reverse=True), "posts newest first")

    return Call(operation="GET /posts", path=f"/posts?limit={limit}", check=check)


def read_post(post_id: str, title: str | None = None, *, may_be_gone: bool = False) -> Call:
    """Read one post. It must have the title, if one is passed."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.get("id") == post_id and post.keys() >= POST_FIELDS, f"the post {post_id}")
        require(title is None or post["title"] == title, f"the title {title!r}")

    return Call(operation="GET /posts/{post_id}", path=f"/posts/{post_id}", check=check, may_be_gone=may_be_gone)


def publish(form: dict[str, Any], token: str) -> Call:
    """Publish a post. The answer must contain it as it was sent."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.keys() >= POST_FIELDS, "every field of the post")
        require({name: post[name] for name in form} == form, "the post as sent")

    return Call(operation="POST /posts", path="/posts", expected=201, body=form, token=token, check=check)


def revise(post_id: str, title: str, token: str) -> Call:
    """Change the title of the user's own post."""

    def check(answer: Answer) -> None:
        post = answer.record()
        require(post.get("id") == post_id and post.get("title") == title, f"{post_id} titled {title!r}")

    return Call(
        operation="PATCH /posts/{post_id}", path=f"/posts/{post_id}", body={"title": title}, token=token, check=check
    )


def search(words: str, limit: int = 20) -> Call:
    """Search posts. Words of seeded posts must give results, the most relevant first."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require(bool(items), f"a post with {words!r}")
        relevances = [item["relevance"] for item in items]
        require(min(relevances) > 0 and relevances == sorted(relevances, reverse=True), "falling relevance")

    return Call(operation="GET /search", path=f"/search?{urlencode({'q': words, 'limit': limit})}", check=check)


def cast(post_id: str, value: int, token: str) -> Call:
    """Vote for a post. The answer must confirm the vote."""

    def check(answer: Answer) -> None:
        wanted = {"post_id": post_id, "value": value}
        require(answer.record() == wanted, f"{wanted}")

    path = f"/posts/{post_id}/vote"
    return Call(operation="PUT /posts/{post_id}/vote", path=path, body={"value": value}, token=token, check=check)


def leaderboard(limit: int = 20) -> Call:
    """Read the leaderboard. Ranks must have no gap and scores must be in descending order."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require([item.get("rank") for item in items] == list(range(1, len(items) + 1)), "ranks 1, 2, 3 …")
        scores = [item["score"] for item in items]
        require(scores == sorted(scores, reverse=True), "falling scores")

    return Call(operation="GET /leaderboard", path=f"/leaderboard?limit={limit}", check=check)


def leaderboard_page() -> Call:
    """Read the leaderboard as a static page, which must be complete and without scripts."""

    def check(answer: Answer) -> None:
        page = answer.body.lower()
        require(b"</html>" in page and b"<script" not in page, "a complete page without scripts")

    return Call(operation="GET /leaderboard.html", path="/leaderboard.html", check=check)


def trending(limit: int = 20) -> Call:
    """Read the most viewed posts of the last hour. Ranks must have no gap and views must be in descending order."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require(bool(items), "posts that were viewed")
        require([item.get("rank") for item in items] == list(range(1, len(items) + 1)), "ranks 1, 2, 3 …")
        views = [item["views"] for item in items]
        require(min(views) > 0 and views == sorted(views, reverse=True), "falling views")

    return Call(operation="GET /trending", path=f"/trending?limit={limit}", check=check)
