"""A Git push publishes the site of both running systems: the monolith in a hook, the services in a function."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from microservices.deploy.local_aws import LocalAws
from tests.git_clone import Clone, cloned

from .client import Api, unique
from .conftest import SHARED_CORES_S, TIMEOUT_S

pytestmark = pytest.mark.live


@dataclass(frozen=True, slots=True)
class Site:
    """A running system and a clone of its site's repository."""

    api: Api
    clone: Clone

    def publish(self, name: str, content: str | bytes | None) -> str:
        """Commit and push one file. Return Git's messages."""
        self.clone.commit({name: content})
        return self.clone.push()

    def shows(self, name: str, content: str) -> None:
        """Wait until a file has this content."""

        def shown() -> None:
            answer = self.api.send("GET", f"/site/{name}")
            assert (answer.status_code, answer.text) == (200, content)

        self.api.eventually(shown)

    def lacks(self, name: str) -> None:
        """Wait until the file is a 404."""

        def gone() -> None:
            assert self.api.send("GET", f"/site/{name}").status_code == 404

        self.api.eventually(gone)


@pytest.fixture(scope="module")
def monolith_site(live_monolith_api: Api, monolith_folder: Path) -> tuple[Api, Path]:
    return live_monolith_api, monolith_folder / "monolith" / "site.git"


@pytest.fixture(scope="module")
def microservices_site(local_aws_stack: LocalAws) -> Iterator[tuple[Api, Path]]:
    with httpx.Client(base_url=local_aws_stack.url, timeout=TIMEOUT_S) as client:
        yield Api(client, patience=SHARED_CORES_S), local_aws_stack.site.path


@pytest.fixture(params=["monolith_site", "microservices_site"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    api, repository = request.getfixturevalue(request.param)
    return Site(api, cloned(repository, tmp_path / "clone"))


@pytest.mark.deployed
def test_a_pushed_file_is_shown_and_a_removed_file_is_gone(site: Site) -> None:
    name, start = f"{unique('page')}.html", site.api.send("GET", "/site/index.html").text
    site.publish(name, "<p>new</p>")
    site.shows(name, "<p>new</p>")
    site.publish(name, "<p>changed</p>")
    site.shows(name, "<p>changed</p>")
    site.publish(name, None)
    site.lacks(name)
    assert site.api.send("GET", "/site/index.html").text == start


@pytest.mark.deployed
def test_the_last_of_many_pushes_stays(site: Site) -> None:
    name = f"{unique('page')}.txt"
    for count in range(6):
        site.publish(name, str(count))
    site.shows(name, "5")
    site.publish("fence.txt", name)
    site.shows("fence.txt", name)
    site.shows(name, "5")


def test_a_push_to_another_branch_changes_nothing(site: Site) -> None:
    name = f"{unique('page')}.txt"
    site.publish(name, "on main")
    site.shows(name, "on main")
    site.clone.git("switch", "--quiet", "--create", name)
    site.clone.commit({name: "on another branch"})
    site.clone.push(name)
    site.clone.git("switch", "--quiet", "main")
    site.publish("fence.txt", name)
    site.shows("fence.txt", name)
    site.shows(name, "on main")


def test_a_tag_and_a_deleted_branch_change_nothing(site: Site) -> None:
    name = f"{unique('page')}.txt"
    site.publish(name, "on main")
    site.clone.git("tag", name)
    site.clone.push(f"refs/tags/{name}", f"HEAD:refs/heads/{name}")
    site.clone.push("--delete", f"refs/heads/{name}")
    site.shows(name, "on main")


def test_a_force_push_is_published(site: Site) -> None:
    rewritten, removed = f"{unique('rewritten')}.txt", f"{unique('removed')}.txt"
    site.clone.commit({rewritten: "first", removed: "removed later"})
    site.clone.push()
    site.shows(removed, "removed later")
    site.clone.commit({rewritten: "rewritten", removed: None}, amend=True)
    site.clone.push("--force", "main")
    site.shows(rewritten, "rewritten")
    site.lacks(removed)


@pytest.mark.deployed
def test_dangerous_names_are_skipped_and_the_other_files_published(site: Site) -> None:
    mark = unique("hostile")
    names = (
        ".htaccess",
        "-rf",
        "a b.html",
        "new\nline.html",
        "$(touch x).html",
        "ünï.html",
        "folder/a.html",
        "x" * 101,
    )
    site.clone.commit({**dict.fromkeys(names, "hostile"), f"{mark}.txt": "fine"})
    (site.clone.path / "passwd.txt").symlink_to("/etc/passwd")
    site.clone.keep()
    site.clone.push()
    site.shows(f"{mark}.txt", "fine")
    for name in (".htaccess", "-rf", "passwd.txt", "a.html", "folder", "folder/a.html", "x" * 101):
        site.lacks(name)
    site.clone.commit({**dict.fromkeys(names), "passwd.txt": None})
    site.clone.push()


def test_a_file_that_becomes_a_symbolic_link_is_gone(site: Site) -> None:
    name = f"{unique('page')}.txt"
    site.publish(name, "a file")
    site.shows(name, "a file")
    (site.clone.path / name).unlink()
    (site.clone.path / name).symlink_to("/etc/passwd")
    site.clone.keep()
    site.clone.push()
    site.lacks(name)


def test_binary_files_are_published_unchanged_with_their_content_type(site: Site) -> None:
    name, content = f"{unique('image')}.png", bytes(range(256)) * 100
    site.publish(name, content)

    def shown() -> None:
        answer = site.api.send("GET", f"/site/{name}")
        assert (answer.headers["Content-Type"], answer.content) == ("image/png", content)

    site.api.eventually(shown)


def test_the_git_settings_of_the_client_do_not_affect_the_hook(site: Site, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[core]\n\thooksPath = /nowhere\n")
    strange = {"GIT_CONFIG_GLOBAL": str(settings), "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"}
    pusher = replace(site, clone=Clone(site.clone.path, {"PATH": os.environ["PATH"], **strange}))
    name = f"{unique('page')}.txt"
    assert "site: " in pusher.publish(name, "pushed from elsewhere")
    site.shows(name, "pushed from elsewhere")
