"""Home and work against labelled stops: anybody's file, scored as the tests of HoWDe score theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.homework import Rule, home_work
from solarnet_assets.mobility.stops import device_days, place, read_stops

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Score:
    """What was found of labelled users.

    Attributes:
        users: users with a label of either kind.
        homes, homes_right, homes_given: users with a labelled home; right ones and any among them.
        works, works_right, works_given: the same for workplaces.
        others, others_given: users without a labelled workplace, and those among them who were given one.
    """

    users: int
    homes: int
    homes_right: int
    homes_given: int
    works: int
    works_right: int
    works_given: int
    others: int
    others_given: int


def located(stops: pl.DataFrame) -> pl.DataFrame:
    """Return ``user``, ``home`` and ``work`` (names of locations, null where none) by the rule for home and work.

    Args:
        stops: as :func:`solarnet_assets.mobility.stops.read_stops` gives them; Monday to Friday are working days, and
            all days of the file are looked back on.
    """
    days, users, places = device_days(stops)
    last: date = days["day"].max()  # type: ignore[assignment]
    first: date = days["day"].min()  # type: ignore[assignment]
    dates = pl.date_range(first, last, eager=True)
    week = pl.DataFrame({"date": dates}).with_columns(is_workday=pl.col("date").dt.weekday() <= 5)
    found = home_work(days, last, week, Rule(window=len(dates)))
    names = pl.DataFrame({"number": range(len(places)), "name": places}, schema={"number": pl.Int32, "name": pl.String})
    people = pl.DataFrame({"device": range(len(users)), "user": users}, schema={"device": pl.UInt64, "user": pl.String})
    spots = found.select("device", home=place(pl.col("home_lon")), work=place(pl.col("work_lon"))).join(
        people, on="device"
    )
    for which in ("home", "work"):
        spots = spots.join(names.rename({"number": which, "name": f"{which}_name"}), on=which, how="left")
    return spots.select("user", home="home_name", work="work_name").sort("user")


def score(stops: pl.DataFrame, found: pl.DataFrame) -> Score:
    """Compare homes and workplaces with the labels of ``stops``.

    A place is right when any stop of that user there bears its label; a user may have several.

    Raises:
        BadInputError: there are no labels.
    """
    if "kind" not in stops.columns:
        raise BadInputError("the stops say nothing of their kind: a column true_location_type with H and W is needed")
    labels = stops.select("user", "location", "kind").unique()
    homes, works = (labels.filter(pl.col("kind") == kind).select("user", "location") for kind in ("H", "W"))
    everybody = labels.select("user").unique().join(found, on="user", how="left")
    others = everybody.join(works, on="user", how="anti")
    owners, workers = (everybody.join(some, on="user", how="semi") for some in (homes, works))
    return Score(
        users=everybody.height,
        homes=owners.height,
        homes_right=owners.join(homes, left_on=["user", "home"], right_on=["user", "location"], how="semi").height,
        homes_given=owners["home"].count(),
        works=workers.height,
        works_right=workers.join(works, left_on=["user", "work"], right_on=["user", "location"], how="semi").height,
        works_given=workers["work"].count(),
        others=others.height,
        others_given=others["work"].count(),
    )


def print_stops(path: Path, console: Console) -> None:
    """Print the score of a file of stops."""
    from rich.table import Table

    stops = read_stops(path)
    for reason, rows in stops.refused.items():
        console.print(f"{path.name}: {rows} stops {reason} were left out", markup=False)
    if stops.frame.is_empty():
        raise BadInputError(f"{path.name} has no stop that can be used")
    found = score(stops.frame, located(stops.frame))
    table = Table("", "right", "given", "of users", title=f"Home and work of {found.users} users", title_justify="left")
    for what, right, given, of in (
        ("labelled homes", found.homes_right, found.homes_given, found.homes),
        ("labelled workplaces", found.works_right, found.works_given, found.works),
        ("no labelled workplace", None, found.others_given, found.others),
    ):
        table.add_row(what, "" if right is None else _share(right, of), _share(given, of), str(of))
    console.print(table)


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "-"
