"""`python -m loadtests diff A B`: what changed from one run to another, and whether that is a regression.

Ends with 0 when nothing got surely worse beyond the threshold, 1 when something did, 2 when nothing did and a run is void or
was ended before it was complete, 3 when one is no run at all.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from loadtests.arguments import positive
from loadtests.diff.changes import REGRESSION, changes
from loadtests.diff.counts import counts
from loadtests.diff.runs import NoReport, Run, hindrances, read
from loadtests.diff.shown import Difference, as_markdown, show

FINE, REGRESSED, VOID, USAGE = 0, 1, 2, 3
THRESHOLD = 10.0


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("before", type=Path, metavar="A", help="a report.json, or its folder")
    verb.add_argument("after", type=Path, metavar="B", help="the later one")
    verb.add_argument(
        "--threshold", type=positive, default=THRESHOLD, metavar="PERCENT",
        help=f"a figure that got worse by surely more than this is a regression ({THRESHOLD:g})",
    )  # fmt: skip
    verb.add_argument("--markdown", type=Path, metavar="FILE", help="append it to this file too, for a CI's summary")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Print the difference of two runs; return the exit status."""
    try:
        before, after = read(asked.before), read(asked.after)
        found = difference(before, after, threshold=asked.threshold / 100)
        if asked.markdown:
            with asked.markdown.open("a") as file:
                file.write(as_markdown(found))
    except (NoReport, OSError) as wrong:
        print(wrong, file=sys.stderr)
        return USAGE
    show(found, console)
    return status(found)


def difference(before: Run, after: Run, *, threshold: float) -> Difference:
    """Compare two runs: their times where they can be compared, their counts always. Raise NoReport on a broken series."""
    void = [f"{name}: {why}" for name, one in (("A", before), ("B", after)) for why in one.report.voids]
    unfinished = [name for name, one in (("A", before), ("B", after)) if not one.report.complete]
    against = hindrances(before, after)
    alone = [
        f"only {name} has {', '.join(missing)}"
        for name, one, other in (("A", before, after), ("B", after, before))
        if (missing := [scenario for scenario in one.report.scenarios if scenario not in other.report.scenarios])
    ]
    return Difference(
        before=before.report,
        after=after.report,
        threshold=threshold,
        hindrances=against,
        voids=void,
        unfinished=unfinished,
        alone=alone,
        changes=[] if against or void else list(changes(before, after)),
        counts=list(counts(before.report, after.report)),
    )


def status(found: Difference) -> int:
    """Return the exit status: a regression is one also where times could not be compared."""
    verdicts = {change.verdict(found.threshold) for change in found.changes} | {count.verdict for count in found.counts}
    if REGRESSION in verdicts:
        return REGRESSED
    return VOID if found.voids or found.unfinished else FINE
