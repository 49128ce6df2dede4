"""The hooks around a function, in its process: a layer brings this file, and the function's configuration names its handler.

The file in DRILL_FAULT holds the present fault: its kind, and the service whose functions it hits, or "" for all.
"""

import importlib
import json
import os
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore import handlers
from botocore.exceptions import ReadTimeoutError

THROTTLE, HANG, DELIVERIES = "throttle", "hang", "deliveries"
READ_TIMEOUT_S = 2.0  # of the services' clients
THROTTLED = {
    "Error": {"Code": "ProvisionedThroughputExceededException", "Message": "injected by a drill"},
    "ResponseMetadata": {"HTTPStatusCode": 400},
}
_tries = Counter[str]()  # of a stream's batch, by its first record


def lambda_handler(event: Any, context: Any) -> Any:
    """Run the function's own handler. Lose the first delivery of a batch, and repeat the second, while deliveries are faulty."""
    number = _delivery(event) if _fault() == DELIVERIES else 0
    if number == 1:
        raise RuntimeError("a drill lost this delivery")
    answer = _own(event, context)
    if number == 2:
        raise RuntimeError("a drill repeats this delivery")
    return answer


def _delivery(event: Any) -> int:
    """Return the number of a batch's delivery by a queue or a stream; 0 for others, which the local AWS does not repeat."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if records else {}
    if "receiptHandle" in first:
        return int(first["attributes"]["ApproximateReceiveCount"])
    if first.get("eventSource") not in ("aws:dynamodb", "aws:kinesis"):
        return 0
    _tries[first["eventID"]] += 1
    return _tries[first["eventID"]]


def _before_call(**_: Any) -> Any:
    """Answer a DynamoDB call in place of the table, as a throttled or hanging one does."""
    fault = _fault()
    if fault == HANG:
        time.sleep(READ_TIMEOUT_S)
        raise ReadTimeoutError(endpoint_url="dynamodb")
    return (SimpleNamespace(status_code=400), THROTTLED) if fault == THROTTLE else None


def _fault() -> str:
    """Return the kind of the fault that hits this function now."""
    try:
        kind, service = json.loads(Path(os.environ["DRILL_FAULT"]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return kind if service in ("", os.environ["POWERTOOLS_SERVICE_NAME"]) else ""


handlers.BUILTIN_HANDLERS.append(("before-call.dynamodb", _before_call))  # before the own handler makes its clients
_module, _, _name = os.environ["OWN_HANDLER"].rpartition(".")
_own = getattr(importlib.import_module(_module), _name)
