"""Hash passwords with argon2id (RFC 9106), 19 MiB of memory and two passes: the minimum of OWASP's cheat sheet.

More memory would protect better and cost both sides more. A function needs it in addition to its own memory.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

SALT_BYTES = 16
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# No password has this hash. An unknown user then takes as long as a wrong password, so timing does not reveal usernames.
_PLACEHOLDER_HASH = "$argon2id$v=19$m=19456,t=2,p=1$bm8gcGFzc3dvcmQgaGFzIA$b/RwZSAn1dbUMVuiNBvQ3fACoyaPNo6A4KLxifqrpiA"


def hash_password(password: str, *, salt: bytes) -> str:
    """Return the encoded hash, which contains the salt (16 random bytes) and the parameters."""
    return _HASHER.hash(unicodedata.normalize("NFC", password), salt=salt)


def verify_password(password: str, *, password_hash: str | None) -> bool:
    """Return whether the password has this hash. Pass None for an unknown user: that takes equally long."""
    try:
        _HASHER.verify(password_hash or _PLACEHOLDER_HASH, unicodedata.normalize("NFC", password))
    except VerifyMismatchError:
        return False
    return password_hash is not None
