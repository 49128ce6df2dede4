"""A small metering by hand with the operations that reach the limits: lists, a hot post and its votes."""

from loadtests.journeys import JOURNEYS
from loadtests.metering.counts import (
    AUTHORIZER,
    GATEWAY,
    QUEUE,
    REQUEST,
    STREAM,
    Function,
    Metering,
    Operation,
    StoreCalls,
)  # fmt: skip
from tests.loadtests.forecast.made_metering import PUBLISH, operation, work

LIST, READ, WRITE, VOTE = "GET /posts", "GET /posts/{post_id}", "POST /posts", "PUT /posts/{post_id}/vote"
FUNCTIONS = ("posts-http", "platform-authorizer", "votes-http", "votes-projection", "posts-scores")


def metering() -> Metering:
    return Metering(
        operations={"monolith": _monolith(), "microservices": _services()},
        journeys={name: {LIST: 1, READ: 2} for name in JOURNEYS} | {"writer": {WRITE: 1, READ: 1}, "voter": {VOTE: 1, READ: 1}},
        functions={
            name: Function(feature=name.partition("-")[0], memory_mb=512, init_cpu_ms=200, package_bytes=1_000_000)
            for name in FUNCTIONS
        },
        resources={"alarms": 12, "secrets": 1, "polled_queues": 1, "kinesis_shards": 1, "log_retention_days": 14},
        stored_bytes={"monolith": {}, "microservices": {}},
    )  # fmt: skip


def _services() -> dict[str, Operation]:
    token, vote = work("platform-authorizer", AUTHORIZER, cpu_ms=1), _dynamodb("PutItem", writes=1)
    counting = work("votes-projection", STREAM, _dynamodb("TransactWriteItems", writes=8), PUBLISH, waited=False)
    score = work("posts-scores", QUEUE, _dynamodb("UpdateItem", writes=1), waited=False)
    return {
        LIST: operation(work("posts-http", GATEWAY, _dynamodb("Query", reads=2), _dynamodb("BatchGetItem", reads=20))),
        READ: operation(work("posts-http", GATEWAY, _dynamodb("GetItem", reads=1))),
        WRITE: operation(token, work("posts-http", GATEWAY, _dynamodb("TransactWriteItems", writes=8))),
        VOTE: operation(token, work("votes-http", GATEWAY, vote), counting, score),
    }


def _monolith() -> dict[str, Operation]:
    select, commit = StoreCalls(name="SELECT posts", calls=1), StoreCalls(name="COMMIT", calls=1)
    vote = StoreCalls(name="UPDATE posts", calls=4)
    return {
        LIST: operation(work("monolith", REQUEST, select, cpu_ms=4)),
        READ: operation(work("monolith", REQUEST, select, cpu_ms=2)),
        WRITE: operation(work("monolith", REQUEST, select, commit, cpu_ms=3)),
        VOTE: operation(work("monolith", REQUEST, select, vote, commit, cpu_ms=4)),
    }


def _dynamodb(action: str, *, reads: float = 0, writes: float = 0) -> StoreCalls:
    return StoreCalls(name=f"dynamodb {action}", calls=1, read_units=reads, write_units=writes)
