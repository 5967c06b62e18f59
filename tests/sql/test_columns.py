import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.columns import columns
from solarnet_assets.sql.folder import load_project

FRONT = "-- description: x\n-- partition: day\n"


def made(tmp_path, sql, front=FRONT):
    (tmp_path / "seeds").mkdir(exist_ok=True)
    (tmp_path / "seeds" / "weights.csv").write_text("city,weight\na,0.5\n")
    (tmp_path / "marts").mkdir(exist_ok=True)
    (tmp_path / "marts" / "m.sql").write_text(front + sql)
    return {c.name: c for c in columns(load_project(tmp_path))["marts.m"]}


def test_types_and_lineage_reach_lake_and_seeds(tmp_path):
    found = made(
        tmp_path,
        "with t as (select city, day, panel * 2 as p from lake.city_commuters)\n"
        "select t.day, t.city, p * w.weight as v, count(*) as n, 'x' as kind\n"
        "from t join seeds.weights w on t.city = w.city group by all",
    )
    assert {name: c.type for name, c in found.items()} == {
        "day": "DATE", "city": "VARCHAR", "v": "DOUBLE", "n": "BIGINT", "kind": "VARCHAR",
    }  # fmt: skip
    assert found["v"].sources == (("lake.city_commuters", "panel"), ("seeds.weights", "weight"))
    assert found["city"].sources == (("lake.city_commuters", "city"),)
    assert found["kind"].sources == ()
    assert found["city"].description == "city"  # of the lake's schema


def test_lineage_follows_both_sides_of_a_union(tmp_path):
    found = made(
        tmp_path, "select day, city from lake.city_commuters union all select day, city from lake.mobility_index"
    )
    assert found["city"].sources == (("lake.city_commuters", "city"), ("lake.mobility_index", "city"))


@pytest.mark.parametrize(
    ("sql", "front", "said"),
    [
        ("select day, nothing from lake.posts", FRONT, "nothing"),
        ("select text from lake.posts", FRONT, "names column 'day', not made"),
        ("select text as day from lake.posts", FRONT, "must be a DATE"),
        ("select day from lake.posts", FRONT + "-- column dya: x\n", "names column 'dya', not made"),
    ],
)
def test_models_that_duckdb_refuses_are_named(tmp_path, sql, front, said):
    with pytest.raises(BadInputError, match=r"marts/m\.sql") as caught:
        made(tmp_path, sql, front)
    assert said in str(caught.value)


@pytest.fixture(scope="module")
def shipped():
    return columns(load_project())


def test_every_column_of_the_shipped_marts_is_described_and_traced(shipped):
    marts = [(table, c) for table, found in shipped.items() if table.startswith("marts.") for c in found]
    assert [f"{table}.{c.name}" for table, c in marts if not c.description] == []
    computed = ["marts.solar_daily.farms", "marts.recovery_events.rows_in", "marts.recovery_events.usual_days"]
    assert sorted(f"{table}.{c.name}" for table, c in marts if not c.sources) == sorted(computed)  # count(*)


CONTRACT = {
    "recovery_daily": "signal region day value lower upper n_obs",
    "site_daily": "signal site_id day value lower upper n_obs evidence",
    "city_commuters": "city day commuters panel baseline_day baseline_commuters value lower upper n_obs",
    "sector_growth": "sector lang day share growth_pct growth_pct_4w lower upper n_obs",
    "solar_farms": "farm_id first_seen last_seen area_km2 lon lat confidence",
    "recovery_forecast": "as_of signal region day value lower upper",
    "recovery_dates": "as_of signal region threshold date_median date_lower date_upper prob_by",
    "published_comparison": "item published published_source measured lower upper truth within",
}


@pytest.mark.parametrize("mart", CONTRACT)
def test_marts_keep_their_contract(mart, shipped):
    assert set(CONTRACT[mart].split()) <= {c.name for c in shipped[f"marts.{mart}"]}
