"""The repositories of both sides start with the same commit, so that one clone can push to both."""

from pathlib import Path

from microservices.deploy.site_repository import SiteRepository
from monolith.site.publication import prepare_site
from tests.git_clone import cloned


def test_one_clone_pushes_to_both_sides(tmp_path: Path) -> None:
    prepare_site(tmp_path)
    services = SiteRepository(tmp_path / "services.git")
    services.prepare()
    clone = cloned(tmp_path / "site.git", tmp_path / "clone")
    clone.git("remote", "add", "services", str(services.path))
    clone.commit({"hello.html": "hello"})
    clone.push()
    clone.git("push", "services", "main")
    assert (tmp_path / "site" / "hello.html").read_text() == "hello"
    head = services.head("main")
    assert head is not None
    assert "hello.html" in [path for _, path, _, _ in services.differences(None, head)]
