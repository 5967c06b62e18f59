"""Figures of "Home and work" in docs/commuting.md.

    python benchmarks/home_work.py --stops FILE    # labelled stops (columns of HoWDe's benchmark data): about a minute
    python benchmarks/home_work.py --world         # simulated people of whom everything is known: half a minute

Labelled users are split by the rank of their number: the even half is the one that thresholds and confidences were
chosen on, the odd half the one they are tested on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray

from solarnet_assets.evaluation.commuting import CURVE, RULES, Score, score
from solarnet_assets.evaluation.commuting_stops import located
from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.homework import home_work
from solarnet_assets.mobility.places import metres_between
from solarnet_assets.mobility.reduce import device_days as reduce
from solarnet_assets.mobility.robust import HOME_LOGIT, WORK_LOGIT, Rule
from solarnet_assets.mobility.stop_days import device_days, place
from solarnet_assets.mobility.stops import read_stops
from solarnet_assets.world.devices import KM_PER_DEGREE, NIGHT, places
from solarnet_assets.world.pings import city_pings
from solarnet_assets.world.scenario import load_scenario

HALVES = ("chosen on", "tested on")
KINDS = ("day", "part-time", "late", "night", "at home", "student", "other")
DAY = 86_400
WINDOW = 28
LAST = date(2019, 11, 29)


def halves(stops: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Split users by the rank of their number."""
    users = sorted(stops["user"].unique(), key=lambda user: (len(user), user))
    return {name: stops.filter(pl.col("user").is_in(users[n::2])) for n, name in enumerate(HALVES)}


def shown(found: Score) -> str:
    """Say a score in one line."""
    parts = [
        ("homes", found.homes_right, found.homes),
        ("workplaces", found.works_right, found.works),
        ("given to unlabelled", found.others_given, found.others),
    ]
    return ", ".join(f"{what} {part}/{whole} ({part / max(whole, 1):.1%})" for what, part, whole in parts)


def windows(stops: pl.DataFrame) -> pl.DataFrame:
    """Run the rule on each user's windows of 28 days; return days, shares and whether the places are right."""
    day = pl.col("start") // DAY
    window = (day - day.min().over("user")) // WINDOW
    cut = stops.with_columns(user=pl.concat_str("user", window, separator="/"))
    days, users, names = device_days(cut)
    first, last = date.fromisoformat(str(days["day"].min())), date.fromisoformat(str(days["day"].max()))
    dates = pl.date_range(first, last, eager=True)
    week = pl.DataFrame({"date": dates}).with_columns(is_workday=pl.col("date").dt.weekday() <= 5)
    found = home_work(days, last, week, Rule(window=len(dates)))
    labels = stops.select("user", "kind", "location").unique()
    found = found.with_columns(user=pl.Series(users).gather(found["device"]).str.split("/").list.first())
    for which, kind in (("home", "H"), ("work", "W")):
        at = found.select(n=place(pl.col(f"{which}_lon")))["n"]
        here = found.select("user").with_columns(location=pl.Series(names).gather(at), kind=pl.lit(kind))
        known = labels.with_columns(right=True)
        right = here.join(known, on=["user", "kind", "location"], how="left", maintain_order="left")["right"]
        found = found.with_columns(right.fill_null(False).alias(f"{which}_right"))
    return found


def reliability(given: NDArray[np.float64], right: NDArray[np.bool_]) -> str:
    """Return mean confidence and share right in five groups of equal size."""
    groups = np.array_split(np.argsort(given), 5)
    return "  ".join(f"{given[g].mean():.2f}:{right[g].mean():.2f}" for g in groups)


def confidences(halved: dict[str, pl.DataFrame]) -> Iterator[str]:
    """Fit both confidences on one half; say how the shipped ones do on either."""
    from sklearn.linear_model import LogisticRegression

    tables = {name: windows(stops) for name, stops in halved.items()}
    for which, logit in (("work", WORK_LOGIT), ("home", HOME_LOGIT)):
        for name, table in tables.items():
            some = table.filter(pl.col(f"{which}_lat").is_not_null())
            sure = some["work_confidence" if which == "work" else "confidence"].to_numpy()
            right = some[f"{which}_right"].to_numpy()
            if name == HALVES[0]:
                low = (np.log(sure / (1 - sure)) - logit[0]) / logit[1]
                fit = LogisticRegression(C=1e3).fit(low[:, None], right)
                yield f"{which}: logit = {fit.intercept_[0]:.2f} + {fit.coef_[0, 0]:.2f} x lower end (shipped {logit})"
            yield f"{which}, {name}: {len(some)} windows, right {right.mean():.3f}; {reliability(sure, right)}"


