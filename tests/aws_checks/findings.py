"""Findings of the linters, and the reviewed list of exceptions: each with its reason, and each in use."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A rule that a resource of a template breaks. `template` is the path within the project."""

    rule: str
    template: str
    resource: str
    message: str

    def __str__(self) -> str:
        return f"{self.template}: {self.resource}: {self.rule} {self.message}"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A rule that does not apply to the resources whose path fits a pattern, with the reason."""

    rule: str
    pattern: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Return whether the finding is exempt."""
        where = f"{finding.template}/{finding.resource}"
        return finding.rule == self.rule and re.search(self.pattern, where) is not None


def exemptions(tool: str, file: Path = EXCEPTIONS) -> list[Exemption]:
    """Return the exceptions of a tool."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))[tool]
    return [Exemption(rule, row.get("where", ""), row["reason"]) for rule, every in rows.items() for row in every]


def judge(findings: Iterable[Finding], exempt: Sequence[Exemption]) -> list[str]:
    """Return a line for each finding without an exception, and for each exception without a finding."""
    findings = sorted(findings)
    open_findings = [str(one) for one in findings if not any(each.covers(one) for each in exempt)]
    unused = [each for each in exempt if not any(each.covers(one) for one in findings)]
    return [
        *open_findings,
        *(f"exceptions.yaml: {each.rule} {each.pattern!r} covers nothing: remove it" for each in unused),
    ]
