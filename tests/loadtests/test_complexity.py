"""Complexity: counts of a small tree equal those by hand, and no file of the repository is left out."""

from pathlib import Path
from typing import Any

import pytest

from loadtests import complexity
from loadtests.metering.counts import INVOKE, REQUEST, Metering, Operation, StoreCalls, Work
from loadtests.processes import ROOT
from loadtests.report import complexity as report_chapter

STORE = '''"""A docstring
of two lines."""

import os  # a comment after code

# a comment
QUERY = """
SELECT 1
"""


def get() -> str:
    """Return it."""
    work = os.name  # transaction: locked
    return work
'''
ROUTES = """def cast() -> None:
    store()  # network; eventual: counted from the stream
    # network: two calls
    text = "a networked # networked"
"""
TEMPLATE = """
# a comment
Transform: AWS::Serverless-2016-10-31
Resources:
  Function:
    Type: AWS::Serverless::Function
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: "lambda:InvokeFunction"}
  Warm:
    Type: AWS::Lambda::Alias
    Condition: Warm
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Action: "sts:AssumeRole"}]}
      Policies:
        - PolicyDocument:
            Statement: [{Action: "s3:GetObject"}, {Action: ["dynamodb:GetItem", "dynamodb:PutItem"]}]
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties: {PolicyDocument: {Statement: [{Action: "sqs:SendMessage"}]}}
  Fn::ForEach::Alarms:
    - Name
    - [One, Two]
    - Alarm&{Name}: {Type: "AWS::CloudWatch::Alarm"}
"""
CONTRACT = "paths: {/posts: {get: {tags: [posts]}, post: {tags: [posts]}}}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small repository: the feature posts on both sides, a shared file, a tool, a migration and a rule."""
    files = {
        "monolith/__main__.py": "run()\n",
        "monolith/posts/__init__.py": '"""Posts."""\n',
        "monolith/posts/store.py": STORE,
        "monolith/platform/__init__.py": "",
        "monolith/platform/health.py": "ok = 1\n\nup = 2\n",
        "monolith/embedded_postgres.py": "start()\n",
        "monolith/migrations/versions/0001.py": '"""Create."""\n\nrevision = 1\n',
        "microservices/edge.py": "a = 1\n",
        "microservices/posts/routes.py": ROUTES,
        "microservices/posts/template.yaml": TEMPLATE,
        "microservices/deploy/packages.py": "build()\nupload()\n",
        "microservices/README.md": "No code.\n",
        "shared_domain/posts.py": "rule = 1\n",
        "docs/openapi.yaml": CONTRACT,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def row(rows: list[dict[str, Any]], feature: str, side: str) -> dict[str, Any]:
    """Return the counts of a row that are not zero."""
    (one,) = (each for each in rows if (each["feature"], each["side"]) == (feature, side))
    return {name: value for name, value in one.items() if value and name not in ("feature", "side")}


def test_a_small_tree_is_counted_as_by_hand(tree: Path) -> None:
    figures = complexity.chapter(tree)
    rows, outside = figures["rows"], figures["outside"]
    assert row(rows, "posts", "monolith") == {"lines": 7, "transaction": 1}
    assert row(rows, "posts", "microservices") == {
        **{"lines": 3, "network": 2, "eventual": 1},
        **{"templates": 24, "resources": 6, "permissions": 5, "processes": 1, "units": 1, "alarms": 2},
    }
    assert row(rows, "shared", "monolith") == {"lines": 3, "migrations": 1, "processes": 1, "units": 1}
    assert row(rows, "shared", "microservices") == {"lines": 1}
    assert row(outside, "tools", "monolith") == {"lines": 1}
    assert row(outside, "tools", "microservices") == {"lines": 2}
    assert row(outside, "shared_domain", "both") == {"lines": 1}
    assert row(figures["totals"], "total", "monolith") == {
        **{"lines": 10, "migrations": 1, "processes": 1, "units": 1, "transaction": 1},
    }
    assert figures["origin"] == "counted"


def test_a_folder_that_the_monolith_lacks_is_shared(tree: Path) -> None:
    (tree / "microservices" / "saga").mkdir()
    (tree / "microservices" / "saga" / "steps.py").write_text("step = 1\nlast = 2\n")
    assert row(complexity.chapter(tree)["rows"], "shared", "microservices") == {"lines": 3}


def test_store_calls_are_the_mean_of_a_features_operations(tree: Path) -> None:
    def operation(*work: Work) -> Operation:
        return Operation(calls=10, request_bytes=1, response_bytes=1, work=work)

    def work(name: str, trigger: str, *, runs: float, calls: float) -> Work:
        stores = (StoreCalls(name="dynamodb GetItem", calls=calls),)
        return Work(name=name, trigger=trigger, waited=True, runs=runs, records=1, cpu_ms=1, log_bytes=1, stores=stores)

    operations = {
        "GET /posts": operation(work("posts-http", REQUEST, runs=1, calls=2)),
        "POST /posts": operation(
            work("posts-http", REQUEST, runs=1, calls=1), work("search-projection", INVOKE, runs=0.5, calls=6)
        ),
        "subscribe /live": operation(work("live", REQUEST, runs=1, calls=100)),
    }
    metering = Metering(
        operations={"microservices": operations}, journeys={}, functions={}, resources={}, stored_bytes={}
    )
    rows = complexity.chapter(tree, metering)["rows"]
    assert row(rows, "posts", "microservices")["store_calls"] == (2 + 1 + 0.5 * 6) / 2
    assert "store_calls" not in row(rows, "posts", "monolith")


def test_the_table_of_change_costs_is_read(tmp_path: Path) -> None:
    page = tmp_path / "change-cost.md"
    page.write_text(
        "# Change cost\n\n| change | side | files |\n| --- | --- | --- |\n| a field | monolith | 2 |\n\nEnd.\n"
    )
    assert complexity.change_cost(page) == [{"change": "a field", "side": "monolith", "files": "2"}]
    assert complexity.change_cost(tmp_path / "missing.md") == []


def test_every_file_of_the_repository_is_in_one_row() -> None:
    figures = complexity.chapter(ROOT)
    for side in ("monolith", "microservices"):
        files = [path for path in (ROOT / side).rglob("*.py") if "migrations" not in path.parts]
        counted = row(figures["totals"], "total", side)["lines"] + row(figures["outside"], "tools", side)["lines"]
        assert counted == sum(complexity.count_file(path)["lines"] for path in files)
    features = {one["feature"] for one in figures["rows"]}
    assert {"posts", "votes", "orders", "shared"} <= features
    assert all(row(figures["rows"], name, side)["lines"] for name in features for side in ("monolith", "microservices"))


def test_the_chapter_of_the_report_shows_both_sides_of_a_feature(tree: Path) -> None:
    chapter = report_chapter.chapter(complexity.chapter(tree))
    table = chapter.tables[0]
    shown = [dict(zip(table.columns, cells, strict=True)) for cells in table.rows]
    assert [(one["feature"], one["side"]) for one in shown[:2]] == [("posts", "monolith"), ("posts", "microservices")]
    assert (shown[1]["network %"], shown[1]["store calls"], shown[2]["side"]) == ("66.7", "–", "monolith")
    assert chapter.findings[0].text == (
        "Same behaviour: 10 lines and 0 templates, or 4 lines and 24 lines of templates. Both use the same 1 lines of rules."
    )
    assert [each.title for each in chapter.tables] == ["", "Not in the total"]


def test_the_chapter_of_the_report_sums_the_cost_of_the_changes(tree: Path) -> None:
    header = "| change | side | lines | releases | used by |\n| --- | --- | --- | --- | --- |\n"
    rows = [("a field", "monolith", 40, 1, 1), ("a field", "microservices", 30, 6, 3)]
    rows += [("a rule", "monolith", 2, 1, 1), ("a rule", "microservices", 3, 3, 2)]
    lines = (" | ".join(map(str, cells)) for cells in rows)
    (tree / "docs" / "change-cost.md").write_text(header + "\n".join(f"| {line} |" for line in lines))
    chapter = report_chapter.chapter(complexity.chapter(tree))
    assert chapter.findings[1].text == (
        "2 usual changes took 42 lines and 2 releases of the monolith, or 33 lines and 9 releases of services, "
        "5 of which use the change."
    )
    assert len(chapter.tables[2].rows) == 4
