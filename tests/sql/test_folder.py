from pathlib import Path

import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.folder import load_project, sql_folder, tables_of


def write(folder: Path, name: str, sql: str, front: str = "-- description: x\n-- partition: none\n") -> None:
    file = folder / f"{name}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(front + sql)


def refusal(folder: Path) -> str:
    with pytest.raises(BadInputError) as caught:
        load_project(folder)
    return str(caught.value)


def test_inputs_come_before_what_reads_them(tmp_path):
    write(tmp_path, "staging/a", "select b from intermediate.b")
    write(tmp_path, "intermediate/b", "with x as (select b from marts.c) select b from x")
    write(tmp_path, "marts/c", "select city as b from lake.cities")
    project = load_project(tmp_path)
    assert project.tables == ("marts.c", "intermediate.b", "staging.a")
    assert project.model("intermediate.b").depends == ("marts.c",)
    assert project.ancestors(["intermediate.b"]) == {"intermediate.b", "marts.c"}


def test_front_comment_is_read(tmp_path):
    front = "-- description: what\n--   a row is\n-- partition: day\n-- lookback: 21 days\n"
    front += "-- unique: a, day\n-- column a: A key\n"
    write(tmp_path, "marts/c", "select 'a' as a, date '2020-01-01' as day", front)
    model = load_project(tmp_path).model("marts.c")
    assert (model.description, model.partition, model.lookback, model.unique) == (
        "what a row is",
        "day",
        21,
        ("a", "day"),
    )
    assert model.notes == {"a": "A key"}


@pytest.mark.parametrize(
    ("sql", "front", "said"),
    [
        ("select 1 as a; select 2 as a", None, "exactly one SELECT, it holds 2"),
        ("delete from staging.x", None, "exactly one SELECT"),
        ("select a from cities", None, "table 'cities' needs its schema"),
        ("select a from lake.nowhere", None, "reads 'lake.nowhere', which nothing makes"),
        ("select a from read_csv('/etc/passwd')", None, "reads files by itself"),
        ("select a from '/etc/passwd.parquet'", None, "needs its schema"),
        ("select a frm lake.cities where (", None, "marts/m.sql: line"),
        ("select 1 as a", "-- partition: none\n", "must say 'description"),
        ("select 1 as a", "-- description: x\n", "must say 'partition"),
        ("select 1 as a", "-- description: x\n-- partiton: day\n", "unknown key 'partiton'"),
        ("select 1 as a", "-- description: x\n-- description: y\n", "says 'description' twice"),
        ("select 1 as a", "-- description: x\n-- partition: none\n-- lookback: a week\n", "like '21 days'"),
        ("select 1 as a", "-- description: x\n-- partition: none\n-- plot: a, b\n", "plot names"),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path, sql, front, said):
    write(tmp_path, "marts/m", sql, *([front] if front is not None else []))
    message = refusal(tmp_path)
    assert said in message
    assert "marts/m.sql" in message


def test_circles_and_namesakes_are_refused(tmp_path):
    write(tmp_path, "staging/a", "select x from marts.b")
    write(tmp_path, "marts/b", "select x from staging.a")
    assert "in a circle: " in refusal(tmp_path)
    write(tmp_path, "staging/b", "select 1 as x")
    assert "two SQL files make 'b'" in refusal(tmp_path)


def test_a_check_must_judge_a_model(tmp_path):
    write(tmp_path, "marts/b", "select 1 as x")
    write(tmp_path, "checks/c", "select x from marts.b", "-- description: x\n-- asset: marts.nothing\n")
    assert "judges 'marts.nothing'" in refusal(tmp_path)


def test_names_of_ctes_and_columns_are_not_tables():
    sql = "with a as (select 1 as x), b as (select x from a) select b.x, (select max(day) from lake.posts) from b"
    assert tables_of(sql, "f") == ("lake.posts",)


def test_the_shipped_folder_is_found_and_loads():
    project = load_project()
    assert sql_folder() == project.folder
    assert "marts.recovery_daily" in project.tables
    assert {c.asset for c in project.checks if c.name == "unique_rows"} == set(project.tables)
