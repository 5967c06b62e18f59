"""What is true in the simulated country, as pure functions of the scenario. Only the evaluation reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.world.almanac import year_before
from solarnet_assets.world.scenario import City, Curve, Farm, Lot, Mill, Scenario, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator

TRUTH_SCHEMA = pl.Schema({"signal": pl.String, "key": pl.String, "date": pl.Date, "value": pl.Float64})
Place = Mill | Lot | City
Weighted = tuple[float, Callable[[date], float]]


def last_day(scenario: Scenario) -> date:
    """Return the last day with a truth: the scenario's end, or its last dated point if that is later."""
    curves: list[Curve] = [scenario.signals.steel, scenario.signals.parking, scenario.signals.commuting]
    curves += list(scenario.signals.sectors.values())
    places: list[Place] = [*scenario.mills, *scenario.lots, *scenario.cities]
    curves += [place.curve for place in places if place.curve]
    return max(scenario.end, *(day for curve in curves for day, _ in curve))


def days(scenario: Scenario) -> list[date]:
    """Return the days that have a truth."""
    first = scenario.start
    return [first + timedelta(days=step) for step in range((last_day(scenario) - first).days + 1)]


def open_area(farm: Farm, day: date) -> float:
    """Return the area of a farm area's arrays that are open on a day, km2."""
    return sum(area for opened, area in farm.arrays if opened <= day)


def arrays(scenario: Scenario) -> pl.DataFrame:
    """Return every solar array: site_id, number within the site, opened, area_km2."""
    rows = [(farm.id, number, *array) for farm in scenario.farms for number, array in enumerate(farm.arrays)]
    return pl.DataFrame(
        rows, schema={"site_id": pl.String, "array": pl.Int64, "opened": pl.Date, "area_km2": pl.Float64}, orient="row"
    )


def _members(
    places: Iterable[tuple[Place, float, Sequence[str]]], common: Curve, country: str
) -> dict[str, list[Weighted]]:
    """Return weighted curves by key: each place alone, its groups, and the country."""
    members: dict[str, list[Weighted]] = defaultdict(list)
    for place, weight, groups in places:
        curve = place.curve or common

        def level(day: date, curve: Curve = curve) -> float:
            return value_at(curve, day)

        for key in dict.fromkeys([place.id, *groups, country]):
            members[key].append((weight, level))
    return members


def _mean(weighted: list[Weighted], day: date) -> float:
    total = sum(weight for weight, _ in weighted)
    return sum(weight * level(day) for weight, level in weighted) / total


def _rows(scenario: Scenario) -> Iterator[tuple[str, str, date, float]]:
    country, signals = scenario.country, scenario.signals
    steel = _members(((m, m.capacity, [m.region]) for m in scenario.mills), signals.steel, country)
    parking = _members(((x, float(x.stalls), [x.region, x.group]) for x in scenario.lots), signals.parking, country)
    commuting = _members(((c, c.workforce, [c.region]) for c in scenario.cities), signals.commuting, country)
    calendar = days(scenario)
    for signal, members in (("steel", steel), ("parking", parking), ("commuting", commuting)):
        for key, weighted in members.items():
            yield from ((signal, key, day, _mean(weighted, day)) for day in calendar)
    if country == "CN":
        for key, weighted in steel.items():
            yield from (("steel_ordinary", key, day, _mean(weighted, year_before(day))) for day in calendar)
    for sector, curve in signals.sectors.items():
        yield from (("sector", sector, day, value_at(curve, day)) for day in calendar)
    for day in calendar:
        areas = {farm.id: open_area(farm, day) for farm in scenario.farms}
        if areas:
            yield from (("solar", key, day, area) for key, area in {**areas, country: sum(areas.values())}.items())


def truth(scenario: Scenario) -> pl.DataFrame:
    """Return the truth of every signal, key and day.

    Percent of normal per site, group (car parks), province and country: steel weighted by capacity, parking
    by stalls, commuting by workforce. A percent of normal is that of the same type of day, so it does not
    move with weekends or holidays. ``steel_ordinary`` is steel on the day of the year before that lies as far from
    the lunar new year (China only). ``sector`` is percent of 1 January's share of users, ``solar`` the km2 of
    arrays that are open.

    Returns:
        Columns signal, key, date, value, from the scenario's start to the later of its end and its last dated point.
    """
    return pl.DataFrame(list(_rows(scenario)), schema=TRUTH_SCHEMA, orient="row")
