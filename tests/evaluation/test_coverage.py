from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from solarnet_assets.evaluation.coverage import coverage, published

DAYS = [date(2020, 2, 1) + timedelta(days=n) for n in range(10)]


def table(**columns):
    return pl.DataFrame({"day": DAYS}).with_columns(
        **{k: pl.lit(v) if not isinstance(v, pl.Series) else v for k, v in columns.items()}
    )


@pytest.fixture
def warehouse(tmp_path):
    """Ten days on which the country is 3 too high (held), one site 8 too low (not held) and a sector 5 % too high."""
    frames = {
        "marts.recovery_daily": table(signal="steel", level="country", region="CN", value=83.0, lower=78.0, upper=88.0),
        "marts.site_daily": table(signal="steel", site_id="a", value=72.0, lower=70.0, upper=74.0),
        "marts.parking_groups": table(site_group="theme park", value=12.0, lower=5.0, upper=20.0),
        "marts.sector_growth": table(sector="gaming", lang="all", growth_pct=110.0, lower=90.0, upper=130.0),
        "marts.solar_daily": table(site_id="all", area_km2=4.0, lower=3.0, upper=4.4),
        "marts.published_comparison": pl.DataFrame(
            {
                "item": ["steel", "gaming", "farms"], "signal": ["steel", "sector", "solar"],
                "unit": ["%", "%", "farms"],
                "published": [76.0, 124.0, 439.0], "measured": [74.0, 110.0, 5.0], "lower": [70.0, 90.0, 4.0],
                "upper": [78.0, 130.0, 6.0], "truth": [76.0, 100.0, None], "within": [True, True, None],
            }
        ),
        "staging.stg_evaluation_truth": pl.concat(
            [
                table(signal="steel", key="CN", value=80.0),
                table(signal="steel", key="a", value=80.0),
                table(signal="sector", key="gaming", value=200.0),
                table(signal="solar", key="CN", value=4.2),
                table(signal="parking", key="CN", value=50.0),
                table(signal="parking", key="theme park", value=4.0),
                table(signal="steel_ordinary", key="CN", value=82.0),
            ]
        ),
        "marts.steel_shock": table(
            level="country", region="CN", ordinary=84.0, ordinary_lower=80.0, ordinary_upper=88.0,
            partner=pl.Series([None] * 5 + [date(2019, 2, 12)] * 5),
        ),
        "seeds.settings": pl.DataFrame({"name": ["country"], "value": ["CN"]}),
    }  # fmt: skip
    path = tmp_path / "warehouse.duckdb"
    con = duckdb.connect(str(path))
    for schema in ("marts", "staging", "seeds"):
        con.execute(f"create schema {schema}")
    for name, frame in frames.items():
        con.register("frame", frame)
        con.execute(f"create table {name} as select * from frame")  # noqa: S608 - our own names
        con.unregister("frame")
    con.close()
    return path


def test_coverage_counts_held_days_and_errors(warehouse):
    rows = {(r["signal"], r["level"]): r for r in coverage(warehouse).iter_rows(named=True)}
    ordinary, group = ("steel_ordinary", "country"), ("parking", "group")
    steel = {("steel", "country"), ("steel", "site")}
    assert set(rows) == {*steel, ("sector", "sector"), ("solar", "country"), ordinary, group}
    assert (rows[group]["covered"], rows[group]["bias"]) == (0.0, 8.0), "the theme park's interval misses"
    country, site = rows["steel", "country"], rows["steel", "site"]
    assert (country["n"], country["covered"], country["rmse"], country["bias"]) == (10, 1.0, 3.0, 3.0)
    assert (site["covered"], site["max_error"], site["bias"], site["half_width"]) == (0.0, 8.0, -8.0, 2.0)
    assert rows["sector", "sector"]["max_relative_error"] == pytest.approx(0.05)
    assert rows["solar", "country"]["max_error"] == pytest.approx(0.2)
    assert (rows[ordinary]["n"], rows[ordinary]["bias"]) == (5, 2.0), "only days that are read from the year before"


def test_published_rows_have_errors_against_the_truth(warehouse):
    rows = published(warehouse)
    assert rows["item"].to_list() == ["steel", "gaming"]
    assert rows["error"].to_list() == [-2.0, 10.0]
    assert rows["relative_error"].to_list() == pytest.approx([-2 / 76, 0.05])
