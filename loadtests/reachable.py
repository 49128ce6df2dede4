"""Is there a system of ours at an address? RunSettings before anything is started for it, and where one answers nothing more."""

from functools import cache

import httpx
import yaml

from loadtests.errors import ParityError
from loadtests.processes import ROOT
from loadtests.systems import SystemFailed

WITHIN_S = 10.0


class WrongContract(ParityError):
    """A system serves another contract than this one, so nothing that it answers can be compared."""


def check(base_url: str) -> None:
    """Return if a system there serves this contract. Raise SystemFailed if nobody answers, WrongContract if it is another."""
    where = f"{base_url.rstrip('/')}/openapi.json"
    try:
        answer = httpx.get(where, timeout=WITHIN_S)
        served = answer.raise_for_status().json()["info"]["version"]
    except (httpx.TransportError, httpx.InvalidURL) as away:
        raise SystemFailed(f"nobody answers at {base_url}: {away}") from away
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as other:
        raise WrongContract(f"{where} is no contract, so {base_url} is no system of ours") from other
    if served != version():
        raise WrongContract(
            f"{base_url} serves version {served} of the contract, and this is {version()}: use its own tests"
        )


@cache
def version() -> str:
    """Return the version of docs/openapi.yaml."""
    return str(yaml.load((ROOT / "docs" / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)["info"]["version"])
