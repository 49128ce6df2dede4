"""Search."""

from urllib.parse import urlencode

from loadtests.calls.call import Answer, Call, items_of, require


def search(words: str, limit: int = 20) -> Call:
    """Posts that hold the words, best first; words of the seeded posts always find something."""

    def check(answer: Answer) -> None:
        items = items_of(answer, limit)
        require(bool(items), f"a post with {words!r}")
        relevances = [item["relevance"] for item in items]
        require(min(relevances) > 0 and relevances == sorted(relevances, reverse=True), "falling relevance")

    return Call(operation="GET /search", path=f"/search?{urlencode({'q': words, 'limit': limit})}", check=check)
