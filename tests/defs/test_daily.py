import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import dagster as dg
import polars as pl
import pytest

from solarnet_assets.defs.daily import COUNTS, Day, counts_check, run_days
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.shown import listed, pictured, preview, table_metadata
from solarnet_assets.landing import Landing, reject, rejects_frame
from solarnet_assets.storage.lake import Lake


def landing(day: date, lost: int = 0) -> Landing:
    frame = pl.DataFrame({"city": ["a"], "intensity": [float(day.day)], "provider": ["p"]})
    return Landing(frame, rejects_frame([reject("f.csv", "not a number", 7)]), 2 + lost)


def asset(lake: Lake, lost: int = 0) -> dg.AssetsDefinition:
    @dg.asset(name="mobility_index", partitions_def=DAILY, check_specs=[counts_check("mobility_index")])
    def _asset(context: dg.AssetExecutionContext):
        yield from run_days(context, lake, "mobility_index", lambda day: Day(landing(day, lost)))

    return _asset


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", tmp_path / "quarantine")


RANGE = {"dagster/asset_partition_range_start": "2020-01-01", "dagster/asset_partition_range_end": "2020-01-03"}


def test_a_range_is_one_step_with_partitions_metadata_and_checks_of_each_day(lake):
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset(lake)], instance=instance, tags=RANGE)
        found = {m.partition: m.metadata for m in result.asset_materializations_for_node("mobility_index")}
        assert set(found) == {"2020-01-01", "2020-01-02", "2020-01-03"}
        assert found["2020-01-02"]["quarantined"].value == 1
        assert "f.csv" in found["2020-01-02"]["quarantine"].value
        checks = {e.partition: e.passed for e in result.get_asset_check_evaluations()}
        assert checks == dict.fromkeys(found, True)
    assert lake.read("mobility_index", date(2020, 1, 2))["intensity"].to_list() == [2.0]


def test_a_lost_record_fails_the_blocking_check(lake):
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [asset(lake, lost=1)], instance=instance, partition_key="2020-01-01", raise_on_error=False
        )
        (check,) = result.get_asset_check_evaluations()
    assert not result.success
    assert (check.check_name, check.passed, check.partition) == (COUNTS, False, "2020-01-01")


def test_what_reads_a_day_that_lost_a_record_is_not_run(lake):
    ran = []

    @dg.asset(deps=["mobility_index"], partitions_def=DAILY)
    def downstream() -> None:
        ran.append(1)

    with dg.DagsterInstance.ephemeral() as instance:
        for lost, tags in ((1, RANGE), (0, RANGE)):
            assets = [asset(lake, lost), downstream]
            done = dg.materialize(assets, instance=instance, tags=tags, raise_on_error=False)
            assert (done.success, ran) == ((False, []) if lost else (True, [1]))


def test_two_runs_of_a_day_at_once_both_leave_it_whole(lake):
    """Such as a file that arrives while the day is run by hand."""
    both = threading.Barrier(2)

    @dg.asset(name="mobility_index", partitions_def=DAILY, check_specs=[counts_check("mobility_index")])
    def slow(context: dg.AssetExecutionContext):
        def parts(day):
            yield landing(day)
            time.sleep(0.3)

        def work(day):
            both.wait(10)
            return Day(parts(day))

        yield from run_days(context, lake, "mobility_index", work)

    def run(_):
        with dg.DagsterInstance.ephemeral() as instance:
            return dg.materialize([slow], instance=instance, partition_key="2020-01-01", raise_on_error=False)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, range(2))
    assert first.success
    assert second.success
    assert lake.counts("mobility_index", date(2020, 1, 1)).balanced
    assert [file.name for file in lake.folder("mobility_index", date(2020, 1, 1)).iterdir()] == ["data.parquet"]


def test_a_preview_of_many_columns_is_one_table_and_leaves_nested_ones_out():
    names = [f"a_rather_long_name_{n}" for n in range(8)]
    frame = pl.DataFrame({name: [1.0] for name in names} | {"points": [[1, 2]]})
    header, rule, row = preview(frame).value.splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")] == names
    assert len(rule) == len(row) == len(header)
    assert preview(frame.clear()).value == "no rows"


def test_a_preview_says_how_many_columns_it_leaves_out_and_writes_lists_of_names():
    frame = pl.DataFrame({"sectors": [["gaming", "<b>"]]} | {f"c{n}": [n] for n in range(14)})
    table, _, more = preview(frame).value.partition("\n\n")
    assert "gaming, &lt;b&gt;" in table
    assert [cell.strip() for cell in table.splitlines()[0].strip("|").split("|")][-1] == "c6"
    assert more == "and 7 more columns"


def test_a_day_with_pictures_says_where_they_lie():
    shown = pictured("/home/evidence/steel/2020-01-01", 2)
    assert (shown["pictures"], shown["evidence"].path) == (2, "/home/evidence/steel/2020-01-01")
    assert pictured("/home", 0) == {}


def test_columns_with_long_types_leave_room_for_their_description():
    columns = {c.name: c.type for c in table_metadata("lot_counts")["dagster/column_schema"].columns}
    assert (columns["candidates"], columns["time"], columns["site_id"]) == ("List(Struct)", "Datetime UTC", "String")


def test_previews_show_no_personal_columns():
    frame = pl.DataFrame({"device": [12345], "city": ["a"], "lat": [39.9876]})
    shown = preview(frame).value
    assert "12345" not in shown
    assert "39.98" not in shown
    assert "a" in shown


def test_names_in_lists_are_neither_markdown_nor_html():
    told = {"[x](javascript:alert(1))`<b>": "# heading\n<img src=x onerror=alert(1)>"}
    assert listed(told).value == "- `[x](javascript:alert(1))'<b>`: `# heading <img src=x onerror=alert(1)>`"
