"""Text is read and written as UTF-8, whatever the user's locale is."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("shared_domain", "monolith", "microservices", "loadtests")
OTHER_OPEN = {"os", "Image"}  # their `open` returns no text


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_and_output_that_is_text_has_an_encoding(package: str) -> None:
    assert [place for file in (PROJECT / package).rglob("*.py") for place in _without_encoding(file)] == []


def _without_encoding(file: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call)]
    return [f"{file.name}:{call.lineno}" for call in calls if _is_text(call) and "encoding" not in _keywords(call)]


def _is_text(call: ast.Call) -> bool:
    """Return whether a call reads or writes text: of a file, or of a program's output."""
    owner, _, name = ast.unparse(call.func).rpartition(".")
    if name == "open":
        modes = [argument for argument in call.args if isinstance(argument, ast.Constant)]
        return owner not in OTHER_OPEN and not any("b" in str(mode.value) for mode in modes)
    return (owner != "" and name in ("read_text", "write_text")) or "text=True" in map(ast.unparse, call.keywords)


def _keywords(call: ast.Call) -> set[str | None]:
    return {keyword.arg for keyword in call.keywords}
