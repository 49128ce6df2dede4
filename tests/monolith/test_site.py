"""The folder is equal to the branch after each push, files are replaced atomically, and nothing else is served."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monolith.site.folder import SiteFolder
from monolith.site.publication import prepare_site, publish
from monolith.site.repository import SiteRepository
from shared_domain.errors import NotFound
from shared_domain.site import MAX_FILE_BYTES
from tests.git_clone import Clone, cloned


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The folder of a new site."""
    return prepare_site(tmp_path)


@pytest.fixture
def clone(served: Path, tmp_path: Path) -> Clone:
    return cloned(served.with_name("site.git"), tmp_path / "clone")


def test_the_initial_site_is_served_and_a_second_start_keeps_what_was_pushed(served: Path, clone: Clone) -> None:
    assert (served / "index.html").is_file()
    clone.commit({"index.html": "mine", "leaderboard.css": None})
    clone.push()
    assert prepare_site(served.parent) == served
    assert (served / "index.html").read_text() == "mine"
    assert SiteFolder(served).names() == {"index.html", "site.css"}


def test_processes_that_share_a_new_folder_create_one_repository(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        served = set(threads.map(prepare_site, [tmp_path] * 4))
    assert served == {tmp_path / "site"}
    assert SiteFolder(tmp_path / "site").names() == {"index.html", "leaderboard.css", "site.css"}


def test_a_push_reports_what_it_changed_and_what_is_not_served(clone: Clone) -> None:
    clone.commit({"a.txt": "new", "site.css": None, ".hidden": "x", "large.txt": b"x" * (MAX_FILE_BYTES + 1)})
    output = clone.push()
    assert "1 files written, 1 removed; not served: '.hidden', 'large.txt'" in output


def test_only_changed_files_are_written(served: Path, clone: Clone) -> None:
    before = {name: (served / name).stat() for name in SiteFolder(served).names()}
    clone.commit({"site.css": "changed"})
    clone.push()
    unchanged = {name for name, stat in before.items() if (served / name).stat().st_ino == stat.st_ino}
    assert unchanged == before.keys() - {"site.css"}


def test_a_push_that_cannot_be_published_is_stored_and_reports_the_reason(served: Path, clone: Clone) -> None:
    shutil.rmtree(served)
    served.touch()
    clone.commit({"a.txt": "new"})
    assert "site: the push is stored but not published: " in clone.push()
    served.unlink()
    prepare_site(served.parent)
    assert (served / "a.txt").read_text() == "new"


def test_concurrent_pushes_end_with_the_state_of_the_branch(served: Path, clone: Clone) -> None:
    repository = SiteRepository(served.with_name("site.git"))
    for count in range(5):
        clone.commit({"a.txt": str(count)})
        clone.push()
        (served / "a.txt").write_text("an older push")
        threads = [threading.Thread(target=publish, args=(repository, served)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (served / "a.txt").read_text() == str(count)
        assert not (served / ".draft").exists()


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".draft", "../secret", "folder", "link.txt", "pipe.txt", "a\nb", "ü.txt"]
)
def test_anything_but_a_regular_file_of_the_site_is_not_found(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "site"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    for hidden in (".draft", "a\nb", "ü.txt"):
        (folder / hidden).write_text("hidden")
    (folder / "link.txt").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.txt")
    with pytest.raises(NotFound):
        SiteFolder(folder).read(name)


def test_writing_a_file_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "site" / "a.txt").symlink_to(tmp_path / "secret")
    SiteFolder(tmp_path / "site").write("a.txt", b"new")
    assert (tmp_path / "secret").read_text() == "secret"
    assert SiteFolder(tmp_path / "site").read("a.txt") == b"new"
