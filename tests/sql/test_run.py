"""Refresh on a small folder of SQL: windows, changes, checks, and what is served."""

from datetime import date

import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.outcome import ChecksFailedError
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.warehouse import reader

D = date(2020, 1, 10)
STAGING = (
    "-- description: x\n-- partition: day\n-- unique: city, day\nselect city, day, intensity from lake.mobility_index"
)
TRAILING = (
    "-- description: x\n-- partition: day\n-- lookahead: 2 days\n-- unique: day\n"
    "select t.day, sum(n.intensity) as total\n"
    "from staging.s t join staging.s n on n.day between t.day - 2 and t.day group by 1"
)
SCALED = (
    "-- description: x\n-- partition: day\n-- unique: day\n"
    "select day, total * (select value::double from seeds.settings where name = 'factor') as total from intermediate.t"
)


@pytest.fixture
def folder(tmp_path):
    for name, text in {"staging/s": STAGING, "intermediate/t": TRAILING, "marts/m": SCALED}.items():
        file = tmp_path / "sql" / f"{name}.sql"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (tmp_path / "sql" / "seeds").mkdir()
    (tmp_path / "sql" / "seeds" / "settings.csv").write_text("name,value\nfactor,10\n")
    return tmp_path / "sql"


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", tmp_path / "quarantine")


def put(lake, day, intensity, cities=("a",)):
    rows = [{"city": c, "intensity": float(intensity), "provider": "p"} for c in cities]
    lake.write("mobility_index", D.replace(day=day), pl.DataFrame(rows))


def totals(path, name="marts.m"):
    with reader(path) as con:
        return {day.day: total for day, total in con.table(name).select("day", "total").fetchall()}


def test_first_refresh_takes_the_whole_lake_in(lake, folder, tmp_path):
    put(lake, 1, 1), put(lake, 2, 2)
    done = refresh(lake, tmp_path / "w", D, D, project=load_project(folder))
    assert totals(tmp_path / "w") == {1: 10, 2: 30}
    assert [run.spans for run in done.models] == [None] * 3


def test_a_changed_day_changes_the_days_that_follow_from_it_and_no_others(lake, folder, tmp_path):
    project = load_project(folder)
    for day in range(1, 8):
        put(lake, day, 1)
    refresh(lake, tmp_path / "w", project=project)
    put(lake, 3, 5)
    done = refresh(lake, tmp_path / "w", project=project)
    touched = {run.table: [(s.start.day, s.end.day) for s in run.spans] for run in done.models}
    assert touched == {"staging.s": [(3, 3)], "intermediate.t": [(3, 5)], "marts.m": [(3, 5)]}
    assert totals(tmp_path / "w") == {1: 10, 2: 20, 3: 70, 4: 70, 5: 70, 6: 30, 7: 30}
    assert refresh(lake, tmp_path / "w", project=project).models == ()


def test_a_removed_partition_leaves_the_warehouse(lake, folder, tmp_path):
    put(lake, 1, 1), put(lake, 2, 2)
    refresh(lake, tmp_path / "w", project=load_project(folder))
    (tmp_path / "lake/mobility_index/day=2020-01-01/data.parquet").unlink()
    refresh(lake, tmp_path / "w", project=load_project(folder))
    assert totals(tmp_path / "w") == {2: 20}


def test_a_model_that_was_not_asked_for_catches_up_later(lake, folder, tmp_path):
    project = load_project(folder)
    put(lake, 1, 1)
    refresh(lake, tmp_path / "w", project=project)
    put(lake, 1, 7)
    refresh(lake, tmp_path / "w", models=["staging.s"], project=project)
    assert totals(tmp_path / "w") == {1: 10}
    refresh(lake, tmp_path / "w", models=["marts.m"], project=project)
    assert totals(tmp_path / "w") == {1: 70}


