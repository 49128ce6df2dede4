"""What each operation causes in its system, counted while journeys run: the chapter `metering` of report.json.

meter.py writes it. Latency, bill and scale are computed from it. Every number is a mean for one call of the operation,
or for one run of a piece of work.
"""

from pathlib import Path

import msgspec

from loadtests.errors import UsageError
from loadtests.results import SIDES

MONOLITH, SERVICES = SIDES
CHAPTER = "metering"
GATEWAY, AUTHORIZER, INVOKE, STREAM, TOPIC, QUEUE, KINESIS, OBJECT, SOCKET = (
    "gateway", "authorizer", "invoke", "stream", "topic", "queue", "kinesis", "object", "socket",
)  # fmt: skip
REQUEST, BACKGROUND = "request", "background"  # of the monolith; a function's thread runs in the background too


class StoreCalls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls of one kind in one run of a piece of work.

    name: `dynamodb GetItem`, `s3 PutObject`, `sns Publish`, `apigatewaymanagementapi PostToConnection`; on the monolith
    `SELECT posts` or `COMMIT`, each a round trip to the database. calls, units and bytes: totals of one run, without what
    tracing adds. write_units: of DynamoDB, or put units of Kinesis. PostToConnection is metered with one subscriber: multiply it.
    """

    name: str
    calls: float
    read_units: float = 0.0
    write_units: float = 0.0
    request_bytes: float = 0.0
    response_bytes: float = 0.0


class Work(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Invocations of one function by one trigger, or a request or background run of the monolith.

    name: the function, such as `posts-http`, or `monolith`. trigger: a constant of this module. waited: whether the answer
    to the client waits for it. runs: number for one call of the operation. The authorizer runs for each call with a token, as if
    nothing were cached: multiply by 1 - authorizer.cached_share. records: of one run's batch as seen here, 1 for a request.
    cpu_ms: processor time of one run on this machine. log_bytes: of one run, without platform lines.
    """

    name: str
    trigger: str
    waited: bool
    runs: float
    records: float
    cpu_ms: float
    log_bytes: float
    stores: tuple[StoreCalls, ...] = ()


class Operation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operation on one side. calls: how many were metered. Bytes: of its HTTP request and response with headers.

    stores: calls that the gateway itself makes, such as a page from S3. log_bytes: of the gateway's access log.
    is_socket: an event, such as `live subscribe` or a push to the site, and not an HTTP request; its bytes are of messages.
    """

    calls: int
    request_bytes: float
    response_bytes: float
    work: tuple[Work, ...]
    stores: tuple[StoreCalls, ...] = ()
    log_bytes: float = 0.0
    is_socket: bool = False


class Function(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A function as its template declares it.

    init_cpu_ms: processor time of its imports in a new process here. init_stores: calls of a new process only.
    """

    feature: str
    memory_mb: int
    init_cpu_ms: float
    package_bytes: int
    init_stores: tuple[StoreCalls, ...] = ()


class Metering(msgspec.Struct, frozen=True, kw_only=True):
    """The chapter. operations: by side, then by name, such as `GET /posts/{post_id}`.

    journeys: calls of each operation in one journey. functions: by name. resources: what costs money while nothing runs,
    counted from the templates, such as alarms, secrets, shards. stored_bytes: of one post, vote, user and so on, by side.
    """

    operations: dict[str, dict[str, Operation]]
    journeys: dict[str, dict[str, float]]
    functions: dict[str, Function]
    resources: dict[str, float]
    stored_bytes: dict[str, dict[str, float]]
    origin: str = "counted"


def read(folder: Path) -> Metering:
    """Return the metering of the report in a folder. Raise UsageError if there is none."""
    file = folder / "report.json"
    try:
        report = msgspec.json.decode(file.read_bytes())
        return msgspec.convert(report[CHAPTER], Metering)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except (KeyError, TypeError) as error:
        raise UsageError(f"{file} has no metering; `python -m loadtests compare` makes one") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file}: {error}") from error
