"""Check that the two sides have the same files, functions and order, so that they can be compared."""

import ast
import re
from pathlib import Path

import pytest

from shared_domain import errors
from shared_domain.contract import problems

PROJECT = Path(__file__).parents[2]
SERVICES = ("users", "posts", "votes", "search", "feedback", "avatars", "trending", "orders")
IMPURE = re.compile(r"\bnow\(\)|\buuid4\(|\brandom\b|os\.environ|(?<!\w)open\(|\btime\.time\(|\bprint\(")
# The services serve this page from S3, without a function.
ONLY_IN_THE_MONOLITH = {"leaderboard_page"}


def functions_of(path: Path) -> list[str]:
    """Return the names of a module's functions and methods, nested ones too, in the order of the code."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    return [node.name for node in sorted(nodes, key=lambda node: node.lineno) if not node.name.startswith("_")]


@pytest.mark.parametrize("module", sorted((PROJECT / "shared_domain").rglob("*.py")), ids=lambda path: path.name)
def test_shared_domain_uses_no_clock_no_randomness_no_environment_and_no_file(module: Path) -> None:
    code = ast.unparse(_without_docstrings(ast.parse(module.read_text())))
    assert IMPURE.findall(code) == []


@pytest.mark.parametrize("module", sorted((PROJECT / "shared_domain").rglob("*.py")), ids=lambda path: path.name)
def test_type_information_is_built_where_the_type_is_defined(module: Path) -> None:
    classes = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ClassDef)]
    shapes = {node.name for node in classes if "Struct" in map(ast.unparse, node.bases)}
    assert {node.name for node in classes if "build_decoder" in map(ast.unparse, node.decorator_list)} == shapes


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("side", ["monolith", "microservices"])
def test_every_feature_has_routes_and_a_store(side: str, service: str) -> None:
    assert {"__init__.py", "routes.py", "store.py"} <= {path.name for path in (PROJECT / side / service).iterdir()}


@pytest.mark.parametrize("service", ["platform", *SERVICES])
def test_twin_modules_have_the_same_use_cases_in_the_same_order(service: str) -> None:
    monolith, microservices = (
        functions_of(PROJECT / side / service / "routes.py") for side in ("monolith", "microservices")
    )
    assert [name for name in monolith if name not in ONLY_IN_THE_MONOLITH] == microservices


@pytest.mark.parametrize("side", ["monolith", "microservices"])
@pytest.mark.parametrize("service", ["platform", *SERVICES])
def test_every_routes_module_names_its_twin(side: str, service: str) -> None:
    twin = "microservices" if side == "monolith" else "monolith"
    assert f"{twin}/{service}/routes.py" in (
        ast.get_docstring(ast.parse((PROJECT / side / service / "routes.py").read_text())) or ""
    )


def test_every_error_has_a_status() -> None:
    named = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DomainError)]
    leaves = [kind for kind in named if kind is not errors.DomainError]
    made = {
        errors.InvalidInput: errors.InvalidInput("field", "message"),
        errors.TooManyAttempts: errors.TooManyAttempts("detail", retry_after=1),
    }
    bodies = [problems.to_problem(made.get(kind) or kind("detail")) for kind in leaves]
    assert len({problem.body["type"] for problem in bodies}) == len(leaves)
    assert all(400 <= problem.status < 600 for problem in bodies)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value.value = ""
    return tree
