"""Read files of the user. Whatever they hold, memory stays bounded and a mistake is one line."""

from pathlib import Path

from loadtests.errors import UsageError


def read_text(path: Path, *, limit: int) -> str:
    """Return the text of a regular file of at most `limit` bytes. Raise UsageError."""
    try:
        if path.exists() and not path.is_file():  # such as a folder, or a device without an end
            raise UsageError(f"{path}: not a file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > limit:
        raise UsageError(f"{path}: larger than {limit:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text: {error}") from error
