"""Home and work against labelled stops: anybody's file, scored as the tests of HoWDe score theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from solarnet_assets.evaluation.commuting_stops import located
from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility.howde import HowdeRule
from solarnet_assets.mobility.robust import Rule
from solarnet_assets.mobility.stops import read_stops

if TYPE_CHECKING:
    from rich.console import Console

RuleName = Literal["robust", "howde"]
RULES: dict[RuleName, Rule | HowdeRule] = {"robust": Rule(), "howde": HowdeRule()}

CURVE = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Values of ``Rule.min_stay`` on the curve."""


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


def score(stops: pl.DataFrame, found: pl.DataFrame) -> Score:
    """Compare homes and workplaces with the labels of ``stops``.

    As HoWDe's own tests count: a user is right when any place found for him bears the label at any of his stops, and a
    user may have several labelled places of a kind.

    Args:
        stops: ``user``, ``location``, ``kind``.
        found: :data:`solarnet_assets.evaluation.commuting_stops.FOUND`.

    Raises:
        BadInputError: there are no labels.
    """
    if "kind" not in stops.columns:
        raise BadInputError("the stops say nothing of their kind: a column true_location_type with H and W is needed")
    labels = stops.select("user", "kind", "location").unique()
    right = labels.join(found, on=["user", "kind", "location"], how="semi")
    users, counts = labels["user"].unique(), {}
    for kind in ("H", "W"):
        labelled = set(labels.filter(pl.col("kind") == kind)["user"])
        given = set(found.filter(pl.col("kind") == kind)["user"]) & set(users)
        good = right.filter(pl.col("kind") == kind)["user"].n_unique()
        counts[kind] = (len(labelled), good, len(given & labelled), len(given - labelled))
    return Score(len(users), *counts["H"][:3], *counts["W"][:3], len(users) - counts["W"][0], counts["W"][3])


def trade_off(stops: pl.DataFrame) -> Iterator[tuple[float, Score]]:
    """Yield the score of our rule at each value of ``min_stay`` on the curve."""
    for value in CURVE:
        yield value, score(stops, located(stops, Rule(min_stay=value)))


def print_stops(
    path: Path, console: Console, rule: RuleName | None = None, curve: bool = False, timezone: str | None = None
) -> None:
    """Print the score of a file of stops.

    Args:
        path: the file.
        console: where to.
        rule: one of the two; None: both.
        curve: print what other thresholds of our rule would give, too.
        timezone: IANA name of the users' zone, if times are in UTC.
    """
    from rich.table import Table

    stops = read_stops(path, timezone)
    for reason, rows in stops.refused.items():
        console.print(f"{path.name}: {rows} stops {reason} were left out", markup=False)
    if stops.frame.is_empty():
        raise BadInputError(f"{path.name} has no stop that can be used")
    for name, chosen in RULES.items():
        if rule not in (None, name):
            continue
        found = score(stops.frame, located(stops.frame, chosen))
        table = Table(
            "",
            "right",
            "given",
            "of users",
            title=f"{name}: home and work of {found.users} users",
            title_justify="left",
        )
        for what, right, given, of in (
            ("labelled homes", found.homes_right, found.homes_given, found.homes),
            ("labelled workplaces", found.works_right, found.works_given, found.works),
            ("no labelled workplace", None, found.others_given, found.others),
        ):
            table.add_row(what, "" if right is None else _share(right, of), _share(given, of), str(of))
        console.print(table)
    if curve:
        console.print(_curve_table(stops.frame))


def _curve_table(stops: pl.DataFrame) -> object:
    from rich.table import Table

    table = Table("min_stay", "right workplaces", "workplaces given to unlabelled users", title="Trade-off (robust)")
    for value, found in trade_off(stops):
        table.add_row(f"{value:.2f}", _share(found.works_right, found.works), _share(found.others_given, found.others))
    return table


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "-"
