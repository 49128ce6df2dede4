"""What the monolith is told from outside. Read once, by `python -m monolith`; nothing else asks the environment for a setting."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    database_url: str  # postgresql+psycopg://…
    token_secret: str
    administrators: frozenset[str] = frozenset()  # usernames of those who read the feedback
    pool_size: int = 4  # requests that a worker answers at a time, and connections that it holds for them
    listeners: int = 200  # clients of the live feed that a worker takes: each holds a thread, and no connection
    spans: Path | None = None  # the file that takes what is explained; None: nothing is, and no hook is there
    site: Path = Path(__file__).parents[1] / "site"  # the folder of the static site; `python -m monolith` names its own


def token_secret(environment: Mapping[str, str], run_dir: Path) -> str:
    """Return `TOKEN_SECRET`, else a secret of this run directory's own: made once, readable by its owner alone."""
    if given := environment.get("TOKEN_SECRET"):
        return given
    kept = run_dir / "monolith" / "token-secret"
    if not kept.exists():
        draft = kept.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        draft.replace(kept)  # whole or not at all: with half a secret, or none, anybody signs tokens
    return kept.read_text()
