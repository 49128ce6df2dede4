"""Send the same random requests to both systems and compare the answers."""

from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from .both_sides import BothSides, Normalised, Side
from .client import unique

PEOPLE = st.integers(0, 2)
PLACES = st.integers(0, 5)
WORDS = ("running", "Runs", "the", "ünïcode", "e\u0301", "ﬁne", "x2", "日本語")
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
    st.text(max_size=12),
    st.sampled_from(["", " ", "\x00", "x" * 200, "x" * 201, "\t"]),
)
TAGS = st.lists(st.sampled_from(["one", "two", "a-1", "", "BAD", "x" * 31]), max_size=6)
FIELDS = {"title": TEXTS, "body": TEXTS, "tags": TAGS}
JUNK = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"{}", b"[]", b'{"title": NaN}', b'{"a":1}', b'{"value": 1.0}', b'{"value": "1"}', b'{"title":1,"title":"x"}']
    ),
)
LIMITS = st.sampled_from(["1", "2", "3", "100", "0", "101", "x", "", "01", "1.0", "1_0"])
PATHS = (
    ("POST", "/users"),
    ("POST", "/tokens"),
    ("PATCH", "/users/me"),
    ("POST", "/posts"),
    ("PATCH", "/posts/{}"),
    ("PUT", "/posts/{}/vote"),
    ("POST", "/orders"),
)


