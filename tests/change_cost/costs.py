"""Count what a change costs on each side, from its patches and from the packages before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.change_cost.changes import Change, Edit
from tests.change_cost.code import Place, Services

COLUMNS = (
    "change", "side", "files", "lines", "tests", "migrations", "releases", "coordinated", "zips", "zips that use it",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The effect of a change on the services: zips that differ, those that use it, and stacks with another zip or template."""

    zips: frozenset[str]
    used: frozenset[str]
    stacks: frozenset[str]
    coordinated: frozenset[str]


def rows(change: Change, before: Path, after: Path) -> Iterator[tuple[str, ...]]:
    """Yield the row of each side. before, after: copies of the repository."""
    release = released(change, Services(before), Services(after))
    total = len(Services(after).handlers)
    yield _row(change, "monolith", releases=1, coordinated=0, zips="–", used="–")
    yield _row(
        change,
        "microservices",
        releases=len(release.stacks),
        coordinated=len(release.coordinated) if len(release.coordinated) > 1 else 0,
        zips=f"{len(release.zips)} of {total}",
        used=str(len(release.used)),
    )


def released(change: Change, before: Services, after: Services) -> Release:
    """Compare the packages before and after a change."""
    edited = {edit.path for part in ("shared", "microservices") for edit in change.edits(part)}
    library = change.about.get("library", "")
    zips, used = set(), set()
    for function in before.handlers.keys() | after.handlers.keys():
        old, new = (each.files(function) if function in each.handlers else set() for each in (before, after))
        updated = function in after.handlers and library in after.libraries(function)
        if old != new or new & edited or updated:
            zips.add(function)
            if updated or _uses_changes(function, before, after) or _has_other_data(new & edited):
                used.add(function)
    stack_of = {function: service for each in (before, after) for function, (service, _) in each.handlers.items()}
    changed = {path.split("/")[1] for path in edited if path.endswith("/template.yaml")}
    return Release(
        zips=frozenset(zips),
        used=frozenset(used),
        stacks=frozenset(map(stack_of.__getitem__, zips)) | changed,
        coordinated=frozenset(map(stack_of.__getitem__, used)) | changed,
    )


def _uses_changes(function: str, before: Services, after: Services) -> bool:
    old, new = (
        dict[Place, str]() if function not in each.handlers else each.used(function) for each in (before, after)
    )
    return old != new


def _has_other_data(files: set[str]) -> bool:
    """Return whether a file that is no code has changed, such as the contract that one function serves."""
    return any(not file.endswith(".py") for file in files)


def _row(change: Change, side: str, *, releases: int, coordinated: int, zips: str, used: str) -> tuple[str, ...]:
    edits = [*change.edits("shared"), *change.edits(side), *change.edits("tests")]
    code = [edit for edit in edits if not edit.path.startswith("tests/")]
    migrations = sum(edit.path.startswith("monolith/migrations/") for edit in code) + int(
        change.about.get(f"{side}_data", "") != ""
    )
    counts = (len(code), _lines(code), len(edits) - len(code), migrations, releases, coordinated)
    return change.about["title"], side, *map(str, counts), zips, used


def _lines(edits: list[Edit]) -> int:
    return sum(edit.added + edit.removed for edit in edits)
