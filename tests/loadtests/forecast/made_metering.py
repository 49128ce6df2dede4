"""A small metering by hand: one read and one write on both sides, with figures that are easy to multiply."""

from loadtests.metering.counts import (
    AUTHORIZER,
    BACKGROUND,
    GATEWAY,
    QUEUE,
    REQUEST,
    Function,
    Metering,
    Operation,
    StoreCalls,
    Work,
)

READ, WRITE = "GET /posts/{post_id}", "POST /posts"


def work(name: str, trigger: str, *stores: StoreCalls, cpu_ms: float = 5, waited: bool = True) -> Work:
    return Work(
        name=name, trigger=trigger, waited=waited, runs=1, records=1, cpu_ms=cpu_ms, log_bytes=200, stores=stores
    )


def store(name: str) -> StoreCalls:
    return StoreCalls(name=name, calls=1)


def operation(*parts: Work, response_bytes: float = 2_000) -> Operation:
    return Operation(calls=10, request_bytes=500, response_bytes=response_bytes, work=parts, log_bytes=200)


GET_ITEM = StoreCalls(name="dynamodb GetItem", calls=1, read_units=0.5, response_bytes=800)
PUT_ITEM = StoreCalls(name="dynamodb PutItem", calls=1, write_units=2, request_bytes=900)
PUBLISH = StoreCalls(name="sns Publish", calls=1, request_bytes=900)
SELECT = StoreCalls(name="SELECT posts", calls=1, response_bytes=800)
INSERT = StoreCalls(name="INSERT posts", calls=1, request_bytes=900)
COMMIT = StoreCalls(name="COMMIT", calls=1)


def metering() -> Metering:
    return Metering(
        operations={
            "monolith": {
                READ: operation(work("monolith", REQUEST, SELECT, cpu_ms=2)),
                WRITE: operation(
                    work("monolith", REQUEST, INSERT, COMMIT, cpu_ms=4), work("monolith", BACKGROUND, cpu_ms=1)
                ),
            },
            "microservices": {
                READ: operation(work("posts-http", GATEWAY, GET_ITEM)),
                WRITE: operation(
                    work("platform-authorizer", AUTHORIZER, cpu_ms=1),
                    work("posts-http", GATEWAY, PUT_ITEM, PUBLISH),
                    work("search-index", QUEUE, PUT_ITEM, waited=False),
                ),
            },
        },
        journeys={"reader": {READ: 3}, "writer": {WRITE: 1, READ: 1}},
        functions={
            name: Function(feature=name.partition("-")[0], memory_mb=512, init_cpu_ms=200, package_bytes=1_000_000)
            for name in ("posts-http", "platform-authorizer", "search-index")
        },
        resources={"alarms": 12, "secrets": 1, "polled_queues": 1, "kinesis_shards": 1, "log_retention_days": 14},
        stored_bytes={"monolith": {"post": 1_000}, "microservices": {"post": 1_500}},
    )
