"""Count what a change costs on each side, from its patches and from the packages before and after."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.change_cost.changes import Change, Edit
from tests.change_cost.code import Place, Services

COLUMNS = (
    *("change", "side", "files", "lines", "tests", "migrations", "releases", "used by", "in order", "zips", "zips that use it"),
)  # fmt: skip
_OF_TESTS = ("tests/", "loadtests/")
_OF_MIGRATIONS = "monolith/migrations/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The effect of a change on the services.

    zips: functions whose package differs. used: those that use the change. stacks: services with another zip or template.
    using_stacks: those with a zip that uses the change, or with another template.
    """

    zips: frozenset[str]
    used: frozenset[str]
    stacks: frozenset[str]
    using_stacks: frozenset[str]


def rows(change: Change, before: Services, after: Services) -> Iterator[tuple[str, ...]]:
    """Yield the row of each side."""
    release = released(change, before, after)
    order = str(len(change.about.get("order", "").split(", ")) if "order" in change.about else 0)
    zips = f"{len(release.zips)} of {len(after.handlers)}"
    counts = (len(release.stacks), len(release.using_stacks), order, zips, len(release.used))
    yield (*_work(change, "monolith"), "1", "1", "0", "–", "–")
    yield (*_work(change, "microservices"), *map(str, counts))


def released(change: Change, before: Services, after: Services) -> Release:
    """Compare the packages before and after a change."""
    edited = {edit.path for part in ("shared", "microservices") for edit in change.edits(part)}
    zips, used = set(), set()
    for function in before.handlers.keys() | after.handlers.keys():
        old, new = (each.files(function) if function in each.handlers else set() for each in (before, after))
        updated = function in after.handlers and change.about.get("library") in after.libraries(function)
        if old != new or new & edited or updated:
            zips.add(function)
            if updated or _has_other_data(new & edited) or _used(function, before) != _used(function, after):
                used.add(function)
    stack_of = {function: service for each in (before, after) for function, (service, _) in each.handlers.items()}
    changed = {path.split("/")[1] for path in edited if path.endswith("/template.yaml")}
    return Release(
        zips=frozenset(zips),
        used=frozenset(used),
        stacks=_stacks(zips, stack_of) | changed,
        using_stacks=_stacks(used, stack_of) | changed,
    )


def _used(function: str, services: Services) -> dict[Place, str]:
    return services.used(function) if function in services.handlers else {}


def _has_other_data(files: set[str]) -> bool:
    """Return whether a file that is no code has changed, such as the contract that one function serves."""
    return any(not file.endswith(".py") for file in files)


def _stacks(functions: Iterable[str], stack_of: dict[str, str]) -> frozenset[str]:
    return frozenset(stack_of[function] for function in functions)


def _work(change: Change, side: str) -> tuple[str, ...]:
    """Return the first columns: change, side, files, lines, tests and migrations."""
    edits = [*change.edits("shared"), *change.edits(side), *change.edits("tests")]
    code = [edit for edit in edits if not edit.path.startswith(_OF_TESTS)]
    schema = sum(edit.path.startswith(_OF_MIGRATIONS) for edit in code)
    data = int(f"{side}_data" in change.about)
    return (
        change.about["title"],
        side,
        str(len(code)),
        str(_lines(code)),
        str(len(edits) - len(code)),
        str(schema + data),
    )


def _lines(edits: list[Edit]) -> int:
    """Return the changed lines, without those of lock files, which a command writes."""
    return sum(edit.added + edit.removed for edit in edits if not edit.path.endswith(".lock"))
