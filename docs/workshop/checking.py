"""`python -m workshop.checking UNIT`, in a copy: run its check. Exit status 0 if it passes, 1 with the counter-example if not."""

import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

ANSWERS = "answers.yaml"


class CheckFailed(Exception):
    """The exercise is not solved. The message is the smallest counter-example."""


def read_answers(*names: str) -> dict[str, Any]:
    """Return the student's answers. Raise CheckFailed if one is missing or empty."""
    try:
        answers = yaml.safe_load(Path(ANSWERS).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CheckFailed(f"{ANSWERS} cannot be read: {error}") from error
    if not isinstance(answers, dict):
        raise CheckFailed(f"{ANSWERS} must have lines such as `name: value`")
    for name in names:
        if answers.get(name) in (None, ""):
            raise CheckFailed(f"{ANSWERS}: `{name}` has no value yet")
    return answers


def require_number(answers: dict[str, Any], name: str, *, low: float, high: float, why: str) -> None:
    """Raise CheckFailed unless an answer is a number from low to high. why: shown in place of the right value."""
    value = answers[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CheckFailed(f"{ANSWERS}: `{name}` is {value!r}, and must be a number")
    if not low <= value <= high:
        raise CheckFailed(f"{ANSWERS}: `{name}` is {value:g}, which is too {'low' if value < low else 'high'}. {why}")


def main(name: str) -> int:
    """Run a check and print its result."""
    try:
        with redirect_stdout(sys.stderr):  # of the functions' logs
            import_module(f"workshop.checks.{name.replace('-', '_')}").check()
    except CheckFailed as failed:
        print(failed)
        return 1
    print("passed")
    return 0


if __name__ == "__main__":
    # The same class as in the checks, which import this module by its name.
    sys.exit(import_module("workshop.checking").main(sys.argv[1]))
