"""A probe: one request that both systems are asked."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One request to both systems. A gateway may answer some in its own words: then only the status is compared.

    raw: a body that is sent as it is. ignoring: members of the answer that differ by nature here. until: what is eventual is asked
    for until this holds of the answer, some seconds at most. eventual: both sides are asked again until they agree, as long.
    """

    name: str
    method: str = "GET"
    path: str
    body: Any = None
    raw: bytes | None = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status_only: bool = False
    ignoring: tuple[str, ...] = ()
    until: Callable[[httpx.Response], bool] | None = None
    eventual: bool = False


Script = Generator[Probe, httpx.Response, None]
