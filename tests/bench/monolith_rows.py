"""The monolith against a bare Flask application, at 20,000 posts, and against itself from 1,000 to 100,000."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtests import systems
from loadtests.floors.measure import database_url, web_up
from monolith.database import connect
from shared_domain.posts import Post
from tests.bench import bare_app, bulk
from tests.bench.closed import Request, closed_loop
from tests.bench.operations import FORM
from tests.bench.rows import Row, alternate, share

CONNECTIONS, SECONDS, ROUNDS = 4, 1.2, 4
SMALL, MIDDLE, LARGE = 1_000, 20_000, 100_000
WORDS = 12  # of a post
MEMORY_REQUESTS = 1_000
BARE = "a bare Flask + SQLAlchemy ORM app, same server and database"
COMMON = "/search?q=amber+river"
RARE = f"/search?q={'+'.join(bulk.RARE)}"


@dataclass(frozen=True, slots=True)
class Monolith:
    """The running monolith of the bench."""

    url: str
    run_dir: Path
    token: str


def rows(monolith: Monolith, done: Callable[[], None]) -> Iterator[Row]:
    """Yield the monolith's rows. `done` is called after each step. The data grows from 1,000 to 100,000 posts."""
    database = database_url(monolith.run_dir)
    last = _loaded(database, 0, SMALL)
    before = _medians(monolith.url, last)
    done()
    last = _loaded(database, SMALL, MIDDLE)
    done()
    with _bare(monolith.run_dir) as bare:
        yield from _against(bare, monolith, last, done)
    yield _memory(monolith, last)
    _loaded(database, MIDDLE, LARGE)
    after = _medians(monolith.url, last)
    done()
    for name, was in before.items():
        yield Row(
            what=f"monolith: {name}, growth of the p50 from {SMALL:,} to {LARGE:,} posts",
            against=f"the same read at {SMALL:,} posts (minimum of five medians at each size)",
            shown=f"{after[name] / was:.2f} ({was:.2f} → {after[name]:.2f} ms)",
            value=after[name] / was,
            reach=1.5,
        )


def _loaded(database: str, first: int, last: int) -> Post:
    posts = list(bulk.posts(first, last, words=WORDS))
    bulk.into_postgres(database, posts)
    return posts[-1]


@contextmanager
def _bare(run_dir: Path) -> Iterator[str]:
    bare_app.with_posts(connect(database_url(run_dir), pool_size=1))
    with web_up(run_dir, bare_app.__name__) as url:
        yield url


def _against(bare: str, monolith: Monolith, last: Post, done: Callable[[], None]) -> Iterator[Row]:
    publish = {"method": "POST", "path": "/posts", "body": FORM, "expected": 201}
    for name, options, against, reach in (
        ("one post", {"path": f"/posts/{last.id}"}, BARE, 0.6),
        ("page of 20", {"path": "/posts"}, BARE, 0.6),
        ("publish", publish, BARE, 0.6),
        (f"search at {MIDDLE:,} posts", {"path": COMMON}, "one indexed query and its rows as JSON", 0.5),
    ):
        own = Request(base_url=monolith.url, token=monolith.token, **options)
        floor = Request(base_url=bare, **options)
        rates = alternate(lambda one=own: _rate(one), lambda one=floor: _rate(one), ROUNDS)  # type: ignore[misc]
        yield share(f"monolith: throughput, {name}", *rates, against=against, reach=reach)
        done()


def _rate(request: Request) -> float:
    return closed_loop(request, connections=CONNECTIONS, seconds=SECONDS).rate


def _medians(url: str, post: Post) -> dict[str, float]:
    """Return the median of each read in milliseconds: the minimum of five, because the two sizes are measured minutes apart."""
    paths = {"page of 20": "/posts", "one post": f"/posts/{post.id}", "a search for two rare terms": RARE}
    return {
        name: min(closed_loop(Request(base_url=url, path=path), connections=1, seconds=0.3).p50_ms for _ in range(5))
        for name, path in paths.items()
    }


def _memory(monolith: Monolith, post: Post) -> Row:
    served = 0
    while served < MEMORY_REQUESTS:
        request = Request(base_url=monolith.url, path=f"/posts/{post.id}")
        served += len(closed_loop(request, connections=CONNECTIONS, seconds=0.5).latencies_ms)
    server = psutil.Process(systems.state_of(systems.MONOLITH, monolith.run_dir)["pid"])
    workers = [child for child in server.children() if "postgres" not in " ".join(child.cmdline())]
    mib = max(worker.memory_info().rss for worker in workers) / 2**20
    return Row(
        what=f"monolith: memory of a worker after at least {MEMORY_REQUESTS:,} requests",
        against="–",
        shown=f"{mib:.0f} MB",
        value=mib,
        reach=130,
        unit=" MB",
    )
