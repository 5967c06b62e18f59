"""All forecasts of all series as of a day, remade from what was known then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from solarnet_assets.nowcast import local_level
from solarnet_assets.nowcast.holidays import factors
from solarnet_assets.nowcast.methods import METHODS, STACK, Draws, Member, members
from solarnet_assets.nowcast.normals import DAYS, normals
from solarnet_assets.nowcast.returns import REACH
from solarnet_assets.nowcast.series import Array, Series, series_of
from solarnet_assets.nowcast.stack import AHEAD, BACK, SETTLING, Case, Pool, learn
from solarnet_assets.nowcast.stack_prior import prior_of
from solarnet_assets.nowcast.troughs import troughs

HORIZON = DAYS - REACH
"""Days that are forecast: the mean about the last of them takes in those that are drawn beyond."""

Known = Callable[[date], pl.DataFrame]
"""What was known on a day: signal, region, day, value, lower, upper."""


@dataclass(frozen=True)
class AsOf:
    """What all methods say as of a day.

    Attributes:
        series: the known past of the series that a forecast can be made of.
        members: each method.
        short: why no forecast can be made of the other series, by name.
    """

    series: Series
    members: dict[str, Member]
    short: dict[tuple[str, str], str]


@dataclass(frozen=True)
class Stacked:
    """Forecasts as of a day with the stack among them.

    Attributes:
        made: the methods.
        stack: paths of the pool, (N, S, H).
        pools: the pool of each signal.
    """

    made: AsOf
    stack: Draws
    pools: dict[str, Pool]

    def paths(self, method: str) -> Draws:
        """Return a method's paths, (N, S, H)."""
        return self.stack if method == STACK else self.made.members[method].paths

    def reasons(self, method: str) -> list[str | None]:
        """Return why a method is not identified, None where it is, for each series."""
        return [None] * len(self.made.series.names) if method == STACK else self.made.members[method].reason


@dataclass(frozen=True)
class Earlier:
    """What is kept of earlier forecasts: their draws at the days ahead that are scored.

    Attributes:
        names: (signal, region) of each series.
        draws: of each method, :data:`AHEAD` days ahead, (M, N, S, days).
    """

    names: list[tuple[str, str]]
    draws: Draws


@dataclass
class Forecaster:
    """Makes forecasts as of one day after another and remembers those that later ones are weighted by.

    Attributes:
        known: what was known on a day; days after it in the table are not read.
        holidays: days on which series may leave their course (:func:`long_breaks`).
    """

    known: Known
    holidays: frozenset[date] = frozenset()
    _earlier: dict[date, Earlier] = field(default_factory=dict)

    def stacked(self, as_of: date) -> Stacked:
        """Return all forecasts as of a day. Nothing that was not known on that day is read."""
        made = run_methods(self.known(as_of), as_of, holidays=self.holidays)
        self._earlier[as_of] = _kept(made)
        names = made.series.names
        stack = np.zeros_like(made.members[METHODS[0]].paths)
        pools = {}
        signals = np.array([signal for signal, _ in names])
        for signal in dict.fromkeys(signals):
            rows = np.flatnonzero(signals == signal)
            prior = prior_of(made.series.take(rows))
            pools[str(signal)] = learn(self._cases(made.series, str(signal)), prior)
            stack[rows] = pools[str(signal)].draw(made.members, rows)
        return Stacked(made, stack, pools)

    def _earlier_of(self, as_of: date, back: int) -> Earlier:
        """Return what was forecast so many days ago, from memory where it has been made; forget what is too old."""
        then = as_of - timedelta(days=back)
        if then not in self._earlier:
            self._earlier[then] = _kept(run_methods(self.known(then), then, max(AHEAD), self.holidays))
        for old in [day for day in self._earlier if (as_of - day).days > max(BACK)]:
            del self._earlier[old]
        return self._earlier[then]

    def _cases(self, now: Series, signal: str) -> list[Case]:
        """Return forecasts of the last weeks for the weeks since, scored by what is known now.

        What was forecast of a series before its trough tells how well methods foresee a fall, not a return: left out.
        """
        trough, _ = troughs(now)
        since = now.value.shape[1] - 1 - trough
        place = {name: n for n, name in enumerate(now.names)}
        found = []
        for back in BACK:
            then = self._earlier_of(now.as_of, back)
            shared = [(n, place[name]) for n, name in enumerate(then.names) if name[0] == signal and name in place]
            if not shared:
                continue
            old, new = (np.array(index) for index in zip(*shared, strict=True))
            for place_ahead, ahead in enumerate(AHEAD):
                if ahead + SETTLING <= back:
                    seen = np.where(since >= back, _seen(now, back - ahead), np.nan)
                    found.append(Case(then.draws[..., place_ahead][:, old], seen[new]))
        return found


def _kept(made: AsOf) -> Earlier:
    days = np.array(AHEAD) - 1
    return Earlier(made.series.names, np.stack([made.members[name].paths[:, :, days] for name in METHODS]))


def run_methods(history: pl.DataFrame, as_of: date, days: int = DAYS, holidays: frozenset[date] = frozenset()) -> AsOf:
    """Run every method on the series with enough days, so many days ahead."""
    series = series_of(history, as_of)
    counts = np.isfinite(series.value).sum(axis=1)
    enough = np.flatnonzero(counts >= local_level.MIN_DAYS)
    short = {
        series.names[n]: f"{counts[n]} days with a figure, {local_level.MIN_DAYS} are needed"
        for n in np.flatnonzero(counts < local_level.MIN_DAYS)
    }
    usable = series.take(enough)
    return AsOf(usable, members(usable, normals(as_of, days), factors(as_of, days, holidays)), short)


def _seen(series: Series, back: int) -> Array:
    """Return the values of so many days before the as-of day, (N,), as they came."""
    weekday = (series.as_of - timedelta(days=back)).weekday()
    return series.value[:, -1 - back] * series.rhythm[:, weekday]
