"""A row of the bench: what was measured, compared with what, and whether it reaches its target."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cost. `value` must be at least, or at most, `reach`. `shown`: the value as text, with its parts."""

    what: str
    against: str
    shown: str
    value: float
    reach: float
    at_least: bool = False
    unit: str = ""
    origin: str = "measured"

    @property
    def reached(self) -> bool:
        """Whether the value reaches the target."""
        return self.value >= self.reach if self.at_least else self.value <= self.reach

    @property
    def goal(self) -> str:
        """The target as text."""
        return f"{'≥' if self.at_least else '≤'} {self.reach:g}{self.unit}"


def share(what: str, own: float, floor: float, *, against: str, reach: float, origin: str = "measured") -> Row:
    """Return the row of a throughput divided by its floor's, both in requests a second."""
    shown = f"{own / floor:.2f} ({own:,.0f} / {floor:,.0f} requests/s)"
    return Row(
        what=what, against=against, shown=shown, value=own / floor, reach=reach, at_least=True, origin=origin
    )  # fmt: skip


def alternate(
    own: Callable[[], float],
    floor: Callable[[], float],
    rounds: int,
    *,
    statistic: Callable[[list[float]], float] = median,
) -> tuple[float, float]:
    """Return the statistic of both over all rounds in the order A B B A …, so that a drift of the machine affects both.

    statistic: of the rounds of each.
    """
    owns: list[float] = []
    floors: list[float] = []
    for number in range(rounds):
        for measured, run in ((owns, own), (floors, floor)) if number % 2 == 0 else ((floors, floor), (owns, own)):
            measured.append(run())
    return statistic(owns), statistic(floors)
