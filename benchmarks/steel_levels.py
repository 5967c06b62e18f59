"""How well the activity of steel mills is known, on simulated countries with held-out seeds and other shapes.

Run: ``python benchmarks/steel_levels.py [--held-out] [--cache FOLDER] [--only published-20200126,quiet-22]``. Every
scene of 24 mills from September to March, and of the festival weeks of 2019, is rendered, landed and observed (about
one CPU minute a country), kept as Parquet in the cache, and the activity is then estimated every third day as the
pipeline does. ``--held-out`` runs only the nine countries, one of each shape, that no choice was made by (about ten
CPU minutes); without it the twenty that were looked at follow. Printed per country: the share of 90 % intervals that
hold the truth, and in points root mean square error, bias, largest error and mean half width, for the figures that the
warehouse shows (the newest vintage of a day within three weeks); CPU seconds per as-of day; and the same for the
ordinary level of the Spring Festival.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from solarnet_assets.imagery.ingest import read_scenes
from solarnet_assets.landing import RawFile
from solarnet_assets.nowcast import festival
from solarnet_assets.nowcast.panel import levels
from solarnet_assets.sources.files import FileSource
from solarnet_assets.steel.activity import ratios
from solarnet_assets.steel.observe import observe_scenes
from solarnet_assets.storage.lake import Lake
from solarnet_assets.world.scenario import Scenario, load_scenario
from solarnet_assets.world.truth import truth
from solarnet_assets.world.write import sites, write_day

BASELINE, LAST = date(2019, 9, 1), date(2020, 3, 15)
AS_OF = [date(2020, 1, 1) + timedelta(days=n) for n in range(6, 75, 3)] + [LAST]
LAG = 21
NORTH = ("Hebei", "Liaoning", "Shandong", "Shanxi")

Points = list[list[Any]]


def points(*dated: tuple[int, int, float]) -> Points:
    """Return dated points of 2020 from (month, day, percent)."""
    return [[date(2020, month, day), value] for month, day, value in dated]


SHAPES: dict[str, Points] = {
    "quiet": points((1, 1, 100)),
    "V": points((1, 20, 100), (1, 25, 30), (2, 12, 96)),
    "L": points((1, 22, 100), (1, 27, 40)),
    "W": points((1, 10, 100), (1, 20, 50), (1, 31, 90), (2, 10, 90), (2, 20, 40), (3, 8, 95)),
    "second_wave": points((1, 20, 100), (1, 30, 35), (2, 12, 85), (2, 22, 85), (3, 1, 55), (3, 15, 60)),
    "split": points((1, 20, 100), (1, 29, 25), (2, 9, 60), (3, 10, 85)),
    "cliff": points((1, 24, 100), (1, 25, 45), (2, 16, 45), (2, 17, 85)),
    "own": points((1, 20, 100)),
}
"""Country curves beside ``published``: ``split`` keeps four northern provinces at 85, in ``own`` every mill breaks on a
day of its own (14 to 26 January), to a depth and with a recovery of its own."""

COUNTRIES = (
    ("published", 20200126), ("published", 21), ("published", 31), ("quiet", 577215), ("quiet", 22), ("quiet", 32),
    ("V", 11), ("V", 33), ("L", 15), ("L", 34), ("W", 16), ("W", 35), ("second_wave", 17), ("second_wave", 36),
    ("split", 13), ("split", 37), ("cliff", 12), ("cliff", 25), ("own", 14), ("own", 24),
)  # fmt: skip
"""Shape and seed of what was looked at while the model was built; the first ``published`` and ``quiet`` are the shipped
ones."""

HELD_OUT = (
    ("published", 51), ("quiet", 52), ("V", 53), ("L", 54), ("W", 55), ("second_wave", 56), ("split", 57),
    ("cliff", 58), ("own", 59),
)  # fmt: skip
"""One country of every shape that no choice was made by."""


def country(shape: str, seed: int) -> Scenario:
    """Return the shipped country with another seed and, unless ``published``, another course of steel."""
    told = load_scenario("published").model_dump() | {"seed": seed, "name": f"{shape}{seed}"}
    if shape == "published":
        return Scenario.model_validate(told)
    before = [] if shape == "quiet" else [point for point in told["signals"]["steel"] if point[0].year == 2019]
    told["signals"]["steel"] = [*before, *SHAPES[shape]]
    rng = np.random.default_rng([seed, 7])
    for mill in told["mills"]:
        mill["curve"] = None
        if shape == "split" and mill["region"] in NORTH:
            mill["curve"] = [*before, *points((1, 20, 100), (1, 29, 85), (2, 9, 95))]
        if shape == "own":
            mill["curve"] = [*before, *_own_curve(rng)]
    return Scenario.model_validate(told)


def _own_curve(rng: np.random.Generator) -> Points:
    start = date(2020, 1, 20) + timedelta(days=int(rng.integers(-6, 7)))
    bottom = start + timedelta(days=int(rng.integers(2, 10)))
    back = bottom + timedelta(days=int(rng.integers(8, 30)))
    return [[start, 100.0], [bottom, float(rng.uniform(10, 90))], [back, float(rng.uniform(50, 115))]]


def observations(scenario: Scenario, cache: Path) -> pl.DataFrame:
    """Return what is observed of a country on the festival weeks of 2019 and from September to March, cached."""
    kept = cache / f"{scenario.name}.parquet"
    if not kept.exists():
        first, last = festival.reach(2019)
        parts = [observe_day(scenario, day) for day in [*days(first, last), *days(BASELINE, LAST)]]
        cache.mkdir(parents=True, exist_ok=True)
        pl.concat([part for part in parts if part.height]).write_parquet(kept)
    return pl.read_parquet(kept)


def observe_day(scenario: Scenario, day: date) -> pl.DataFrame:
    """Render, land and observe the scenes of a day."""
    places = sites(scenario)
    with tempfile.TemporaryDirectory() as folder:
        raw, lake = Path(folder) / "raw", Lake(Path(folder) / "lake", Path(folder) / "quarantine")
        raw.mkdir()
        write_day(scenario, "steel_scenes", day, raw)
        files = [RawFile(p, p.relative_to(raw).as_posix()) for p in FileSource(raw).paths()]
        options = {"sites": places, "signal": "steel", "timezone": scenario.timezone}
        lake.write("steel_scenes", day, read_scenes(files, day, options))
        polygons = dict(places.select("site_id", "geometry").iter_rows())
        locate = partial(_stored, lake, day)
        rows, _ = observe_scenes(lake.read("steel_scenes", day), polygons, locate)
    return rows.with_columns(day=pl.lit(day))


def _stored(lake: Lake, day: date, name: str) -> Path:
    return Path(str(lake.blob("steel_scenes", day, name)))


def days(first: date, last: date) -> Iterator[date]:
    """Return all days from the first to the last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


