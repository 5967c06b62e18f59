"""How well the activity of car parks is known, on simulated countries with other seeds.

Run: ``python benchmarks/parking_levels.py [--seeds 301-310]``. Passes and vehicles are those of the simulated country;
what a network would count is drawn about them (``--error``: relative error of a count, ``--floor``: vehicles,
``--lot``: relative bias of a whole lot, which its own baseline cancels), so no picture is rendered and no network is
judged. The activity is estimated every sixth day as the pipeline does. Printed per scenario and level: the share of
90 % intervals that hold the truth, and in points root mean square error, bias, largest error and mean half width, for
the figures that the warehouse shows; and the error of single ratios in units of the sd that ``ratios`` states, which is
1 where that is right.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
from steel_levels import scores

from solarnet_assets.nowcast.panel import levels
from solarnet_assets.parking.activity import ratios
from solarnet_assets.world.almanac import is_workday
from solarnet_assets.world.lots import SOLAR_HOUR, draw_vehicles, pass_due
from solarnet_assets.world.scenario import Scenario, load_scenario
from solarnet_assets.world.truth import truth
from solarnet_assets.world.write import sites

FIRST, START, LAST = date(2019, 9, 1), date(2020, 1, 1), date(2020, 3, 15)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
AS_OF = [START + timedelta(days=n) for n in range(8, 74, 6)] + [LAST]
LEVELS = ("country", "region", "group", "site")


def drawn_counts(scenario: Scenario, error: float, floor: float, bias: float) -> pl.DataFrame:
    """Return one count per pass with the columns of ``LotCounts`` that the activity needs."""
    rng, rows = np.random.default_rng([scenario.seed, 5]), []
    for lot in scenario.lots:
        wrong = float(np.exp(bias * rng.standard_normal()))
        for day in (d for d in DAYS if pass_due(scenario.seed, lot.id, d)):
            true = draw_vehicles(scenario, lot, day)
            seen = max(true * wrong + float(np.hypot(floor, error * true)) * rng.standard_normal(), 0.0)
            at = datetime.combine(day, time()) + timedelta(hours=SOLAR_HOUR - lot.lon / 15)
            rows.append((day, lot.id, f"{lot.id}{day}", at, True, seen, float(np.hypot(floor, error * seen)), None))
    names = {
        "day": pl.Date,
        "site_id": pl.String,
        "image_id": pl.String,
        "time": pl.Datetime("us"),
        "valid": pl.Boolean,
    }
    return pl.DataFrame(
        rows, schema=names | {"vehicles": pl.Float64, "sd": pl.Float64, "evidence": pl.String}, orient="row"
    )


def estimate(scenario: Scenario, counts: pl.DataFrame) -> pl.DataFrame:
    """Return the newest vintage of each day within three weeks, with its truth."""
    calendar = pl.DataFrame({"date": DAYS, "is_workday": [is_workday(day) for day in DAYS]})
    vintages = []
    for as_of in AS_OF:
        found = ratios(counts.filter(pl.col("day") <= as_of), sites(scenario), calendar, as_of)
        vintages.append(levels(found.frame, as_of, scenario.country).with_columns(as_of=pl.lit(as_of)))
    newest = pl.concat(vintages).sort("as_of").group_by("level", "key", "date").last()
    known = truth(scenario).filter(pl.col("signal") == "parking").select("key", "date", truth="value")
    return newest.join(known, on=["key", "date"])


def single(scenario: Scenario, counts: pl.DataFrame) -> list[float]:
    """Return the error of every ratio since the start, in units of its own sd."""
    calendar = pl.DataFrame({"date": DAYS, "is_workday": [is_workday(day) for day in DAYS]})
    found = ratios(counts, sites(scenario), calendar, LAST).frame.filter(pl.col("date") >= START)
    known = truth(scenario).filter(pl.col("signal") == "parking").select("key", "date", truth="value")
    joined = found.join(known, on=["key", "date"])
    return joined.select((pl.col("ratio") - pl.col("truth") / 100) / pl.col("sd")).to_series().to_list()


def main() -> None:
    """Print one line per country, and one per scenario."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--seeds", default="301-310", help="first and last seed")
    told.add_argument("--error", type=float, default=0.04)
    told.add_argument("--floor", type=float, default=1.5)
    told.add_argument("--lot", type=float, default=0.05)
    asked = told.parse_args()
    first, last = (int(seed) for seed in asked.seeds.split("-"))
    print(f"{'scenario':10} seed | " + " | ".join(f"{level}: held RMSE bias worst half" for level in LEVELS))
    every = []
    for name in ("published", "quiet"):
        rows, errors = [], list[float]()
        for seed in range(first, last + 1):
            scenario = Scenario.model_validate(load_scenario(name).model_dump() | {"seed": seed})
            counts = drawn_counts(scenario, asked.error, asked.floor, asked.lot)
            rows.append(estimate(scenario, counts))
            errors += single(scenario, counts)
            print(f"{name:10} {seed:4} | {scores(rows[-1], LEVELS)}", flush=True)
        print(f"{name:15} | {scores(pl.concat(rows), LEVELS)}", flush=True)
        print(
            f"{name:15} | {len(errors)} ratios, error in their own sd: {np.sqrt(np.mean(np.square(errors))):.2f}",
            flush=True,
        )
        every += rows
    print(f"{'both':15} | {scores(pl.concat(every), LEVELS)}")


if __name__ == "__main__":
    main()
