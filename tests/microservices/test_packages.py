"""Check that every function's zip is complete, minimal and reproducible."""

import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from microservices.deploy import package_cache, packages, templates
from microservices.deploy.emulator_process import INTERPRETER, LIBRARIES
from microservices.deploy.imports import RUNTIME_LIBRARIES
from microservices.deploy.modules import MissingModule, Places, find_modules

MEGABYTE = 1_000_000
SERVICE_OF = {name: service for service in templates.services() for name in templates.functions(service)}
UNCHECKED = 0b01  # the flag of a .pyc that Python does not compare with its source

every_function = pytest.mark.parametrize(
    ("service", "function"), [(service, name) for name, service in SERVICE_OF.items()]
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def zips() -> dict[str, Path]:
    """Return the zip of every function by name: those that the local AWS gets, since a build takes seconds of CPU time."""
    return {each.function: each.zip for each in package_cache.get_packages()}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages of the AWS runtime only."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME_LIBRARIES:
        (package,) = (each for each in LIBRARIES.joinpath("site-packages").iterdir() if each.stem == name)
        folder.joinpath(package.name).symlink_to(package)
    return folder


@pytest.mark.one_variant("service")
@every_function
def test_a_zip_loads_with_the_packages_of_the_runtime_only(
    zips: dict[str, Path], runtime: Path, tmp_path: Path, service: str, function: str
) -> None:
    with zipfile.ZipFile(zips[function]) as archive:
        archive.extractall(tmp_path)
    handler = packages.handlers()[function]
    load = f"import sys; sys.path += {[str(tmp_path), str(runtime)]}; import {handler} as it; assert it.lambda_handler"
    loaded = subprocess.run(
        [INTERPRETER, "-I", "-S", "-c", load],
        env=function_environment(service, function),
        check=False,
        capture_output=True,
        text=True,
    )
    assert loaded.returncode == 0, loaded.stderr


@every_function
def test_a_zip_is_small(zips: dict[str, Path], service: str, function: str) -> None:
    limit = 5 if service == "avatars" else 3  # for Pillow's codecs
    assert zips[function].stat().st_size < limit * MEGABYTE


@every_function
def test_a_zip_contains_no_other_service_and_no_package_of_the_runtime(
    zips: dict[str, Path], service: str, function: str
) -> None:
    others = {f"microservices/{each}" for each in templates.services()} - {f"microservices/{service}"}
    for name in _names(zips[function]):
        assert "/".join(name.split("/")[:2]) not in others
        assert name.partition("/")[0].partition(".")[0] not in RUNTIME_LIBRARIES


def test_the_zip_of_search_contains_no_token_or_password_library(zips: dict[str, Path]) -> None:
    libraries = {name.partition("/")[0] for name in _names(zips["search-http"])}
    assert "snowballstemmer" in libraries
    assert libraries.isdisjoint({"jwt", "argon2"})


def test_only_the_zip_of_users_http_contains_argon2(zips: dict[str, Path]) -> None:
    assert {name for name, path in zips.items() if "argon2/__init__.py" in _names(path)} == {"users-http"}


@every_function
def test_every_module_is_compiled_without_a_source_check(zips: dict[str, Path], service: str, function: str) -> None:
    with zipfile.ZipFile(zips[function]) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        assert len(compiled) == sum(name.endswith(".py") for name in archive.namelist())
        assert {int.from_bytes(archive.read(name)[4:8], "little") for name in compiled} == {UNCHECKED}


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that restricts builds to these services."""
    return lambda *services: monkeypatch.setattr(templates, "services", lambda: services)


@pytest.mark.one_variant
@pytest.mark.parametrize("services", [("search",), tuple(templates.services())], ids=["one service", "all services"])
def test_a_second_build_gives_the_same_bytes_and_releases(
    zips: dict[str, Path], tmp_path: Path, services: tuple[str, ...], builds: Callable[..., None]
) -> None:
    builds(*services)
    before = {name: path for name, path in zips.items() if SERVICE_OF[name] in services}
    again = packages.build(tmp_path, packages.local_source())
    assert {each.function: each.zip.read_bytes() for each in again} == {k: v.read_bytes() for k, v in before.items()}
    assert {each.release for each in again} == {path.parent.name for path in before.values()}


def test_the_cache_rebuilds_nothing_unchanged_and_removes_outdated_entries_and_killed_builds(
    tmp_path: Path, builds: Callable[..., None]
) -> None:
    builds("platform")
    for old in ("0123456789abcdef", "draft"):
        (tmp_path / old / "posts-0123456789ab").mkdir(parents=True)
    built_at = {each.zip: each.zip.stat().st_mtime_ns for each in package_cache.get_packages(tmp_path)}
    again = package_cache.get_packages(tmp_path)
    assert built_at
    assert {each.zip: each.zip.stat().st_mtime_ns for each in again} == built_at
    digest = package_cache.digest_of_inputs(packages.local_source().places)
    assert {each.name for each in tmp_path.iterdir()} == {"lock", digest}


@pytest.mark.parametrize(
    "changed", ["microservices/posts/store.py", "docs/openapi.yaml", "libraries/a-2.dist-info/METADATA"]
)
def test_a_changed_input_changes_the_digest(tmp_path: Path, changed: str) -> None:
    places = Places(tmp_path, tmp_path / "libraries")
    for name in (
        "microservices/posts/store.py",
        "shared_domain/posts.py",
        "docs/openapi.yaml",
        "libraries/a-1.dist-info/METADATA",
    ):
        _write(tmp_path / name, "once")
    before = package_cache.digest_of_inputs(places)
    assert package_cache.digest_of_inputs(places) == before
    _write(tmp_path / "microservices/__pycache__/store.pyc", "compiled")
    assert package_cache.digest_of_inputs(places) == before
    _write(tmp_path / changed, "changed")
    assert package_cache.digest_of_inputs(places) != before


def test_the_zip_of_platform_http_contains_the_contract_as_json(zips: dict[str, Path]) -> None:
    with zipfile.ZipFile(zips["platform-http"]) as archive:
        shipped = json.loads(archive.read("microservices/platform/openapi.json"))
    assert shipped == yaml.load((packages.PROJECT / "docs/openapi.yaml").read_text(), Loader=yaml.CSafeLoader)


def test_a_late_import_within_a_library_is_included(tmp_path: Path) -> None:
    assert "library.late" in _needed(tmp_path, "def f():\n    from library import late")


@pytest.mark.parametrize(
    "unneeded",
    [
        "if TYPE_CHECKING:\n    import extra",
        "try:\n    import extra\nexcept ImportError:\n    extra = None",
        "try:\n    import extra\nexcept (ImportError, OSError):\n    extra = None",
        "if use_extra:\n    import extra",
        "def f():\n    import extra",
        "def f():\n    import library.needs_extra",
        "if sys.version_info >= (4, 0):\n    import of_the_future",
    ],
)
def test_an_optional_import_of_a_library_is_left_out(tmp_path: Path, unneeded: str) -> None:
    assert _needed(tmp_path, unneeded) == {"microservices.handler", "library"}


def test_a_missing_module_fails_the_build(tmp_path: Path) -> None:
    with pytest.raises(MissingModule, match="nowhere"):
        _needed(tmp_path, "import nowhere")


def _needed(folder: Path, library: str) -> set[str]:
    """Return the modules that a handler needs if it imports a library with this source."""
    files = {
        "microservices/handler.py": "import library",
        "library/__init__.py": library,
        "library/late.py": "",
        "library/needs_extra.py": "import extra",
        "extra.py": "",
    }
    for name, text in files.items():
        _write(folder / name, text)
    return set(find_modules("microservices.handler", Places(folder, folder)))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def function_environment(service: str, function: str) -> dict[str, str]:
    """Return the environment of a function, with a placeholder for each value of the template."""
    variables = dict.fromkeys(_variables(service, function), "https://anything")
    return {"PATH": os.defpath, "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": function, **variables}


def _variables(service: str, function: str) -> Iterator[str]:
    for each in templates.resources(service, "AWS::Serverless::Function").values():
        if templates.name_in_stage(each["FunctionName"]) == function:
            yield from each.get("Environment", {}).get("Variables", {})
