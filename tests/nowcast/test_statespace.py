"""The state space against the same model written out as one Gaussian, and what variances learn from it."""

import numpy as np
import polars as pl
import pytest

from solarnet_assets.nowcast import panel as panels
from solarnet_assets.nowcast import smoother, statespace
from solarnet_assets.nowcast.statespace import ALONE, PERSISTENCE, START_LEVEL, START_SD, TREND, PanelModel, Passes
from solarnet_assets.nowcast.variances import StepVariances

SITES, DAYS = 3, 12


def passes(value, seen=None, sd=5.0, baseline_sd=0.0, region=ALONE):
    region = np.broadcast_to(region, len(value))
    seen = np.ones(value.shape, bool) if seen is None else seen
    return Passes(seen, np.where(seen, value, 0.0), np.full(value.shape, sd), np.where(seen, baseline_sd, 0.0), region)


def small(seed=0):
    rng = np.random.default_rng(seed)
    seen = rng.random((SITES, DAYS)) < 0.5
    drift = np.array([[0.05], [0.0], [0.02]]) * (np.arange(DAYS) > 5)
    return passes(rng.normal(90, 10, (SITES, DAYS)), seen, baseline_sd=drift, region=[4, 7, 4])


def written_out(panel, level, noise, steps):
    """Mean and covariance of levels by day, by conditioning one joint Gaussian; sites 0 and 2 share a region."""
    moving = 3 + SITES
    states = moving + SITES
    fading = np.r_[1.0, TREND, np.full(1 + SITES, PERSISTENCE)]
    move = np.diag(np.r_[fading, np.ones(SITES)])
    move[0, 1] = 1.0
    loads = np.array([[1, 0, 1, 1, 0, 0], [1, 0, 0, 0, 1, 0], [1, 0, 1, 0, 0, 1]], dtype=float)
    settled = steps[1:, : statespace.FIRST_DAYS].mean(axis=1) / (1 - fading[1:] ** 2)
    prior = np.diag(np.r_[START_SD**2, settled, panel.baseline_sd.max(axis=1) ** 2])
    covariance = np.zeros((DAYS, DAYS, states, states))
    for t in range(DAYS):
        covariance[t, t] = prior
        for later in range(t + 1, DAYS):
            covariance[later, t] = move @ covariance[later - 1, t]
            covariance[t, later] = covariance[later, t].T
        if t + 1 < DAYS:
            prior = move @ prior @ move.T + np.diag(np.r_[steps[:, t], np.zeros(SITES)])
    joint = covariance.transpose(0, 2, 1, 3).reshape(DAYS * states, DAYS * states)
    at = np.argwhere(panel.seen)
    design = np.zeros((len(at), DAYS * states))
    for row, (site, day) in enumerate(at):
        design[row, day * states : day * states + moving] = loads[site]
        if panel.baseline_sd[site, day] > 0:
            design[row, day * states + moving + site] = level[site, day]
    gain = joint @ design.T @ np.linalg.inv(design @ joint @ design.T + np.diag(noise[panel.seen]))
    mean = np.tile(np.r_[START_LEVEL, np.zeros(states - 1)], DAYS)
    mean = (mean + gain @ (panel.value[panel.seen] - design @ mean)).reshape(DAYS, states)
    after = (joint - gain @ design @ joint).reshape(DAYS, states, DAYS, states)
    own = slice(moving)
    return loads @ mean[:, own].T, np.stack([loads @ after[t, own, t, own] @ loads.T for t in range(DAYS)], axis=-1)


def test_the_smoother_is_exact():
    panel, rng = small(), np.random.default_rng(1)
    level, noise = rng.uniform(60, 110, (SITES, DAYS)), rng.uniform(20, 200, (SITES, DAYS))
    steps = rng.uniform(0.1, 20, (3 + SITES, DAYS - 1))
    found = PanelModel(panel).smooth(level, noise, steps)
    mean, covariance = written_out(panel, level, noise, steps)
    np.testing.assert_allclose(found.mean, mean, atol=1e-6)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-5)


