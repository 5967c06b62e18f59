"""From ratios to growth, by hand, and the check that notices limits that do not enclose their figure."""

from datetime import date

import pytest

from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

DAY = date(2020, 3, 15)
SOLID = {
    "sector": "gaming", "lang": "all", "users": 2000, "users_with": 240, "share": 0.12, "share_lower": 0.1,
    "share_upper": 0.14, "weekday_factor": 1.2, "present": 1.0, "base_share": 0.05, "weeks_share": 0.04, "ratio": 2.0,
    "ratio_lower": 1.5, "ratio_upper": 2.6, "ratio_4w": 2.5, "ratio_4w_lower": 1.9, "ratio_4w_upper": 3.1, "note": None,
}  # fmt: skip
MODELS = ["marts.sector_growth", "intermediate.int_sector_window"]


@pytest.fixture
def made(tmp_path, country):
    """Refresh the growth models on rows of one day; return the outcome and the warehouse."""

    def make(*rows):
        lake = Lake(tmp_path / "lake", tmp_path / "q")
        lake.write("sector_trends", DAY, country.table("sector_trends", list(rows)))
        return refresh(lake, tmp_path / "w", models=MODELS, project=load_project()), tmp_path / "w"

    return make


def test_growth_is_the_ratio_in_percent_with_limits_of_its_own(made):
    outcome, path = made(SOLID | {"days": 1}, SOLID | {"days": 7, "ratio": 1.8})
    with reader(path) as con:
        (day,) = con.sql("from marts.sector_growth").pl().to_dicts()
        (window,) = con.sql("from intermediate.int_sector_window").pl().to_dicts()
    assert (day["growth_pct"], day["lower"], day["upper"]) == pytest.approx((100.0, 50.0, 160.0))
    assert (day["growth_pct_4w"], day["lower_4w"], day["upper_4w"]) == pytest.approx((150.0, 90.0, 210.0))
    assert (day["n_obs"], day["users"], day["weekday_factor"]) == (240, 2000, 1.2)
    assert window["growth_pct"] == pytest.approx(80.0)
    assert all(check.passed for check in outcome.checks)


NO_FIGURE = dict.fromkeys([name for name in SOLID if name.startswith("ratio")])


@pytest.mark.parametrize(
    "wrong",
    [{"ratio_lower": 2.1}, {"ratio_4w_upper": 2.4}, {"share_upper": 0.11}, NO_FIGURE],
    ids=["above its growth", "below the other", "share outside", "missing without a note"],
)
def test_a_wrong_row_fails_the_check(made, wrong):
    outcome, _ = made(SOLID | {"days": 1} | wrong)
    (check,) = [run for run in outcome.checks if run.check.name == "sector_interval"]
    assert check.failing.height == 1


def test_a_missing_figure_with_a_note_passes(made):
    outcome, _ = made(SOLID | {"days": 1} | NO_FIGURE | {"note": "fewer than 100 active users"})
    assert all(check.passed for check in outcome.checks)
