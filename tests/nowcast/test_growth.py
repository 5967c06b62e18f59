import numpy as np
import pytest
from histories import AS_OF, fall_and_return, rows

from solarnet_assets.nowcast import growth
from solarnet_assets.nowcast.normals import normals
from solarnet_assets.nowcast.series import series_of
from solarnet_assets.nowcast.troughs import troughs


def fitted(values, curve="logistic"):
    return growth.fit(series_of(rows(values), AS_OF), curve)


@pytest.mark.parametrize("curve", growth.CURVES)
def test_a_bent_curve_is_told_and_goes_where_it_goes(curve):
    values, _ = fall_and_return(middle=14, speed=0.22, top=88)
    grown = fitted(values, curve)
    assert grown.reason == [None]
    found = growth.paths(grown, curve, normals(AS_OF, 40))[0]
    assert np.median(found[:, 39]) == pytest.approx(88, abs=4)


def test_the_shares_are_those_of_their_curves():
    assert growth.share("logistic", np.array([0.0, 2.0])) == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert growth.share("gompertz", np.array([0.0])) == pytest.approx([np.exp(-1)])


def test_what_has_not_bent_is_said():
    line = np.concatenate([np.full(50, 100.0), np.full(4, 20.0), 20 + 1.7 * np.arange(30)])
    (why,) = fitted(line).reason
    assert "has not bent" in why


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([20.0, 72.0], "2 days with a figure"),
        (np.concatenate([np.full(40, 100.0), np.full(20, 30.0)]), "above the trough"),
        (np.concatenate([np.full(60, 100.0), np.linspace(100, 40, 12)]), "days since the trough"),
    ],
    ids=["two points", "no rise", "still falling"],
)
def test_what_cannot_be_told_is_said(values, why):
    assert why in fitted(values).reason[0]


def test_growth_starts_from_the_second_trough_of_a_second_wave():
    first = np.concatenate([np.full(20, 100.0), np.full(10, 30.0), np.linspace(30, 85, 20)])
    second = np.concatenate([np.linspace(85, 50, 8), np.full(6, 50.0), np.linspace(50, 80, 20)])
    trough, level = troughs(series_of(rows(np.concatenate([first, second])), AS_OF))
    assert 84 - 27 <= trough[0] <= 84 - 20
    assert level[0] == pytest.approx(50, abs=1)


def test_a_plateau_that_lasted_is_believed_over_the_prior():
    values, _ = fall_and_return(days=84, middle=8, speed=0.4, top=70, sd=0.5)
    found = growth.paths(fitted(values), "logistic", normals(AS_OF, 28))[0]
    assert np.median(found[:, 27]) == pytest.approx(70, abs=4)


def test_a_level_that_is_not_well_known_today_is_not_known_tomorrow():
    values, _ = fall_and_return(sd=0.5)
    spread = []
    for half in (0.0, 0.5, 8.0):
        grown = growth.fit(series_of(rows(values, half=half), AS_OF), "logistic")
        spread.append(growth.paths(grown, "logistic", normals(AS_OF, 7))[0, :, 0].std())
    assert spread[1] == pytest.approx(spread[0], rel=0.1)
    assert spread[2] > 1.3 * spread[0]
