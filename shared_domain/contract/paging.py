"""Pages and cursors of the contract: `?limit=1..100` and `?cursor=…` → `{"items": […], "next_cursor": "…" | null}`.

A cursor is the position of the last item on the page, with a digest that binds it to its list. An altered cursor, or one of
another list, is refused. The digest is not a secret: a forged cursor shows nothing that the list does not show anyway.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from shared_domain.contract.parsing import Query
from shared_domain.errors import InvalidInput

DEFAULT_LIMIT = 20
MAX_ITEMS = 100

Position = TypeVar("Position")
Item = TypeVar("Item")

_LIMIT = re.compile(r"[0-9]{1,3}", re.ASCII)
_DIGEST_BYTES = 9


def parse_limit(query: Query) -> int:
    """Return the `limit` parameter, 20 if it is absent. Raise InvalidInput unless it is 1 to 100."""
    value = query.get("limit")
    if value is None:
        return DEFAULT_LIMIT
    if not _LIMIT.fullmatch(value) or not 1 <= int(value) <= MAX_ITEMS:
        raise InvalidInput("limit", f"must be 1 to {MAX_ITEMS}")
    return int(value)


def parse_cursor(query: Query, *, list_name: str, shape: type[Position]) -> Position | None:
    """Return the position in the `cursor` parameter, None for the first page. Raise InvalidInput for a cursor of another list."""
    cursor = query.get("cursor")
    if cursor is None:
        return None
    try:
        payload = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[_DIGEST_BYTES:]
        if _make_cursor(payload, list_name) != cursor:
            raise InvalidInput("cursor", "is not a cursor of this list")
        return msgspec.json.decode(payload, type=shape)
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidInput("cursor", "is not a cursor") from error


def page_json(
    items: Sequence[Item],
    *,
    limit: int,
    list_name: str,
    position_of: Callable[[Item], Any],
    to_json: Callable[[Item], dict[str, Any]],
) -> dict[str, Any]:
    """Return the page as JSON. `items` must have one more than `limit` if the list continues; that item is not shown."""
    shown = items[:limit]
    continues = len(items) > limit
    cursor = _make_cursor(msgspec.json.encode(position_of(shown[-1])), list_name) if continues else None
    return {"items": [to_json(item) for item in shown], "next_cursor": cursor}


def _make_cursor(payload: bytes, list_name: str) -> str:
    digest = hashlib.sha256(list_name.encode() + b"\n" + payload).digest()[:_DIGEST_BYTES]
    return urlsafe_b64encode(digest + payload).decode().rstrip("=")
