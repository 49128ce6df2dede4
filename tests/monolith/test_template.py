"""The template of the monolith agrees with the Dockerfile and with the time limits of the server."""

from typing import Any

import pytest

from microservices.deploy.templates import parse
from monolith.background import STOP_SECONDS
from monolith.server import GRACEFUL_SECONDS, KEEP_ALIVE_SECONDS
from monolith.worker import PING_SECONDS

from .image import read_dockerfile
from .programs import PROJECT


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    content: dict[str, Any] = parse(PROJECT / "monolith" / "template.yaml")["Resources"]
    return content


@pytest.fixture(scope="module")
def container(resources: dict[str, Any]) -> dict[str, Any]:
    (content,) = resources["Task"]["Properties"]["ContainerDefinitions"]
    return dict(content)


def test_the_balancer_closes_idle_connections_before_the_monolith_and_after_a_ping(resources: dict[str, Any]) -> None:
    attributes = {each["Key"]: each["Value"] for each in resources["Balancer"]["Properties"]["LoadBalancerAttributes"]}
    assert PING_SECONDS < int(attributes["idle_timeout.timeout_seconds"]) < KEEP_ALIVE_SECONDS


def test_ecs_waits_for_the_shutdown(container: dict[str, Any]) -> None:
    assert container["StopTimeout"] > GRACEFUL_SECONDS + STOP_SECONDS


def test_the_task_runs_the_image_as_it_was_tested(container: dict[str, Any]) -> None:
    assert container["User"] == read_dockerfile().user
    assert container["ReadonlyRootFilesystem"] is True
    assert {mount["ContainerPath"] for mount in container["MountPoints"]} == {"/tmp", "/site"}  # noqa: S108
    assert "Command" not in container
    variables = {each["Name"] for each in (*container["Environment"], *container["Secrets"])}
    assert variables == {"DATABASE_URL", "PGPASSWORD", "SITE_DIR", "TRUSTED_PROXIES", "ADMINISTRATORS", "TOKEN_SECRET"}


def test_an_update_starts_new_tasks_before_it_stops_old_ones(resources: dict[str, Any]) -> None:
    service = resources["Service"]["Properties"]
    assert service["DeploymentConfiguration"]["MinimumHealthyPercent"] == 100
    assert "DesiredCount" not in service
