"""Every change applies, works on both sides in this process, and costs what docs/change-cost.md says."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from microservices.deploy.imports import OURS, library
from microservices.deploy.modules import find_modules
from microservices.deploy.packages import handlers, local_source
from tests.change_cost.__main__ import edit, save
from tests.change_cost.changes import PROJECT, Change, PatchDoesNotApply, apply, changes, copy_repository, link_copy
from tests.change_cost.code import Services
from tests.change_cost.costs import released
from tests.change_cost.page import PAGE, render

PROOF_S = 300
ARCHITECTURE = [
    f"tests/architecture/test_{name}.py" for name in ("permissions_of_code", "operations", "features", "lock")
]
STORED_POST = "tests/contract/test_every_store.py::test_a_stored_post_is_returned_unchanged"
FORGETFUL = {  # for each store: a line of the change "field", and one that does not store the field
    "memory": (
        "shared_domain/memory.py",
        "    def add(self, post: Post) -> None:\n        self._posts[post.id] = post\n",
        "    def add(self, post: Post) -> None:\n        self._posts[post.id] = _forget(post)\n",
    ),
    "postgresql": ("monolith/posts/store.py", "language=language,", "language=None,"),
    "dynamodb_moto": ("microservices/post_item.py", "        **language,\n", ""),
}
FORGET = "\n\ndef _forget(post):\n    from dataclasses import replace\n\n    return replace(post, language=None)\n"
each_change = pytest.mark.parametrize("change", changes(), ids=lambda change: change.name)


def prove(tree: Path, tests: Iterable[str]) -> None:
    """Run contract tests of a copy on its monolith over PostgreSQL, and on its functions over moto.

    The tests of a file run together, because they share its systems. They have a temporary folder of their own: in the usual one,
    pytest would close the folders above to the PostgreSQL of other tests.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    options = ["-p", "no:cacheprovider", "-m", "not live", "--basetemp", str(tree.with_name("temporary"))]
    command = [sys.executable, "-m", "pytest", *options, *sorted(tests)]
    ran = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=PROOF_S
    )
    assert ran.returncode == 0, ran.stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository without a change."""
    return copy_repository(tmp_path_factory.mktemp("change") / "before")


@each_change
def test_a_change_applies_alone_and_compiles(change: Change, before: Path, tmp_path: Path) -> None:
    tree = link_copy(before, tmp_path / "after")
    apply([change], tree)
    edited = {tree / edit.path for part in change.patches() for edit in change.edits(part)}
    for file in edited:
        if file.suffix == ".py" and file.exists():
            compile(file.read_text(), file, "exec")


def test_all_changes_together_keep_their_promises_on_both_sides(before: Path, tmp_path: Path) -> None:
    tree = link_copy(before, tmp_path / "after")
    apply(changes(), tree)
    prove(tree, [test for change in changes() for test in change.tests])


@pytest.mark.deep
@each_change
def test_a_change_alone_keeps_its_promises_and_those_of_the_architecture(
    change: Change, before: Path, tmp_path: Path
) -> None:
    tree = link_copy(before, tmp_path / "after")
    apply([change], tree)
    prove(tree, [*change.tests, *change.about.get("deep_tests", "").split(), *ARCHITECTURE])


@pytest.mark.deep
def test_the_contract_of_stores_fails_for_each_store_that_forgets_a_new_field(before: Path, tmp_path: Path) -> None:
    """The contract does not name the field of the change: it fills every field of a post."""
    tree = link_copy(before, tmp_path / "after")
    apply([Change("field")], tree)
    prove(tree, [STORED_POST])
    for file, line, forgetful in FORGETFUL.values():
        text = (tree / file).read_text()
        assert text.count(line) == 1, file
        (tree / file).unlink()  # a hard link
        (tree / file).write_text(text.replace(line, forgetful) + (FORGET if "_forget" in forgetful else ""))
    with pytest.raises(AssertionError) as failed:
        prove(tree, [STORED_POST])
    assert all(f"unchanged[{store}]" in str(failed.value) for store in FORGETFUL)


def test_the_page_shows_the_cost_of_the_patches(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert render(page, tmp_path) == page, "run python -m tests.change_cost page"


def test_a_rule_of_the_domain_is_in_more_zips_than_use_it(before: Path, tmp_path: Path) -> None:
    rule, after = Change("rule"), link_copy(before, tmp_path / "after")
    apply([rule], after)
    release = released(rule, Services(before), Services(after))
    assert release.used == {"users-http", "platform-http"}  # platform-http serves the contract
    assert release.zips == release.used | {"avatars-http"}  # checks usernames, and registers nobody
    assert (release.using_stacks, release.stacks) == ({"users", "platform"}, {"users", "platform", "avatars"})


def test_a_patch_that_no_longer_applies_is_named_with_the_way_to_remake_it(tmp_path: Path) -> None:
    file = copy_repository(tmp_path) / "shared_domain" / "users.py"
    file.write_text(file.read_text().replace("min_length=8", "min_length=9"))
    with pytest.raises(PatchDoesNotApply) as caught:
        apply([Change("rule")], tmp_path)
    message = str(caught.value)
    assert "tests/change_cost/rule/shared.patch no longer applies" in message
    assert "shared_domain/users.py" in message
    assert "python -m tests.change_cost edit rule FOLDER" in message


@pytest.mark.deep
def test_the_modules_of_a_zip_are_those_that_the_packages_have() -> None:
    places, services = local_source().places, Services(PROJECT)
    for function, handler in handlers().items():
        modules = {name for name in find_modules(handler, places) if library(name) in OURS}
        assert services.modules(function).keys() == modules, function
        assert ("msgspec" in services.libraries(function)) == ("msgspec" in find_modules(handler, places)), function


@pytest.mark.deep
def test_a_change_that_is_edited_and_saved_keeps_its_patches(tmp_path: Path) -> None:
    change = Change("field")
    edit(change, tmp_path / "copy")
    save(change, tmp_path / "copy", into=tmp_path)
    for part, patch in change.patches().items():
        new = (tmp_path / change.name / f"{part}.patch").read_text()
        assert _edited_lines(new) == _edited_lines(patch.read_text())


def _edited_lines(patch: str) -> list[str]:
    return [line for line in patch.splitlines() if line.startswith(("+", "-"))]
