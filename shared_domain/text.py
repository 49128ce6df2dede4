"""Text of the contract: NFC-normalised, without control characters, its length counted in code points."""

import re
import unicodedata

from shared_domain.errors import InvalidInput

_ALLOWED_CONTROLS = frozenset("\t\n\r")
_USERNAME = re.compile(r"[a-z0-9_]{3,30}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def clean(field: str, value: str, *, min_length: int = 0, max_length: int | None = None) -> str:
    """Return the value in NFC. Raise InvalidInput for a control character, or a length outside `min_length` to `max_length`."""
    normal = unicodedata.normalize("NFC", value)
    if not normal.isprintable() and any(_is_control(character) for character in normal):
        raise InvalidInput(field, "must not contain control characters")
    if len(normal) < min_length or (max_length is not None and len(normal) > max_length):
        raise InvalidInput(field, f"must have {min_length} to {max_length} characters")
    return normal


def clean_email(field: str, value: str) -> str:
    """Return the address in NFC. Raise InvalidInput unless it has 3 to 254 characters of the form name@example.org."""
    address = clean(field, value, min_length=3, max_length=254)
    if not _EMAIL.fullmatch(address):
        raise InvalidInput(field, "must have the form name@example.org")
    return address


def is_username(text: str) -> bool:
    """Return whether a user can have this username: 3 to 30 characters of a-z, 0-9 and _."""
    return _USERNAME.fullmatch(text) is not None


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS
