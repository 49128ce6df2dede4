"""How a password is kept: argon2id (RFC 9106) with the least memory that OWASP's cheat sheet allows, 19 MiB and two passes.

More memory would be better for the users and dearer on both sides alike; a function has to hold it on top of its own.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

SALT_BYTES = 16
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A hash of no password: an unknown user costs the same time as a wrong password, so the answer does not tell them apart.
_DECOY = "$argon2id$v=19$m=19456,t=2,p=1$bm8gcGFzc3dvcmQgaGFzIA$b/RwZSAn1dbUMVuiNBvQ3fACoyaPNo6A4KLxifqrpiA"


def hash_password(password: str, *, salt: bytes) -> str:
    """Return the encoded hash, which holds its salt (16 random bytes) and its parameters."""
    return _HASHER.hash(unicodedata.normalize("NFC", password), salt=salt)


def verify_password(password: str, *, password_hash: str | None) -> bool:
    """Tell whether the hash, None for an unknown user, is this password's. It takes the same time in every case."""
    try:
        _HASHER.verify(password_hash or _DECOY, unicodedata.normalize("NFC", password))
    except VerifyMismatchError:
        return False
    return password_hash is not None
