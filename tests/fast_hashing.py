"""Hash passwords of this process with the least work: hashing is slow on purpose, and takes a fifth of the contract tests' time.

Running systems hash as deployed. `as_deployed` restores that in this process.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher

from shared_domain import passwords

_FAST = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_DEPLOYED = passwords._HASHER, passwords._PLACEHOLDER_HASH


def _use(hasher: PasswordHasher, placeholder: str) -> None:
    passwords._HASHER, passwords._PLACEHOLDER_HASH = hasher, placeholder


def hash_fast() -> None:
    """Hash with the least memory and one pass from now on."""
    _use(_FAST, _FAST.hash("no password has this hash"))


@contextmanager
def as_deployed() -> Iterator[None]:
    """Hash as deployed while the block lasts."""
    before = passwords._HASHER, passwords._PLACEHOLDER_HASH
    _use(*_DEPLOYED)
    try:
        yield
    finally:
        _use(*before)
