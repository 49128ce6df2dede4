"""Unit 9: every claim of decision.md must cite a figure, and the figure must be in the file that it cites."""

import re
from pathlib import Path

from workshop.checking import CheckFailed

PAGE = Path("decision.md")
CHOICES = ("monolith", "microservices")
LEAST_CLAIMS = 4
_CHOICE = re.compile(rf"^Choice: *({'|'.join(CHOICES)})\b", re.MULTILINE | re.IGNORECASE)
_CITATION = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")  # [the quoted figure](the file)
_TODO = "…"


def check() -> None:
    """Raise CheckFailed for the first claim without a figure, or with one that its file does not contain."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if not _CHOICE.search(text):
        raise CheckFailed(f"{PAGE}: the line `Choice:` must begin with {' or '.join(CHOICES)}")
    claims = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]
    written = [claim for claim in claims if _TODO not in claim]
    if len(written) < LEAST_CLAIMS:
        raise CheckFailed(f"{PAGE}: {len(written)} claims are written, and {LEAST_CLAIMS} are needed")
    for number, claim in enumerate(written, start=1):
        _require_citation(number, claim)
    own = "\n".join(line for line in text.lower().splitlines() if _TODO not in line)
    if not any(word in own for word in ("unless", "would change", "except")):
        raise CheckFailed(f"{PAGE}: say what would change your choice")


def _require_citation(number: int, claim: str) -> None:
    citations = _CITATION.findall(claim)
    if not citations:
        raise CheckFailed(
            f"Claim {number} cites nothing: {claim}\nWrite [the figure](the file), such as [$95.72](README.md)."
        )
    for quoted, name in citations:
        file = Path(name)
        if not any(letter.isdigit() for letter in quoted):
            raise CheckFailed(f"Claim {number} cites {quoted!r}, which is no figure")
        if not file.is_file():
            raise CheckFailed(f"Claim {number} cites {name}, and there is no such file in your copy")
        if quoted not in file.read_text(encoding="utf-8"):
            raise CheckFailed(f"Claim {number}: {quoted!r} is not in {name}")
