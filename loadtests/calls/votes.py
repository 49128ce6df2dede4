"""Votes, and the leaderboard that follows from them."""

from loadtests.calls.call import Answer, Call, items_of, require


def cast(post_id: str, value: int, token: str) -> Call:
    """A vote, which must be confirmed as cast."""

    def check(answer: Answer) -> None:
        wanted = {"post_id": post_id, "value": value}
        require(answer.record() == wanted, f"{wanted}")

    return Call(
        operation="PUT /posts/{post_id}/vote",
        path=f"/posts/{post_id}/vote",
        body={"value": value},
        token=token,
        check=check,
    )


def leaderboard(limit: int = 20) -> Call:
    """The board, ranked without gaps and by falling score."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require([item.get("rank") for item in items] == list(range(1, len(items) + 1)), "ranks 1, 2, 3 …")
        scores = [item["score"] for item in items]
        require(scores == sorted(scores, reverse=True), "falling scores")

    return Call(operation="GET /leaderboard", path=f"/leaderboard?limit={limit}", check=check)


def leaderboard_page() -> Call:
    """The board as a static page, whole and without scripts."""

    def check(answer: Answer) -> None:
        page = answer.body.lower()
        require(b"</html>" in page and b"<script" not in page, "a whole page without scripts")

    return Call(operation="GET /leaderboard.html", path="/leaderboard.html", check=check)
