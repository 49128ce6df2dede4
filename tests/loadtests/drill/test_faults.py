"""Each fault says what is done on a side or why nothing is, and the page for classes lists all of them."""

import re

from loadtests.drill.command import NAMES
from loadtests.drill.faults import FAULTS
from loadtests.drill.services import BUG, with_bug
from loadtests.processes import ROOT
from loadtests.results import SIDES


def test_every_fault_says_what_is_done_on_at_least_one_side() -> None:
    for fault in FAULTS:
        reasons = [one for one in (fault.monolith, fault.services) if isinstance(one, str)]
        done = [
            fault.about(side)
            for side, one in zip(SIDES, (fault.monolith, fault.services), strict=True)
            if callable(one)
        ]
        assert done
        assert all(reasons)
        assert all(re.match(r"[A-Z].*\.$", text) for text in done)


def test_the_page_for_classes_lists_every_fault() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "drills.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == NAMES


def test_a_release_with_a_bug_has_no_compiled_file_that_would_hide_it() -> None:
    assert with_bug("shared_domain/search.py", b"code") == b"code" + BUG
    assert with_bug("shared_domain/__pycache__/search.cpython-311.pyc", b"code") is None
    assert with_bug("shared_domain/posts.py", b"code") == b"code"