def test_changed_sql_seed_and_setting_are_made_anew(lake, folder, tmp_path):
    put(lake, 1, 1), put(lake, 2, 1)
    refresh(lake, tmp_path / "w", project=load_project(folder))
    (folder / "marts" / "m.sql").write_text(SCALED.replace("total *", "1 + total *"))
    refresh(lake, tmp_path / "w", project=load_project(folder))
    assert totals(tmp_path / "w") == {1: 11, 2: 21}
    (folder / "seeds" / "settings.csv").write_text("name,value\nfactor,100\n")
    refresh(lake, tmp_path / "w", project=load_project(folder))
    assert totals(tmp_path / "w") == {1: 101, 2: 201}
    refresh(lake, tmp_path / "w", project=load_project(folder), settings={"factor": "3"})
    assert totals(tmp_path / "w") == {1: 4, 2: 7}
    (folder / "marts" / "m.sql").unlink()
    refresh(lake, tmp_path / "w", project=load_project(folder))
    with reader(tmp_path / "w") as con:
        assert con.sql("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall() == []


def test_served_tables_outlive_the_lake(lake, folder, tmp_path):
    put(lake, 1, 1)
    refresh(lake, tmp_path / "w", project=load_project(folder))
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    assert totals(tmp_path / "w") == {1: 10}
    with reader(tmp_path / "w") as con:
        assert con.sql("select view_name from duckdb_views() where not internal").fetchall() == []


def test_blocking_check_keeps_the_old_file(lake, folder, tmp_path):
    project = load_project(folder)
    put(lake, 1, 1)
    refresh(lake, tmp_path / "w", project=project)
    before = (tmp_path / "w").read_bytes()
    put(lake, 2, 1, cities=("a", "a"))
    with pytest.raises(ChecksFailedError, match=r"staging\.s: One row per city, day") as caught:
        refresh(lake, tmp_path / "w", project=project)
    assert (tmp_path / "w").read_bytes() == before
    failed = {(r.check.asset, r.check.name) for r in caught.value.outcome.checks if not r.passed}
    assert failed == {("staging.s", "unique_rows")}


def test_other_checks_report_their_rows(lake, folder, tmp_path):
    (folder / "checks").mkdir()
    (folder / "checks" / "small.sql").write_text(
        "-- description: small\n-- asset: marts.m\n-- partition: day\n-- severity: warn\n"
        "select day, total from marts.m where total > 15"
    )
    put(lake, 1, 1), put(lake, 2, 2)
    done = refresh(lake, tmp_path / "w", project=load_project(folder))
    small = next(run for run in done.checks if run.check.name == "small")
    assert small.failing.rows() == [(date(2020, 1, 2), 30.0)]
    assert not small.passed
    assert totals(tmp_path / "w") == {1: 10, 2: 30}


def test_errors_name_the_file_and_leave_the_served_one(lake, folder, tmp_path):
    put(lake, 1, 1)
    refresh(lake, tmp_path / "w", project=load_project(folder))
    (folder / "marts" / "m.sql").write_text(SCALED.replace("total *", "('boom' || total)::int *"))
    with pytest.raises(BadInputError, match=r"marts/m\.sql: .*boom1"):
        refresh(lake, tmp_path / "w", project=load_project(folder))
    assert totals(tmp_path / "w") == {1: 10}
    with pytest.raises(BadInputError, match="no SQL model 'marts.x'"):
        refresh(lake, tmp_path / "w", models=["marts.x"], project=load_project(folder))


@pytest.mark.parametrize("days", [(1,), (1, 3, 4)])
def test_a_lake_of_another_version_is_told_with_its_days(lake, folder, tmp_path, days):
    for day in (1, 2, 3, 4):
        put(lake, day, 1)
    for day in days:
        table = tmp_path / f"lake/mobility_index/day=2020-01-0{day}/data.parquet"
        pl.read_parquet(table).drop("intensity").write_parquet(table)
    told = "2020-01-01 to 2020-01-04 (3 days)" if len(days) > 1 else "2020-01-01"
    with pytest.raises(BadInputError, match="another version of this project") as caught:
        refresh(lake, tmp_path / "w", project=load_project(folder))
    assert f"mobility_index of {told}. Materialise them again" in str(caught.value)


def test_a_damaged_table_is_told_with_its_day(lake, folder, tmp_path):
    put(lake, 1, 1), put(lake, 2, 1)
    (tmp_path / "lake/mobility_index/day=2020-01-02/data.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(BadInputError, match="or damaged ones: mobility_index of 2020-01-02. Materialise them again"):
        refresh(lake, tmp_path / "w", project=load_project(folder))


def test_a_lake_behind_a_url_is_read_and_watched(folder, tmp_path):
    lake = Lake("memory://test-sql-lake", "memory://test-sql-quarantine")
    put(lake, 1, 1)
    refresh(lake, tmp_path / "w", project=load_project(folder))
    put(lake, 2, 4)
    refresh(lake, tmp_path / "w", project=load_project(folder))
    assert totals(tmp_path / "w") == {1: 10, 2: 50}