def test_the_slope_of_the_likelihood_is_what_variances_learn_from():
    """(r**2 - N) / 2 against a difference quotient, for steps of common level, trend, region and deviation."""
    panel, rng = small(2), np.random.default_rng(3)
    level, noise = np.full((SITES, DAYS), 90.0), np.full((SITES, DAYS), 60.0)
    steps = rng.uniform(1, 10, (3 + SITES, DAYS - 1))
    model = PanelModel(panel)
    found = model.smooth(level, noise, steps)

    def loglik(moved):
        model._set(level, noise, steps)
        model._steps[np.arange(3 + SITES), np.arange(3 + SITES), :-1] = moved
        model.model["state_cov"] = model._steps
        return model.model.loglike()

    for state, day in ((0, 4), (1, 5), (2, 8), (4, 7)):
        up, down = steps.copy(), steps.copy()
        up[state, day] += 1e-4
        down[state, day] -= 1e-4
        slope = (loglik(up) - loglik(down)) / 2e-4
        assert (found.pull[state, day] - found.information[state, day]) / 2 == pytest.approx(slope, rel=1e-3, abs=1e-7)


def learn(value, sd=5.0, turns=12, **kwargs):
    panel = passes(value, sd=sd, **kwargs)
    model = PanelModel(panel)
    steps = StepVariances(*value.shape, model.regions)
    level = np.full(value.shape, 100.0)
    for _ in range(turns):
        found = model.smooth(level, panel.sd**2, steps.steps)
        steps.update(found.pull, found.information)
    return steps


def test_a_calm_panel_closes_the_walk_and_a_break_opens_it_where_it_is():
    rng = np.random.default_rng(5)
    calm = learn(100 + 5 * rng.standard_normal((6, 60)))
    broken = learn(np.where(np.arange(60) < 30, 100.0, 50.0) + 5 * rng.standard_normal((6, 60)))
    assert calm.common.values.max() < 1.0
    assert 28 <= broken.common.values.argmax() <= 30
    assert broken.common.values.max() > 100 * np.median(broken.common.values)
    assert calm.own.values.max() < 2.0


def test_a_ramp_opens_the_trend_and_not_the_walk():
    rng = np.random.default_rng(5)
    ramp = np.interp(np.arange(60), [0, 20, 40, 59], [100, 100, 30, 30])
    falling = learn(ramp + 5 * rng.standard_normal((6, 60)))
    calm = learn(100 + 5 * rng.standard_normal((6, 60)))
    assert 17 <= falling.trend.values.argmax() <= 41
    assert falling.trend.values.max() > 20 * calm.trend.values.max()
    assert falling.common.values[:, 25:35].max() < 10, "steps of 3.5 a day are no jumps"


def test_draws_lie_on_both_sides_and_move_what_is_told_by_few_steps():
    rng = np.random.default_rng(5)
    steps = learn(
        np.where(np.arange(60) < 30, 100.0, 50.0) + 5 * rng.standard_normal((6, 60)), region=[0, 0, 0, 1, 1, 2]
    )
    one, other = steps.draws(1, np.random.default_rng(1))
    assert one.shape == steps.steps.shape == (2 + 2 + 6, 59)
    np.testing.assert_allclose(one[1:] * other[1:], steps.steps[1:] ** 2)
    moves = np.log([d[0] / steps.steps[0] for d in steps.draws(200, np.random.default_rng(2))])
    assert moves[:, 29].std() == pytest.approx(1.0, abs=0.5), "a jump is told by a step or two"
    one_again, _ = steps.draws(1, np.random.default_rng(1))
    np.testing.assert_array_equal(one, one_again)


def test_a_site_that_nobody_saw_goes_with_its_region():
    """Region 1 falls to 40, region 0 stays; site 5, of region 1, has not been seen since the fall."""
    rng = np.random.default_rng(9)
    region = np.repeat([0, 1], [6, 6])
    value = np.where((region[:, None] == 1) & (np.arange(60) >= 30), 40.0, 100.0) + 4 * rng.standard_normal((12, 60))
    seen = rng.random(value.shape) < 0.3
    seen[6, 28:] = False
    days, share = np.array([45]), np.eye(12)[6:7]
    told, _ = smoother.weighted(smoother.smooth(passes(value, seen, region=region), np.arange(12)), share, days)
    untold, _ = smoother.weighted(smoother.smooth(passes(value, seen), np.arange(12)), share, days)
    assert told[0, 0] == pytest.approx(40, abs=12)
    assert untold[0, 0] > 55


