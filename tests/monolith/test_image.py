"""The image needs no rights, no writable file system, no embedded PostgreSQL and nothing that the Dockerfile does not copy."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from .conftest import Databases
from .image import Container, read_dockerfile, run_container
from .programs import STOP_S, sign_in, within

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root"),
]
WRITABLE = {"/tmp", "/site"}  # noqa: S108


@pytest.fixture(scope="module")
def container(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    url = databases.create().replace(str(databases.data), "/db")
    folder = tmp_path_factory.mktemp("image")
    environment = {"DATABASE_URL": url, "TOKEN_SECRET": "secret", "SITE_DIR": "/site", "TRUSTED_PROXIES": "1"}
    databases.data.chmod(0o711)  # other users may enter the folder and connect to its socket
    with run_container(folder, database=databases.data, environment=environment) as started:
        yield started
    databases.data.chmod(0o700)


def _processes(container: Container) -> list[psutil.Process]:
    master = psutil.Process(container.process.pid)
    return [master, *master.children()]


def test_it_answers_health_a_post_and_the_site(container: Container) -> None:
    with httpx.Client(base_url=container.url(), timeout=20) as client:
        assert client.get("/health").json() == {"status": "ok"}
        post = sign_in(client, "contained").post("/posts", json={"title": "From a container", "body": "It works."})
        assert post.status_code == 201
        assert client.get(f"/posts/{post.json()['id']}").json()["title"] == "From a container"
        assert client.get("/site/index.html").status_code == 200


def test_it_runs_as_the_users_of_the_image_on_a_read_only_file_system(container: Container) -> None:
    container.url()
    user = int(read_dockerfile().user.partition(":")[0])
    assert [set(process.uids()) for process in _processes(container)] == [{user}] * 3
    mounts = [line.split() for line in Path(f"/proc/{container.process.pid}/mounts").read_text().splitlines()]
    writable = {path for _, path, _, flags, *_ in mounts if "rw" in flags.split(",")}
    assert {path for path in writable if not path.startswith(("/proc", "/dev", "/sys"))} == WRITABLE


def test_the_line_of_a_request_in_the_containers_output_has_the_id_of_the_answer(container: Container) -> None:
    answer = httpx.get(f"{container.url()}/health", timeout=20)
    lines = [json.loads(line) for line in container.log.read_text().splitlines() if line.startswith("{")]
    (line,) = (line for line in lines if line.get("request_id") == answer.headers["x-request-id"])
    assert (line["path"], line["status"]) == ("/health", 200)


def test_sigterm_ends_it(container: Container) -> None:
    """The last test of this file."""
    container.url()
    processes = _processes(container)
    container.process.terminate()
    assert container.process.wait(STOP_S) == 0
    assert within(5, lambda: not any(process.is_running() for process in processes))