@dataclass(frozen=True)
class Estimates:
    """Rows with a truth (``level, key, date, value, lower, upper, truth``), and CPU seconds per as-of day."""

    rows: pl.DataFrame
    seconds: float


def estimate(scenario: Scenario, seen: pl.DataFrame) -> Estimates:
    """Estimate the activity as of every third day and keep the newest vintage of each day within three weeks."""
    places, vintages, begun = sites(scenario), [], time.process_time()
    recent = seen.filter(pl.col("day") >= BASELINE)
    for as_of in AS_OF:
        found = ratios(recent.filter(pl.col("day") <= as_of), places, as_of)
        vintages.append(levels(found.frame, as_of, scenario.country, LAG).with_columns(as_of=pl.lit(as_of)))
    seconds = (time.process_time() - begun) / len(AS_OF)
    return Estimates(with_truth(newest(vintages), scenario, "steel"), seconds)


def newest(vintages: list[pl.DataFrame]) -> pl.DataFrame:
    """Return what the warehouse shows: of each day the newest vintage."""
    rows = pl.concat(vintages).filter(pl.col("date") >= date(2020, 1, 1))
    return rows.sort("as_of").group_by("level", "key", "date").last()


def estimate_festival(scenario: Scenario, seen: pl.DataFrame) -> pl.DataFrame:
    """Return the ordinary levels around the Spring Festival of the year before, with their truth."""
    (first, last), spans = festival.reach(2019), festival.ordinary_weeks(2019)
    found = ratios(seen.filter(pl.col("day").is_between(first, last)), sites(scenario), last, spans, festival.FEWEST)
    window = (last - first).days
    season = levels(found.frame, last, scenario.country, window, window=window, spans=spans)
    parts = [
        festival.ordinary(day, scenario.country, season).with_columns(date=pl.lit(day))
        for day in days(date(2020, 1, 11), date(2020, 2, 15))
    ]
    return with_truth(pl.concat(parts).rename({"ordinary": "value"}), scenario, "steel_ordinary")


