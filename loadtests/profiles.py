"""How long and how hard a comparison loads. The rates are ones that both sides sustain on two cores."""

from dataclasses import dataclass

from loadtests.data.seeding import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One length of a comparison.

    rate: arrivals a second on each side, per scenario. block_s, warm_up_s: of one block. pairs: blocks of each side in
    one repeat, alternating A B B A. freshness: trials of each kind and side. subscribers: of the live feed, on each side.
    """

    name: str
    rates: dict[str, float]
    block_s: float
    warm_up_s: float
    pairs: int
    freshness: int
    size: Size
    subscribers: int
    repeats: int = 3


OTHER_RATE = 20.0  # of a mix that stands in no profile
RATES = {"browse": 30.0, "publish": 20.0, "vote-storm": 20.0, "checkout": 10.0, "live": 4.0}

PROFILES = {
    "quick": Profile(
        name="quick", rates=RATES, block_s=0.6, warm_up_s=0.1, pairs=4, freshness=2, size=Size(8, 40, 100), subscribers=10
    ),
    "standard": Profile(
        name="standard", rates=RATES, block_s=1.0, warm_up_s=0.15, pairs=4, freshness=5, size=Size(10, 80, 200),
        subscribers=20,
    ),
    "full": Profile(
        name="full", rates=RATES, block_s=10, warm_up_s=2, pairs=4, freshness=30, size=Size(40, 1_000, 4_000),
        subscribers=50,
    ),
}  # fmt: skip