def simulated(last: date, panel: int, pings_a_day: float | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return four weeks of device-days of a simulated city, and its people."""
    scenario = load_scenario("published")
    city = scenario.cities[0].model_copy(update={"panel": panel, "pings_a_day": pings_a_day})
    cities = pl.DataFrame({"city": [city.id], "lon": [city.lon], "lat": [city.lat], "timezone": [scenario.timezone]})
    days, people = [], []
    for day in (last - timedelta(days=n) for n in range(WINDOW)):
        frame, devices = city_pings(scenario, city, day)
        midnight = datetime(day.year, day.month, day.day)
        at = (pl.lit(midnight) + pl.duration(seconds="timestamp")).dt.replace_time_zone(scenario.timezone)
        names = frame["device_id"].str.to_lowercase().str.slice(0, 8).str.to_integer(base=16).cast(pl.UInt64)
        pings = frame.select(
            "lat", "lon", city=pl.lit(city.id), device=names, time=at.dt.convert_time_zone("UTC"),
            accuracy=pl.col("horizontal_accuracy").cast(pl.Float32),
        )  # fmt: skip
        inside = metres_between("lat", "lon", "lat0", "lon0") <= city.radius_km * 1000
        pings = pings.with_columns(lat0=pl.lit(city.lat), lon0=pl.lit(city.lon)).filter(inside).drop("lat0", "lon0")
        days.append(reduce(pings.unique(maintain_order=True), cities).with_columns(day=pl.lit(day, dtype=pl.Date)))
        where = places(scenario, city, devices, day)[:, :2]
        lat, lon = (
            city.lat + where[..., 1] / KM_PER_DEGREE,
            where[..., 0] / KM_PER_DEGREE / np.cos(np.radians(city.lat)),
        )
        owners = {"device": devices.key >> np.uint64(32), "kind": devices.kind, "away": devices.away}
        people.append(
            pl.DataFrame(owners).with_columns(
                true_lat=lat[:, 1], true_lon=city.lon + lon[:, 1], goes=devices.commutes & devices.visible,
                way=np.hypot(*(where[:, 1] - where[:, 0]).T) * 1000,
            )
        )  # fmt: skip
    return pl.concat(days), pl.concat(people)


def judge(places_found: pl.DataFrame, people: pl.DataFrame) -> Iterator[str]:
    """Say whose workplaces were found and are right: within 400 m of the true one."""
    true = people.filter(~pl.col("away")).group_by("device").agg(pl.exclude("goes").first(), pl.col("goes").sum())
    off = metres_between("work_lat", "work_lon", "true_lat", "true_lon") < 400
    both = true.join(places_found, on="device", how="left").with_columns(
        given=pl.col("work_lat").is_not_null(), right=off.fill_null(False) & (pl.col("kind") <= NIGHT)
    )
    housed = both.filter(pl.col("home_lat").is_not_null())
    sums = housed.group_by("kind").agg(pl.len(), pl.col("given", "right").sum()).sort("kind")
    for kind, people_of, given, right in sums.iter_rows():
        yield f"  {KINDS[kind]}: {people_of} with a home, {given} given a workplace, {right} right"
    able = housed.filter(pl.col("kind") < NIGHT, pl.col("goes") >= 5, pl.col("way") > 600)
    found = both.filter("given")
    recall, precision = (frame["right"].sum() / max(frame.height, 1) for frame in (able, found))
    yield f"  recall {recall:.3f} of {able.height}, precision {precision:.3f} of {found.height}"


def main(
    stops: Annotated[Path | None, typer.Option(help="labelled stops")] = None,
    world: Annotated[bool, typer.Option(help="simulated people")] = False,
    panel: Annotated[int, typer.Option(help="devices of the simulated city")] = 2500,
) -> None:
    """Print the figures."""
    if stops is not None:
        table = read_stops(stops).frame
        halved = halves(table) | {"all": table}
        for name, rule in RULES.items():
            for half, some in halved.items():
                typer.echo(f"{name}, {half}: {shown(score(some, located(some, rule)))}")
        for value in CURVE:
            each = [score(some, located(some, Rule(min_stay=value))) for some in halved.values()]
            works = (f"{f.works_right / f.works:.1%} right, {f.others_given / f.others:.1%} given" for f in each)
            typer.echo(f"min_stay {value:.2f}: " + " | ".join(works))
        for line in confidences({name: halved[name] for name in HALVES}):
            typer.echo(line)
    if world:
        calendar = calendar_frame("CN", LAST - timedelta(days=WINDOW), LAST)
        for pings in (None, 5.0, 12.0, 50.0):
            days, people = simulated(LAST, panel, pings)
            for name, rule in RULES.items():
                typer.echo(f"{name}, simulated people, 28 days to {LAST}, pings a day: {pings or '5 to 60'}")
                for line in judge(home_work(days, LAST, calendar, rule), people):
                    typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
