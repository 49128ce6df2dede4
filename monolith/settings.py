"""Configuration, read once at start by `python -m monolith`. No other module reads the environment."""

import re
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

_SERVER_VARIABLES = ("FLASK_", "GUNICORN_", "GRANIAN_", "UVICORN_", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    database_url: str  # postgresql+psycopg://…
    token_secret: str
    administrators: frozenset[str] = frozenset()  # usernames that may read feedback
    pool_size: int = 4  # concurrent requests of a worker; each has a database connection
    trusted_proxies: int = 0  # proxies in front of the server, each of which appends to X-Forwarded-For
    live_clients: int = 1000  # live feed clients of a worker; each occupies memory but no thread
    site: Path = Path(__file__).parents[1] / "shared_domain/site"  # `python -m monolith` passes another folder


def ignore_server_variables(environment: MutableMapping[str, str]) -> None:
    """Remove the variables of Flask and of web servers: they would change this program, which has options of its own."""
    for name in [name for name in environment if name.startswith(_SERVER_VARIABLES)]:
        del environment[name]


def trusted_proxies(environment: Mapping[str, str]) -> int:
    """Return `TRUSTED_PROXIES`, or 0. Raise RuntimeError if it is not a small number."""
    text = environment.get("TRUSTED_PROXIES", "0")
    if not re.fullmatch("[0-9]", text):
        raise RuntimeError("TRUSTED_PROXIES must be a number from 0 to 9")
    return int(text)


def site_folder(environment: Mapping[str, str], run_dir: Path) -> Path:
    """Return `SITE_DIR`, or else a part of the run directory. Several processes on one database need a shared folder."""
    return Path(environment.get("SITE_DIR") or run_dir / "monolith")


def token_secret(environment: Mapping[str, str], run_dir: Path) -> str:
    """Return `TOKEN_SECRET`, or else the run directory's secret, created once with mode 600."""
    if secret := environment.get("TOKEN_SECRET"):
        return secret
    file = run_dir / "monolith" / "token-secret"
    if not file.exists():
        draft = file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        draft.replace(file)  # atomic: with a partial or empty secret anybody could sign tokens
    return file.read_text(encoding="utf-8")