def test_intervals_allow_for_variances_that_are_not_known(monkeypatch):
    """About a jump, where its variance is told by one step, they are wider than with variances taken as known."""
    rng = np.random.default_rng(10)
    seen = rng.random((12, 60)) < 0.15
    panel = passes(np.where(np.arange(60) < 30, 100.0, 50.0) + 8 * rng.standard_normal((12, 60)), seen, sd=8.0)
    share, days = np.full((1, 12), 1 / 12), np.array([15, 29, 30, 31])
    _, drawn = smoother.weighted(smoother.smooth(panel, np.arange(12)), share, days)
    monkeypatch.setattr(StepVariances, "draws", lambda steps, pairs, rng: iter([steps.steps]))
    _, known = smoother.weighted(smoother.smooth(panel, np.arange(12)), share, days)
    assert (drawn[0, 1:] / known[0, 1:]).max() > 1.15
    assert drawn[0, 0] / known[0, 0] < 1.6


def test_variances_settle_and_do_not_swing():
    """Scale, profile and factors each take their own part of a correction; all of it each would overshoot."""
    rng = np.random.default_rng(7)
    value = 100 + 4 * rng.standard_normal((8, 60))
    value[1:, 30:] -= np.linspace(0, 90, 7)[:, None]
    total = [np.log(learn(value, turns=turns).own.values.sum()) for turns in range(6, 12)]
    assert np.abs(np.diff(total)).max() < 0.5


def test_a_site_that_goes_its_own_way_opens_for_itself():
    rng = np.random.default_rng(6)
    value = 100 + 5 * rng.standard_normal((6, 60))
    value[2, 30:] -= 80
    steps = learn(value)
    assert steps.own.factor[2, 0] > 5 * np.delete(steps.own.factor[:, 0], 2).max()


def test_when_sites_drift_apart_an_unseen_one_is_uncertain():
    """Nobody has seen site 0 since day 30, when all others went different ways."""
    rng = np.random.default_rng(7)
    value = 100 + 4 * rng.standard_normal((8, 60))
    value[1:, 30:] -= np.linspace(0, 90, 7)[:, None]
    seen = np.ones(value.shape, bool)
    seen[0, 30:] = False
    share = np.eye(8)[:1]
    _, sd = smoother.weighted(smoother.smooth(passes(value, seen), np.arange(8)), share, np.array([20, 45]))
    assert sd[0, 1] > 4 * sd[0, 0]
    assert sd[0, 1] > 8


def test_many_sites_in_blocks_agree_with_one_block(monkeypatch):
    rng = np.random.default_rng(8)
    course = np.interp(np.arange(60), [0, 25, 35, 59], [100, 100, 40, 90])
    seen = rng.random((24, 60)) < 0.2
    panel = passes(course + 6 * rng.standard_normal((24, 60)), seen, sd=6.0)
    share, days = np.full((1, 24), 1 / 24), np.arange(40, 60)
    whole = smoother.weighted(smoother.smooth(panel, np.arange(24)), share, days)
    monkeypatch.setattr(smoother, "BLOCK", 8)
    parts = smoother.smooth(panel, np.arange(24))
    assert len(parts) == 3
    assert sorted(np.concatenate([part.sites for part in parts])) == list(range(24))
    mean, sd = smoother.weighted(parts, share, days)
    np.testing.assert_allclose(mean, whole[0], atol=2.5)
    assert 0.8 < (sd / whole[1]).mean() < 2.0


def test_two_passes_of_a_day_count_as_one_of_their_mean():
    """Through the public function: the same level as from the merged pass."""
    days = pl.date_range(pl.date(2019, 9, 1), pl.date(2020, 1, 20), "4d", eager=True)
    names = {"key": "a", "region": "r", "group": "g"}
    frame = pl.DataFrame({**names, "weight": 1.0, "date": days, "ratio": 1.0, "sd": 0.1})
    spread = pl.concat([frame.with_columns(ratio=pl.lit(r), sd=pl.lit(0.1 * 2**0.5)) for r in (0.95, 1.05)])
    as_of = days.max()
    once, twice = (panels.levels(f, as_of, "CN").filter(pl.col("level") == "site") for f in (frame, spread))
    assert twice["value"].to_list() == pytest.approx(once["value"].to_list(), abs=0.5)
    assert twice["n_obs"].to_list() == [2 * n for n in once["n_obs"]]
