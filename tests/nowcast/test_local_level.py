import numpy as np
import pytest
from histories import AS_OF, rows
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

from solarnet_assets.nowcast.local_level import DAMPED, NO_DRIFT, WIDE, filtered, grid, paths
from solarnet_assets.nowcast.normals import normals
from solarnet_assets.nowcast.series import series_of


def by_statsmodels(values, step, turn, damping):
    model = KalmanFilter(k_endog=1, k_states=2)
    model.bind(np.asarray(values, dtype=float)[:, None])
    model["design"] = np.array([[1.0, 0.0]])
    model["obs_cov"] = np.array([[1.0]])
    model["transition"] = np.array([[1.0, 1.0], [0.0, damping]])
    model["selection"] = np.eye(2)
    model["state_cov"] = np.diag([step, turn])
    first = model["transition"] @ np.diag([WIDE, WIDE / 100]) @ model["transition"].T + np.diag([step, turn])
    model.initialize_known(np.zeros(2), first)
    found = model.filter()
    return found.filtered_state[:, -1], found.filtered_state_cov[:, :, -1]


@pytest.mark.parametrize(("step", "turn", "damping"), [(0.3, 0.01, 0.9), (0.05, 0.001, 0.8)])
def test_filter_is_that_of_statsmodels(step, turn, damping):
    rng = np.random.default_rng(1)
    values = 60 + np.cumsum(0.4 + 0.3 * rng.normal(size=84)) + rng.normal(size=84)
    values[[20, 21, 50]] = np.nan
    series = series_of(rows(values), AS_OF)
    state = filtered(series, grid((step,), (turn,), (damping,)))
    mean, covariance = by_statsmodels(series.value[0], step, turn, damping)
    assert [state.level[0, 0], state.drift[0, 0]] == pytest.approx(mean, abs=1e-6)
    assert [state.p00[0, 0], state.p01[0, 0], state.p11[0, 0]] == pytest.approx(
        [covariance[0, 0], covariance[0, 1], covariance[1, 1]], rel=1e-6
    )


def drawn(values, points=DAMPED, half=0.0):
    return paths(series_of(rows(values, half=half), AS_OF), points, normals(AS_OF, 28))[0]


def test_a_steady_drift_goes_on_for_a_while_and_fades():
    values = 40 + 0.8 * np.arange(60) + 0.3 * np.random.default_rng(2).normal(size=60)
    middle = np.median(drawn(values), axis=0)
    assert middle[3] - values[-1] == pytest.approx(4 * 0.8, abs=1.5)
    assert middle[27] - middle[20] < 0.8 * 7 / 2


def test_no_change_stays_and_widens():
    rng = np.random.default_rng(3)
    values = 70 + np.cumsum(rng.normal(size=60))
    found = drawn(values, NO_DRIFT)
    assert np.median(found, axis=0) == pytest.approx(np.full(28, values[-1]), abs=1.5)
    spread = found.std(axis=0)
    assert spread[27] / spread[0] > 2.5


def test_today_is_known_no_better_than_its_interval():
    values = np.full(40, 80.0) + 0.2 * np.random.default_rng(4).normal(size=40)
    assert drawn(values, half=10.0)[:, 0].std() == pytest.approx(10 / 1.645, rel=0.2)
    assert drawn(values)[:, 0].std() < 2


def test_one_wild_day_moves_little():
    values = np.full(40, 80.0) + np.random.default_rng(5).normal(size=40)
    wild = values.copy()
    wild[-2] = 20.0
    assert np.median(drawn(wild)[:, 6]) == pytest.approx(np.median(drawn(values)[:, 6]), abs=5)
