"""Raw published mobility index of a simulated day: one intensity per city, in the publisher's own unit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from solarnet_assets.world.almanac import is_workday, lunar_position
from solarnet_assets.world.devices import years_before_end
from solarnet_assets.world.draws import keys, uniform
from solarnet_assets.world.pings import DETAILS
from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import City, Scenario, value_at

DRIFT_PER_YEAR = 1.2
NOISE = 0.03
WEEKDAYS = (0.99, 0.985, 0.99, 1.0, 1.035, 1.02, 0.98)
"""Monday to Sunday, beside the difference between working days and days off."""


def festival_factor(position: int) -> float:
    """Return what the festival leaves of a normal day, by days since the lunar new year."""
    width = 6.5 if position < 1 else 8.0
    return float(1.0 - 0.45 * np.exp(-0.5 * ((position - 1) / width) ** 2))


def normal_level(scenario: Scenario, city: City, day: date) -> float:
    """Return the intensity of a year without events: city size, day type, lunar position and base drift."""
    draw = keys(scenario.seed, f"index/{city.id}", np.arange(2))
    size, rest = 4.5 + 2.0 * uniform(draw, "size")[0], 0.74 + 0.12 * uniform(draw, "rest")[1]
    drift = DRIFT_PER_YEAR ** -years_before_end(scenario, day)
    return float(size * drift * WEEKDAYS[day.weekday()] * (1.0 if is_workday(day) else rest)) * festival_factor(
        lunar_position(day)
    )


def write_index(scenario: Scenario, day: date, dest: Path) -> pl.DataFrame:
    """Write ``index.csv`` (city, day, intensity) of a day; return what is true of it.

    Only cities with ``index`` are in it; without any, no file is written.

    Returns:
        Truth details: percent_of_normal and the normal level of each city, in the publisher's unit.
    """
    cities = [city for city in scenario.cities if city.index]
    rows, truth = ["city,day,intensity"], []
    for city in cities:
        rng = generator(scenario.seed, "index", city.id, day)
        normal = normal_level(scenario, city, day)
        level = value_at(city.curve or scenario.signals.commuting, day)
        intensity = normal * level / 100.0 * float(np.exp(NOISE * rng.standard_normal()))
        rows.append(f"{city.id},{day.isoformat()},{intensity:.4f}")
        truth += [
            ("commuting", city.id, day, "index_percent_of_normal", level),
            ("commuting", city.id, day, "index_normal", normal),
        ]
    if cities:
        (dest / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8", newline="")
    return pl.DataFrame(truth, schema=DETAILS, orient="row")
