"""What the contract accepts as text: NFC-normalised, without control characters, its length counted in code points."""

import re
import unicodedata

from shared_domain.errors import InvalidInput

_ALLOWED_CONTROLS = frozenset("\t\n\r")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def clean(field: str, value: str, *, least: int = 0, most: int | None = None) -> str:
    """Return the value in NFC. Raise InvalidInput if it holds a control character or is not `least` to `most` code points long."""
    normal = unicodedata.normalize("NFC", value)
    if not normal.isprintable() and any(_is_refused(character) for character in normal):
        raise InvalidInput(field, "must not contain control characters")
    if len(normal) < least or (most is not None and len(normal) > most):
        raise InvalidInput(field, f"must have {least} to {most} characters")
    return normal


def email_address(field: str, value: str) -> str:
    """Return the address in NFC. Raise InvalidInput unless it has 3 to 254 characters of the form name@example.org."""
    address = clean(field, value, least=3, most=254)
    if not _EMAIL.fullmatch(address):
        raise InvalidInput(field, "must have the form name@example.org")
    return address


def _is_refused(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in _ALLOWED_CONTROLS
