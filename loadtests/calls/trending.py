"""Trending: what was viewed most in the last hour."""

from loadtests.calls.call import Answer, Call, items_of, require


def trending(limit: int = 20) -> Call:
    """The most viewed posts, ranked without gaps and by falling views; a system under load always has some."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require(bool(items), "posts that were viewed")
        require([item.get("rank") for item in items] == list(range(1, len(items) + 1)), "ranks 1, 2, 3 …")
        views = [item["views"] for item in items]
        require(min(views) > 0 and views == sorted(views, reverse=True), "falling views")

    return Call(operation="GET /trending", path=f"/trending?limit={limit}", check=check)
