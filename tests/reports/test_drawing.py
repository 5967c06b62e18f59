import html
from datetime import date, timedelta

import polars as pl
import pytest
from markupsafe import escape

from solarnet_assets.reports import palette
from solarnet_assets.reports.charts import area_chart
from solarnet_assets.reports.map import map_chart, step_of
from solarnet_assets.reports.series import thinned, with_runs
from solarnet_assets.reports.text import Text, same


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK])
def test_letters_and_marks_can_be_read_in_both_themes(theme):
    """WCAG 2.2 AA: 4.5 to 1 for letters, 3 to 1 for marks, on every ground that they stand on."""
    for ground in ("paper", "card", "soft"):
        for name in (*palette.TEXT, *palette.SIGNALS):
            assert palette.contrast(theme[name], theme[ground]) >= 4.5, (name, ground)
    for name in palette.STEPS:
        assert palette.contrast(theme[name], theme["card"]) >= 3.0, name


def test_contrast_is_that_of_the_standard():
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_themes_know_the_same_names():
    assert set(palette.LIGHT) == set(palette.DARK)
    assert {*palette.TEXT, *palette.SIGNALS, *palette.STEPS} <= set(palette.LIGHT)


def days(n):
    first = date(2020, 1, 1)
    value = [100.0 + (k % 7) for k in range(n)]
    rows = {"day": [first + timedelta(days=k) for k in range(n)], "value": value}
    return pl.DataFrame(rows).with_columns(lower=pl.col("value") - 5, upper=pl.col("value") + 5)


def test_long_series_are_thinned_without_losing_an_interval():
    rows = days(1000)
    points, step = thinned(rows, 100)
    assert step == 10
    assert points.height == 100
    for row in points.iter_rows(named=True):
        of = rows.filter(pl.col("day").is_between(row["day"], row["day"] + timedelta(days=step - 1)))
        assert row["value"] == pytest.approx(of["value"].mean())
        assert row["lower"] == of["lower"].min()
        assert row["upper"] == of["upper"].max()


def test_short_series_stay_as_they_are_and_gaps_stay_gaps():
    assert thinned(days(50), 100)[1] == 1
    gap = days(1000).filter(~pl.col("day").is_between(date(2020, 6, 1), date(2020, 8, 1)))
    points, step = thinned(gap, 100)
    assert with_runs(points, step)["run"].max() == 1
    assert with_runs(days(5).filter(pl.col("day") != date(2020, 1, 2)))["lone"].to_list() == [True, False, False, False]


def test_steps_of_the_map():
    assert [step_of(v) for v in (None, 0.0, 40.0, 79.9, 95.0)] == [None, 0, 1, 2, 4]


def test_the_map_writes_cities_in_both_languages_and_leaves_out_what_would_overlap():
    cities = pl.DataFrame(
        {"kind": ["city"] * 4, "lon": [114.3, 114.31, 114.31, 104.0], "lat": [30.6, 30.6, 30.61, 30.6],
         "value": [20.0, None, 99.0, 50.0], "written": ["Wuhan 20", "Close 1", "Closer 2", "Chengdu 50"],
         "region": ["Hubei"] * 3 + ["Sichuan"]}
    )  # fmt: skip
    names = {"Wuhan 20": Text("Wuhan 20", "武汉 20")}
    drawing = map_chart(cities, same("A map"), names)
    assert 'data-t="武汉 20">Wuhan 20<' in drawing
    assert "Chengdu 50" in drawing
    assert "Closer 2" not in drawing
    assert "var(--step0)" in drawing
    assert "<title" in drawing


@pytest.mark.parametrize("lat", [[-5.0, 5.0], [0.0, 0.0], [0.003, -0.004], [-60.0, 60.0]])
def test_a_country_on_the_equator_has_a_map(lat):
    places = {"kind": ["city"] * 2, "lon": [10.0, 14.0], "lat": lat, "value": [20.0, 99.0]}
    rows = pl.DataFrame({**places, "written": ["North 20", "South 99"], "region": ["N", "S"]})
    drawing = map_chart(rows, same("A map"), {})
    assert "South 99" in drawing
    assert "NaN" not in drawing


def test_a_name_is_drawn_as_it_is_written_whatever_it_looks_like():
    odd = ["Line 2.55", 'Park role="x" "#010101"', "<b>2020-03-01</b>"]
    numbers = {"area_km2": [1.25, 2.0, 3.0], "lower": [0.5, 1.0, 2.0], "upper": [2.0, 3.0, 4.0], "truth": [None] * 3}
    rows = pl.DataFrame({"name": odd, **numbers}, schema_overrides={"truth": pl.Float64})
    drawing = str(area_chart(rows, same("Areas"), {name: Text(name, f"中 {name}") for name in odd}))
    for name in odd:
        assert f'data-t="中 {escape(name)}">{html.escape(name)}</text>' in drawing
    assert "<b>" not in drawing
