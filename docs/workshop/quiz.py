"""The quiz: six questions before the workshop, and the same six after it. Only the second one shows the right answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import yaml

from workshop.units import FOLDER

LETTERS = "abcd"


class WrongAnswers(Exception):
    """The answers are not one letter for each question, or the input ended before the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its choices. right: the letter of the right one. why: the explanation."""

    question: str
    choices: tuple[str, ...]
    right: str
    why: str


def questions() -> tuple[Question, ...]:
    """Return the six questions."""
    rows = yaml.safe_load((FOLDER / "quiz.yaml").read_text(encoding="utf-8"))
    return tuple(Question(**{**row, "choices": tuple(row["choices"])}) for row in rows)


def run(when: str, answers: Sequence[str], ask: Callable[[str], str], show: Callable[[str], None]) -> int:
    """Ask the questions, or take the answers of the command line. Return the number of right answers."""
    every = questions()
    if answers and (len(answers) != len(every) or not {*answers} <= {*LETTERS}):
        raise WrongAnswers(f"--answers: give {len(every)} letters of {LETTERS}, such as abcdab")
    right = 0
    for number, each in enumerate(every):
        show(f"\n{number + 1}. {each.question}")
        for letter, choice in zip(LETTERS, each.choices, strict=True):
            show(f"   {letter}) {choice}")
        answer = answers[number] if answers else _ask(ask)
        right += answer == each.right
        if when == "after":
            show(f"   {'right' if answer == each.right else f'no, {each.right}'}: {each.why}")
    return right


def _ask(ask: Callable[[str], str]) -> str:
    try:
        while (answer := ask("   your answer (a to d): ").strip().lower()) not in LETTERS or len(answer) != 1:
            pass
    except EOFError:
        raise WrongAnswers("the input ended: give the letters with --answers, such as abcdab") from None
    return answer
