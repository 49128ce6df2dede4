"""The units: one Markdown file each, with front matter and fixed sections, a patch for its fault and one for its solution."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent
CLONE = FOLDER.parents[1]
SECTIONS = ("Question", "Goal", "Steps", "Hints", "Solution", "Explanation", "For the instructor", "Slide")
HINTS = 3
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)
_HINT = re.compile(r"<summary>Hint \d</summary>\n+(.*?)\n+</details>", re.DOTALL)
_DETAILS = re.compile(r"</?(?:details|summary)[^>]*>[^<\n]*(?:</summary>)?\n*")


class UnknownUnit(Exception):
    """No unit has this number or name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit. cuts: the lengths of workshop, in minutes, that have it. check_s: limit of its check."""

    number: int
    name: str
    title: str
    minutes: int
    cuts: tuple[int, ...]
    check_s: int
    sections: dict[str, str]

    @property
    def page(self) -> Path:
        """Return its Markdown file."""
        return FOLDER / f"{self.number}-{self.name}.md"

    @property
    def fault(self) -> Path:
        """Return the patch that `start` applies to the copy."""
        return FOLDER / "patches" / f"{self.name}.fault.patch"

    @property
    def solution(self) -> Path:
        """Return the patch that solves the exercise, on top of the fault."""
        return FOLDER / "patches" / f"{self.name}.solution.patch"

    @property
    def hints(self) -> list[str]:
        """Return the hints. Each says more than the one before."""
        return _HINT.findall(self.sections["Hints"])


def text_of(section: str) -> str:
    """Return a section without the tags that fold it on the page."""
    return _DETAILS.sub("", section).strip()


@cache
def all_units() -> tuple[Unit, ...]:
    """Return the units in their order."""
    pages = (page for page in FOLDER.glob("[0-9]-*.md"))
    return tuple(sorted(map(_read, pages), key=lambda unit: unit.number))


def find(word: str) -> Unit:
    """Return the unit of a number or name. Raise UnknownUnit."""
    for unit in all_units():
        if word in (str(unit.number), unit.name):
            return unit
    raise UnknownUnit(f"no unit {word!r}; `list` shows the units 0 to {len(all_units()) - 1}")


def _read(page: Path) -> Unit:
    text = page.read_text(encoding="utf-8")
    front = _FRONT.match(text)
    if front is None:
        raise ValueError(f"{page.name} has no front matter")
    facts = yaml.safe_load(front[1])
    title, *parts = _HEADING.split(text[front.end() :])
    number, _, name = page.stem.partition("-")
    return Unit(
        number=int(number),
        name=name,
        title=title.strip().splitlines()[0].removeprefix("# ").partition(". ")[2],
        minutes=facts["minutes"],
        cuts=tuple(facts["cuts"]),
        check_s=facts.get("check_s", 20),
        sections=dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True)),
    )
