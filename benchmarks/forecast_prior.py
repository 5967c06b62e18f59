"""What the stack's prior was chosen by: weights and widths that suit drawn recoveries, by how their series stand.

    python benchmarks/forecast_prior.py          # beside the constants of nowcast/stack_prior.py

Countries and panels are those of building alone. Weights: the pool of best CRPS of all series in a state, each kind of
country counting alike. Widths: the factors below and above the median that the interval score of the 90 % interval
(Gneiting and Raftery 2007, doi:10.1198/016214506000001437, equation 43) likes best, by noise. The constants follow
these by hand: weights that are zero here are not zero there, and widths lean to covering a little more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from scipy.optimize import minimize

from solarnet_assets.evaluation import recoveries, recovery_panels
from solarnet_assets.evaluation.forecast import Outcome, outcomes
from solarnet_assets.nowcast import stack, stack_prior
from solarnet_assets.nowcast.methods import METHODS
from solarnet_assets.nowcast.scores import quantiles
from solarnet_assets.nowcast.series import Array

AS_OF = (20, 30, 40, 52, 70)
AHEAD = np.array([1, 3, 7, 10, 14, 18, 21, 28, 35, 42, 50, 60])
NOISES = (0.0, 0.5, 1.0, 2.0, 4.0, 99.0)
FACTORS = np.geomspace(0.3, 1.6, 40)
SEED, PLACES = 100, 12
MISSED = 20.0
"""The interval score's price of a point beyond a limit of a 90 % interval: 2 / 0.1."""

console = Console(width=120)


def main(each: Annotated[int, typer.Option(help="countries or panels of a kind and curve")] = 6) -> None:
    """Print the best weights by state and the best widths by noise, beside the prior's."""
    told: dict[str, list[tuple[Array, Array]]] = defaultdict(list)
    widths: dict[float, list[tuple[Array, Array, Array, Array]]] = defaultdict(list)
    for outcome in _outcomes(each):
        seen = outcome.ahead[:, AHEAD - 1]
        if np.isfinite(seen).any():
            told[_state(outcome)].append(_quadratic(outcome, seen))
            noise = stack_prior.noise_of(outcome.made.made.series)
            widths[max(n for n in NOISES if n <= noise)].append(_limits(outcome, seen))
    for state, prior in (("RISING", stack_prior.RISING), ("STILL", stack_prior.STILL), ("STUCK", stack_prior.STUCK)):
        best = _best(told[state])
        named = ", ".join(f"{m} {b:.2f} ({p:g})" for m, b, p in zip(METHODS, best, prior, strict=True))
        console.print(f"{state}, {len(told[state])} cases: {named}")
    for noise, found in sorted(widths.items()):
        below, above = (_best_factor(found, side) for side in (0, 1))
        middle = NOISES[NOISES.index(noise) + 1] / 1.5 if noise < NOISES[-2] else noise
        now = stack_prior.widths_of(middle)
        told_now = f"(prior at {middle:.1f}: {now[0]:.2f}, {now[1]:.2f})"
        console.print(f"noise from {noise:g}, {len(found)} cases: below {below:.2f}, above {above:.2f} {told_now}")


def _outcomes(each: int) -> Iterator[Outcome]:
    for k, kind in enumerate(recovery_panels.KINDS.values()):
        for c, curve in enumerate(recovery_panels.BUILDING.values()):
            for n in range(each):
                drawn = recovery_panels.draw_panel(kind, curve, np.random.default_rng([SEED, k, c, n]))[:PLACES]
                yield from outcomes(recoveries.table(drawn, 0, "panel"), list(recovery_panels.AS_OF))
    for s, shape in enumerate(recoveries.SHAPES.values()):
        for n in range(each):
            drawn, start = recoveries.draw_country(shape, 6, np.random.default_rng([SEED, 9, s, n]))
            days: list[date] = [recoveries.FIRST + timedelta(days=ahead) for ahead in AS_OF]
            yield from outcomes(recoveries.table(drawn, start, "country"), days, None)


def _state(outcome: Outcome) -> str:
    """Return the state whose weights the prior is nearest to."""
    weights = stack_prior.weights_of(stack_prior.standing(outcome.made.made.series))
    known = {"RISING": stack_prior.RISING, "STILL": stack_prior.STILL, "STUCK": stack_prior.STUCK}
    return min(known, key=lambda name: float(np.abs(known[name] - weights).sum()))


def _quadratic(outcome: Outcome, seen: Array) -> tuple[Array, Array]:
    """Return a (M,) and B (M, M) of the pool's CRPS over all series and days ahead that came, in its prior's units."""
    prior = stack_prior.weights_of(stack_prior.standing(outcome.made.made.series))
    draws = np.stack([outcome.made.made.members[name].paths[:, :, AHEAD - 1] for name in METHODS])
    cases = [stack.Case(draws[..., n], seen[:, n]) for n in range(AHEAD.size) if np.isfinite(seen[:, n]).any()]
    return stack.quadratic(cases, prior)


def _best(found: list[tuple[Array, Array]]) -> Array:
    near, between = (np.mean([part[n] for part in found], axis=0) for n in (0, 1))
    one = {"type": "eq", "fun": lambda w: w.sum() - 1.0}
    start = np.full(near.size, 1.0 / near.size)
    return minimize(
        lambda w: near @ w - w @ between @ w / 2, start, bounds=[(0, 1)] * near.size, constraints=[one], method="SLSQP"
    ).x


def _limits(outcome: Outcome, seen: Array) -> tuple[Array, Array, Array, Array]:
    """Return the distances of the limits from the median before the pool's width, the median, and what came."""
    (pool,) = outcome.made.pools.values()
    low, middle, high = quantiles(outcome.made.stack[:, :, AHEAD - 1], (0.05, 0.5, 0.95))
    known = np.isfinite(seen)
    return ((middle - low) / pool.below)[known], ((high - middle) / pool.above)[known], middle[known], seen[known]


def _best_factor(found: list[tuple[Array, Array, Array, Array]], side: int) -> float:
    totals = np.zeros(FACTORS.size)
    for parts in found:
        away = (parts[2] - parts[3]) if side == 0 else (parts[3] - parts[2])
        usual = max(float(parts[side].mean()), 1.0)
        limits = FACTORS[:, None] * parts[side]
        totals += (limits + MISSED * np.maximum(away - limits, 0.0)).mean(axis=1) / usual
    return float(FACTORS[totals.argmin()])


if __name__ == "__main__":
    typer.run(main)
