"""The reviewed exceptions of `make check-aws`: each has a reason, covers a finding, and hides no other."""

import json
from pathlib import Path

import pytest

from tests.aws_checks import expanded
from tests.aws_checks.findings import Exemption, Finding, exemptions, judge

PUBLIC = Finding("CKV_1", "microservices/votes/template.yaml", "SiteBucket", "is public")
EXEMPT = Exemption("CKV_1", "votes/.*/SiteBucket$", "by a condition")


def test_a_finding_without_an_exception_is_reported() -> None:
    assert judge([PUBLIC], []) == ["microservices/votes/template.yaml: SiteBucket: CKV_1 is public"]
    elsewhere = Finding("CKV_1", "microservices/posts/template.yaml", "SiteBucket", "is public")
    assert judge([PUBLIC, elsewhere], [EXEMPT]) == ["microservices/posts/template.yaml: SiteBucket: CKV_1 is public"]


def test_an_exception_covers_its_finding_and_is_reported_without_one() -> None:
    assert judge([PUBLIC], [EXEMPT]) == []
    assert judge([], [EXEMPT]) == ["exceptions.yaml: CKV_1 'votes/.*/SiteBucket$' covers nothing: remove it"]


@pytest.mark.parametrize("tool", ["cfn-lint", "checkov"])
def test_every_exception_has_a_reason_of_a_sentence(tool: str) -> None:
    listed = exemptions(tool)
    assert listed
    assert [each.rule for each in listed if not (each.reason.endswith(".") and len(each.reason.split()) > 4)] == []


def test_the_linters_read_every_template_without_loops(tmp_path: Path) -> None:
    expanded.write(tmp_path)
    written = {file.relative_to(tmp_path).with_suffix(".yaml") for file in tmp_path.rglob("*.json")}
    assert written == {file.relative_to(expanded.PROJECT) for file in expanded.files()}
    assert Path("monolith/template.yaml") in written
    assert "Fn::ForEach" not in "".join(file.read_text() for file in tmp_path.rglob("*.json"))
    posts = json.loads((tmp_path / "microservices/posts/template.json").read_text())
    assert posts["Resources"]["ScoresUndeliveredPolicy"]["Properties"]["Queues"] == [{"Ref": "ScoresUndelivered"}]