class Machine(RuleBasedStateMachine):
    """Each rule sends a request to both sides. A tag and a search term mark the posts of this run."""

    def __init__(self, both: BothSides) -> None:
        super().__init__()
        self.both = both

    @initialize()
    def begin(self) -> None:
        self.tag, self.needle = unique("t-"), unique("needle")
        for side in self.both.sides:
            side.reset()

    @rule(author=PEOPLE, title=TEXTS, body=TEXTS, tags=st.one_of(st.none(), TAGS))
    def publish(self, author: int, title: str, body: str, tags: list[str] | None) -> None:
        marked = {"title": title and f"{title} {self.needle}", "body": body, "tags": [self.tag, *(tags or [])]}
        answers = self.both.same(lambda side: side.api.publish(side.people[author], **marked))
        for side, answer in zip(self.both.sides, answers, strict=True):
            if answer.status_code == 201:
                side.posts.append(answer.json()["id"])

    @rule(
        editor=PEOPLE,
        place=PLACES,
        changes=st.fixed_dictionaries({}, optional=FIELDS),
        match=st.sampled_from(["", "*", "now", "weak", "old"]),
    )
    def revise(self, editor: int, place: int, changes: dict[str, Any], match: str) -> None:
        def ask(side: Side) -> httpx.Response:
            now = side.api.read_post(_post(side, place)).headers.get("ETag", '"none"')
            if_match = {"": None, "*": "*", "now": now, "weak": f"W/{now}", "old": '"old"'}[match]
            return side.api.revise_post(side.people[editor], _post(side, place), if_match=if_match, **changes)

        self.both.same(ask)

    @rule(editor=PEOPLE, place=PLACES)
    def withdraw(self, editor: int, place: int) -> None:
        self.both.same(lambda side: side.api.withdraw(side.people[editor], _post(side, place)))

    @rule(voter=PEOPLE, place=PLACES, value=st.sampled_from([1, -1, 1.0, 0, True, "1", None]))
    def cast(self, voter: int, place: int, value: Any) -> None:
        self.both.same(lambda side: side.api.cast(side.people[voter], _post(side, place), value=value))

    @rule(voter=PEOPLE, place=PLACES)
    def retract(self, voter: int, place: int) -> None:
        self.both.same(lambda side: side.api.retract(side.people[voter], _post(side, place)))

    @rule(
        buyer=PEOPLE,
        lines=st.lists(
            st.tuples(PLACES, st.sampled_from(["boost-1d", "boost-7d"]), st.sampled_from([1, 2, 2.0, 10, 0, 1.5])),
            max_size=3,
        ),
        key=st.sampled_from(["1", "2", "3", "", "\t"]),
    )
    def place(self, buyer: int, lines: list[tuple[int, str, float]], key: str) -> None:
        """Place one order at a time, since either of two concurrent orders may get the last credits."""

        def ask(side: Side) -> httpx.Response:
            cart = [{"sku": sku, "post_id": _post(side, place), "quantity": count} for place, sku, count in lines]
            return side.api.place(side.people[buyer], *cart, key=key and f"{self.needle} {key}!")

        placed = dict(zip(map(id, self.both.sides), self.both.same(ask), strict=True))
        if all(answer.is_success for answer in placed.values()):
            self.both.settles(
                lambda side: side.api.read_order(side.people[buyer], placed[id(side)].json()["id"]), of=_settled
            )
        self.both.same(lambda side: side.api.read_me(side.people[buyer]))

    @rule(
        person=PEOPLE,
        changes=st.fixed_dictionaries({}, optional={"display_name": TEXTS, "bio": TEXTS, "credits": TEXTS}),
    )
    def revise_me(self, person: int, changes: dict[str, str]) -> None:
        self.both.same(lambda side: side.api.revise_me(side.people[person], **changes))
        self.both.same(lambda side: side.api.read_me(side.people[person]))
        self.both.same(lambda side: side.api.read_user(side.people[person].username))

    @rule(username=st.one_of(TEXTS, st.sampled_from(["ab", "Ada", "a" * 31])), email=TEXTS, password=TEXTS)
    def register_badly(self, username: str, email: str, password: str) -> None:
        self.both.same(lambda side: side.api.register(username=username, email=email, password=password))

    @rule(where=st.sampled_from(PATHS), content=JUNK, place=PLACES)
    def send_junk(self, where: tuple[str, str], content: bytes, place: int) -> None:
        self._send(where, content, place=place, declared="application/json")

    @rule(where=st.sampled_from(PATHS), declared=st.sampled_from(["text/plain", "application/jsonp"]), place=PLACES)
    def send_undeclared(self, where: tuple[str, str], declared: str, place: int) -> None:
        """Send an empty object: with several mistakes each side may name another one."""
        self._send(where, b"{}", place=place, declared=declared)

    def _send(self, where: tuple[str, str], content: bytes, *, place: int, declared: str) -> None:
        def ask(side: Side) -> httpx.Response:
            path = where[1].format(_post(side, place))
            return side.api.send(where[0], path, by=side.people[0], content=content, headers={"Content-Type": declared})

        self.both.same(ask)

    @rule(place=PLACES)
    def read(self, place: int) -> None:
        self.both.same(lambda side: side.api.read_post(_post(side, place)))

    @rule(limit=LIMITS)
    def list_first(self, limit: str) -> None:
        answers = self.both.same(lambda side: side.api.list_posts(tag=self.tag, limit=limit))
        for side, answer in zip(self.both.sides, answers, strict=True):
            side.cursor = answer.json().get("next_cursor")

    @rule(limit=st.sampled_from(["1", "2"]), cut=st.booleans())
    def list_next(self, limit: str, cut: bool) -> None:
        def ask(side: Side) -> httpx.Response:
            cursor = side.cursor or "nonsense"
            return side.api.list_posts(tag=self.tag, limit=limit, cursor=cursor[:-1] if cut else cursor)

        answers = self.both.same(ask)
        for side, answer in zip(self.both.sides, answers, strict=True):
            side.cursor = answer.json().get("next_cursor")

    @rule(query=TEXTS)
    def search_badly(self, query: str) -> None:
        """Search with a word that no post contains, so that both sides find nothing."""
        self.both.same(lambda side: side.api.search(f"{query} {self.needle}nowhere"))

    @rule(words=st.lists(st.sampled_from(WORDS), max_size=2))
    def settle(self, words: list[str]) -> None:
        self.both.settles(lambda side: side.api.list_posts(tag=self.tag, limit=100))
        self.both.settles(lambda side: side.api.search(" ".join([self.needle, *words]), limit=100))
        self.both.eventually(self._leaderboards_agree)

    def _leaderboards_agree(self) -> None:
        """Assert that both leaderboards show the posts of this run in the same order, up to the end of the shorter one."""
        left, right = (_ours(side) for side in self.both.sides)
        reach = min(len(left), len(right))
        assert left[:reach] == right[:reach]


def _post(side: Side, place: int) -> str:
    """Return the id of a post of this run, or an unknown id."""
    return side.posts[place] if place < len(side.posts) else "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def _settled(normalised: Normalised) -> Normalised:
    """Return the order. Assert that it has settled."""
    assert normalised["body"]["status"] != "pending"
    return normalised


def _ours(side: Side) -> list[Normalised]:
    items: list[Normalised] = side.api.leaderboard(limit=100).json()["items"]
    ours = [item for item in items if item["post_id"] in side.posts]
    return [{**item, "rank": 0, "post_id": side.posts.index(item["post_id"])} for item in ours]


def test_both_sides_answer_random_requests_identically(both_sides: BothSides) -> None:
    run_state_machine_as_test(
        lambda: Machine(both_sides),  # type: ignore[arg-type]  # any factory of machines works
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # report a failure as it happened, since shrinking takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
