"""Translate templates with SAM's own translator: sam.py FROM TO. It runs in the environment of the checks."""

import json
import sys
from pathlib import Path

from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

SAM = "AWS::Serverless-2016-10-31"


def main(source: Path, target: Path) -> None:
    for file in sorted(source.rglob("*.json")):
        template = json.loads(file.read_text(encoding="utf-8"))
        if SAM in str(template.get("Transform")):
            template = _translate(template)
        (target / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        (target / file.relative_to(source)).write_text(json.dumps(template, indent=1), encoding="utf-8")


def _translate(template: dict) -> dict:
    defaults = {name: each.get("Default", "") for name, each in template["Parameters"].items()}
    translator = Translator({}, Parser(), boto_session=Session(region_name="us-east-1"))
    return translator.translate(template, defaults)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
