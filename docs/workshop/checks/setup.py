"""Unit 0: this machine has what the workshop needs, both systems answer, and the student looked at an answer."""

from workshop import doctor
from workshop.checking import ANSWERS, CheckFailed, read_answers
from workshop.checks.both_systems import both_systems

UNKNOWN_POST = "/posts/01M7X1YXN3SBB3DZEFS5FNXBMV"


def check() -> None:
    """Run the doctor, request an unknown post from both systems, and compare the student's answers with theirs."""
    missing = [finding for finding in doctor.findings() if not finding.fine]
    if missing:
        raise CheckFailed("\n".join(["This machine is not ready:", *map(doctor.line, missing)]))
    answers = read_answers("status", "title")
    with both_systems() as clients:
        responses = {side: client.get(UNKNOWN_POST) for side, client in clients.items()}
    for side, response in responses.items():
        for name in ("status", "title"):
            if answers[name] != response.json()[name]:
                raise CheckFailed(f"{ANSWERS}: `{name}` is {answers[name]!r}. The {side} answers something else.")
