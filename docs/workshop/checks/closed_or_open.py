"""Unit 3: offer open load to a server that stalls for two seconds, and compare the percentiles with those of the arithmetic."""

from loadtests.histograms import decode, percentile_ms
from loadtests.load import LoadPlan
from loadtests.load_process import LoadProcess
from tests.loadtests.planted import serving, stalling
from workshop.checking import ANSWERS, CheckFailed, read_answers, require_number

RATE, DURATION_S, STALL_S, AT = 50.0, 6.0, 2.0, 100
DUE_IN_STALL = RATE * STALL_S
# The requests that are due in the stall wait 2.00, 1.98 … 0.02 s. The fifteenth longest of 300 is the 95th percentile.
P95_MS = 1000 * (STALL_S - (RATE * DURATION_S * 0.05 - 1) / RATE)
TOLERANCE = 0.12
BUSY, ATTEMPTS = 1.25, 3  # a longer time than this many stalls is the machine's own
RIGHT_SENTENCE = "b"


def check() -> None:
    """Run the copy's generator. Raise CheckFailed if it hides the stall, or an answer is wrong."""
    sent, p95_ms, longest_ms = measure()
    if abs(p95_ms - P95_MS) > TOLERANCE * P95_MS:
        raise CheckFailed(
            f"The server stalled for {STALL_S:.0f} s, while {DUE_IN_STALL:.0f} of {RATE * DURATION_S:.0f} requests were due.\n"
            f"  your generator reports   p95 {p95_ms:,.0f} ms, longest {longest_ms:,.0f} ms, {sent} requests\n"
            f"  users would have waited  p95 {P95_MS:,.0f} ms, longest {1000 * STALL_S:,.0f} ms"
        )
    answers = read_answers("due_in_stall", "p95_ms", "sentence")
    require_number(
        answers, "due_in_stall", low=DUE_IN_STALL - 1, high=DUE_IN_STALL + 1, why="Rate times length of the stall."
    )
    require_number(
        answers, "p95_ms", low=P95_MS * (1 - TOLERANCE), high=P95_MS * (1 + TOLERANCE),
        why="Sort the waits, 2.00, 1.98 … s, and count to the fifteenth of 300 requests.",
    )  # fmt: skip
    if answers["sentence"] != RIGHT_SENTENCE:
        raise CheckFailed(
            f"{ANSWERS}: sentence {answers['sentence']!r} does not explain both measurements. Which requests were never sent?"
        )


def measure() -> tuple[int, float, float]:
    """Offer the load, again if the machine was busy. Return the requests, their 95th percentile and the longest time in ms."""
    for _ in range(ATTEMPTS):
        sent, p95_ms, longest_ms = _offer()
        if longest_ms < BUSY * 1000 * STALL_S:
            return sent, p95_ms, longest_ms
    raise CheckFailed(
        f"This machine is busy: a request took {longest_ms / 1000:.1f} s. End other programs and check again."
    )


def _offer() -> tuple[int, float, float]:
    with LoadProcess() as generator, serving(stalling(at=AT, seconds=STALL_S)) as server:
        plan = LoadPlan(base_url=server.url, rate=RATE, duration_s=DURATION_S, warm_up_s=0.0, seed="workshop", path="/")
        block = generator.run(plan)
    times = decode(block.latencies)
    return block.offered, percentile_ms(times, 95), percentile_ms(times, 100)
