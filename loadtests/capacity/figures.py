"""From the probes to the figures of report.json: knees with their intervals, ratios, curves, and what saturated."""

from collections.abc import Mapping
from math import inf
from typing import Any

from loadtests.blocks import SIDES
from loadtests.capacity.climb import Climb
from loadtests.capacity.knee import Knee, ratio
from loadtests.capacity.measuring import Floor, Found, RunSettings
from loadtests.capacity.saturation import as_figures, evidence, sentence
from loadtests.capacity.search import End, Outcome
from loadtests.capacity.slo import Pool
from loadtests.provenance import origin_of, origin_of_both

Figures = dict[str, Any]
AT_LEAST, BELOW = "at least", "below"


def figures(asked: RunSettings, found: Found, *, ended_by: str = "") -> Figures:
    """Return the chapter. Rates have one decimal, milliseconds too, ratios three."""
    return {
        "slo": asked.slo.text,
        "settings": {
            "start": asked.start, "ceiling": asked.ceiling, "precision": asked.precision, "seconds": asked.seconds,
        },
        "complete": not ended_by,
        "ended_by": ended_by,
        "scenarios": {
            name: _scenario(name, climbs, found, ended=bool(ended_by) and name == [*found.climbs][-1])
            for name, climbs in found.climbs.items()
            if _probed(climbs)
        },
    }  # fmt: skip


def _scenario(name: str, climbs: Mapping[str, Climb], found: Found, *, ended: bool) -> Figures:
    probed, floor = _probed(climbs), found.floors.get(name)
    knees = {side: climb.knee() for side, climb in probed.items()}
    sides = {
        side: {
            **_bounds(climb, knees[side]),
            "ended": _ended(climb, "the search was ended" if ended else "the time was over"),
            **_saturated(climb, found.limits.get(side, {}), floor if side == "microservices" else None),
            "curve": [_point(climb, rate) for rate in sorted({probe.rate for probe in climb.probes})],
            "origin": origin_of(found.urls[side]),
        }
        for side, climb in probed.items()
    }
    own, other = (knees.get(side) for side in SIDES)
    if own and other:
        sides["ratio"] = _ratio(own, other, {side: climb.at_least for side, climb in probed.items()}, found)
    return sides


def _probed(climbs: Mapping[str, Climb]) -> dict[str, Climb]:
    return {side: climb for side, climb in climbs.items() if climb.probes}


def _bound(climb: Climb) -> str:
    if climb.at_least:
        return AT_LEAST
    return "" if climb.search.low else BELOW


def _bounds(climb: Climb, found: Knee | None) -> Figures:
    bound = _bound(climb)
    if found is None:
        return {"knee": _rate(climb.search.high), "low": 0.0, "high": _rate(climb.search.high), "bound": bound}
    high = None if bound == AT_LEAST else _rate(found.high)
    return {"knee": _rate(found.rate), "low": _rate(found.low), "high": high, "bound": bound}


def _rate(rate: float) -> float | None:
    return None if rate == inf else round(rate, 1)


def _ended(climb: Climb, early: str) -> str:
    """Return why a search stands where it does. early: why one ended that was not through."""
    high, seen = climb.search.high, climb.seen_at(climb.decisive.rate)
    if high == inf:
        why = f"{climb.decisive.rate:.0f} a second held"
    elif climb.search.stopped_by is Outcome.VOID:
        void = next(probe.void for probe in reversed(climb.probes) if probe.rate == high and probe.void)
        why = f"at {high:.0f} a second {void}, so what broke there is not the system's"
    else:
        why = f"at {high:.0f} a second {'; '.join(climb.broken(seen))}"
    return {End.TIME: f"{early}; {why}", End.CEILING: f"{why}, which is the ceiling asked for"}.get(
        climb.search.end, why
    )


def _saturated(climb: Climb, limits: Mapping[str, int], floor: Floor | None) -> Figures:
    broken = climb.slo.broken(Pool([floor.block])) if floor else []
    seen = evidence(climb.seen_at(climb.decisive.rate), limits=limits, floor_broken=broken)
    gateway = (
        {}
        if floor is None
        else {"gateway_floor": {"rate": _rate(floor.rate), **_times([floor.block]), "held": not broken}}
    )
    return {"saturated": sentence(seen), "evidence": {} if seen is None else as_figures(seen) | gateway}


def _point(climb: Climb, rate: float) -> Figures:
    """Return one point of the curve."""
    probes = climb.seen_at(rate)
    blocks = [probe.block for probe in probes]
    offered = sum(block.offered for block in blocks) or 1
    shares = {
        name: sum(getattr(block, name) for block in blocks) / offered
        for name in ("succeeded", "errors", "refused", "dropped")
    }
    broken = climb.broken(probes)
    return {
        "rate": _rate(rate),
        "goodput": round(rate * shares.pop("succeeded"), 1),
        **_times(blocks),
        **{f"{name}_percent": round(100 * share, 2) for name, share in shares.items()},
        "probes": len(probes),
        "outcome": "void" if probes[0].void else "broken" if broken else "held",
    }


def _times(blocks: list[Any]) -> Figures:
    """Return the percentiles as the level judges them."""
    judged = Pool(blocks)
    return {f"p{each}_ms": round(judged.percentile_ms(each), 1) for each in (50, 95, 99)}


def _ratio(own: Knee, other: Knee, at_least: Mapping[str, bool], found: Found) -> Figures:
    known = ratio(own, other, at_least=(at_least[SIDES[0]], at_least[SIDES[1]]))
    numbers = {"ratio": known.value, "low": known.low, "high": known.high}
    return {
        **{name: round(value, 3) for name, value in numbers.items()},
        "bound": {(True, False): "at most", (False, True): AT_LEAST}.get((at_least[SIDES[0]], at_least[SIDES[1]]), ""),
        "verdict": known.verdict,
        "origin": origin_of_both(*found.urls.values()),
    }