def with_truth(rows: pl.DataFrame, scenario: Scenario, signal: str) -> pl.DataFrame:
    """Add the truth to rows of country, regions and sites."""
    known = truth(scenario).filter(pl.col("signal") == signal).select("key", "date", truth="value")
    kept = rows.filter(pl.col("level") != "group").select("level", "key", "date", "value", "lower", "upper")
    return kept.join(known, on=["key", "date"])


def scores(rows: pl.DataFrame, parts: tuple[str, ...] = ("country", "region", "site")) -> str:
    """Return, for each level of ``parts``: intervals that hold the truth, RMSE, bias, largest error, half width."""
    error = pl.col("value") - pl.col("truth")
    found = rows.group_by("level").agg(
        held=100 * pl.col("truth").is_between("lower", "upper").mean(),
        rmse=(error**2).mean().sqrt(),
        bias=error.mean(),
        worst=error.abs().max(),
        half=((pl.col("upper") - pl.col("lower")) / 2).mean(),
    )
    by_level = {row.pop("level"): row for row in found.iter_rows(named=True)}
    return " | ".join(
        "{held:3.0f} % {rmse:4.1f} {bias:+5.1f} {worst:5.1f} {half:5.1f}".format(**by_level[level]) for level in parts
    )


def main() -> None:
    """Print one line per country, and one over all."""
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "steel_levels")
    told.add_argument("--held-out", action="store_true", help="only the countries that no choice was made by")
    told.add_argument("--only", default="", help="shape-seed, separated by commas")
    asked = told.parse_args()
    print(
        " " * 27 + " | " + " | ".join(f"{level}: held RMSE bias worst half" for level in ("country", "region", "site"))
    )
    wanted = {tuple(name.rsplit("-", 1)) for name in asked.only.split(",") if name}
    groups = {"held out": HELD_OUT} | ({} if asked.held_out else {"looked at while building": COUNTRIES})
    kept = {name: [c for c in some if not wanted or (c[0], str(c[1])) in wanted] for name, some in groups.items()}
    score({name: some for name, some in kept.items() if some}, asked.cache)


def score(groups: dict[str, list[tuple[str, int]]], cache: Path) -> None:
    """Print scores of countries, by group and over all."""
    every, ordinary = [], []
    for name, countries in groups.items():
        rows = []
        for shape, seed in countries:
            scenario = country(shape, seed)
            seen = observations(scenario, cache)
            found, season = estimate(scenario, seen), estimate_festival(scenario, seen)
            rows.append(found.rows)
            ordinary.append(season)
            print(f"{shape:12} {seed:9} {found.seconds:4.2f} | {scores(found.rows)}", flush=True)
            print(f"{'  festival of 2019':27} | {scores(season)}", flush=True)
        print(f"{name:27} | {scores(pl.concat(rows))}", flush=True)
        every += rows
    print(f"{'all':27} | {scores(pl.concat(every))}")
    print(f"{'all festivals':27} | {scores(pl.concat(ordinary))}")


if __name__ == "__main__":
    main()
