"""When things run: the sensor on drop folders, the daily schedule, pools and retries."""

import json
import os
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.tags import TagConcurrencyLimitsCounter

from solarnet_assets.config import KINDS
from solarnet_assets.defs import automation
from solarnet_assets.defs.automation import daily_refresh, raw_files_sensor
from solarnet_assets.defs.build import build_definitions
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.resources import Project
from solarnet_assets.home import INSTANCE_SETTINGS
from solarnet_assets.sources.arrivals import REMADE


@pytest.fixture
def drop(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLARNET_HOME", str(tmp_path / "home"))
    for kind in ("pings", "posts"):
        (tmp_path / kind).mkdir()
    lines = [f"  {kind}: {{type: files, path: {kind}}}" for kind in ("pings", "posts")]
    (tmp_path / "config.yaml").write_text("\n".join(["sources:", *lines]))
    return tmp_path


def put(drop, name, text="x"):
    (drop / name).parent.mkdir(exist_ok=True)
    (drop / name).write_text(text)
    time.sleep(0.02)  # the next file's change time differs


def tick(drop, cursor=None):
    project = Project(config_file=str(drop / "config.yaml"))
    with dg.build_sensor_context(cursor=cursor, resources={"project": project}) as context:
        done = raw_files_sensor(context)
    return {request.partition_key: request.run_key for request in done.run_requests or []}, done.cursor, done


def test_new_files_run_each_of_their_days_once(drop):
    put(drop, "pings/2020-02-09/a.csv")
    put(drop, "pings/2020-02-09/b.csv")
    put(drop, "posts/2020-02-09.jsonl")
    put(drop, "posts/2020-02-07.jsonl")
    found, cursor, done = tick(drop)
    assert list(found) == ["2020-02-07", "2020-02-09"]
    assert set(json.loads(cursor)) == {"pings", "posts"}
    assert done.skip_reason is None


def test_nothing_new_is_a_skip_that_keeps_the_cursor(drop):
    put(drop, "pings/2020-02-09/a.csv")
    _, cursor, _ = tick(drop)
    found, again, done = tick(drop, cursor)
    assert found == {}
    assert again == cursor
    assert "no new files" in done.skip_reason.skip_message


def test_a_late_file_runs_its_day_and_no_other(drop):
    put(drop, "pings/2020-02-09/a.csv")
    _, cursor, _ = tick(drop)
    put(drop, "pings/2020-01-31/late.csv")

    os.utime(drop / "pings/2020-01-31/late.csv", (0, 0))
    found, _, _ = tick(drop, cursor)
    assert list(found) == ["2020-01-31"]


def test_a_file_that_is_seen_after_its_arrival_brings_the_as_of_days_since_up_to_date(drop):
    yesterday = date.fromisoformat(DAILY.get_last_partition_key())
    put(drop, "pings/arrivals.csv", f"file,arrived\n2020-01-31/late.csv,{yesterday - timedelta(days=2)}\n")
    put(drop, "pings/2020-01-31/late.csv")
    found, _, _ = tick(drop)
    assert list(found) == ["2020-01-31", *(f"{yesterday - timedelta(days=n)}" for n in (2, 1, 0))]
    put(drop, "pings/arrivals.csv", f"file,arrived\n2020-01-31/late.csv,{yesterday + timedelta(days=1)}\n")
    assert list(tick(drop)[0]) == ["2020-01-31"], "no as-of day that has been made may know of it"
    put(drop, "pings/arrivals.csv", "file,arrived\n2020-01-31/late.csv,2020-02-02\n")
    assert len(tick(drop)[0]) == 1 + REMADE
    put(drop, "pings/arrivals.csv", "file,arrived\n2020-01-31/late.csv,soon\n")
    assert list(tick(drop)[0]) == ["2020-01-31"], "the run says what is wrong"


def test_a_changed_file_runs_again_under_another_key(drop):
    put(drop, "pings/2020-02-09/a.csv")
    first, cursor, _ = tick(drop)
    again, _, _ = tick(drop)
    put(drop, "pings/2020-02-09/a.csv", "changed")
    second, _, _ = tick(drop, cursor)
    assert first == again, "the same files ask for the same run"
    assert first["2020-02-09"] != second["2020-02-09"]


def test_files_without_a_partition_ask_for_none(drop):
    tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)
    for name in ("all.csv", "1999-01-01.csv", f"{tomorrow}.csv"):
        put(drop, f"pings/{name}")
    found, cursor, _ = tick(drop)
    assert found == {}
    assert json.loads(cursor)["pings"][1]


def test_a_tick_takes_no_more_than_its_share_and_the_next_goes_on(drop, monkeypatch):
    monkeypatch.setattr(automation, "FILES_PER_TICK", 2)
    for day in ("01", "02", "03"):
        put(drop, f"pings/2020-02-{day}.csv")
    first, cursor, _ = tick(drop)
    second, _, _ = tick(drop, cursor)
    assert (list(first), list(second)) == (["2020-02-01", "2020-02-02"], ["2020-02-03"])


def test_a_folder_that_is_away_keeps_no_other_waiting(drop):
    put(drop, "posts/2020-02-09.jsonl")
    (drop / "pings").rmdir()
    found, cursor, _ = tick(drop)
    assert list(found) == ["2020-02-09"]
    _, _, done = tick(drop, cursor)
    assert "pings does not exist" in done.skip_reason.skip_message


@pytest.fixture(scope="module")
def definitions():
    return build_definitions()


def test_the_schedule_asks_for_yesterday_and_for_what_was_missed_before(definitions):
    schedule = definitions.resolve_schedule_def("daily_refresh_schedule")
    moment = datetime(2020, 2, 10, 6, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    with dg.instance_for_test() as instance:

        def asked():
            context = dg.build_schedule_context(instance, moment, repository_def=definitions.get_repository_def())
            return [(r.partition_key, r.run_key) for r in schedule.evaluate_tick(context).run_requests]

        assert asked() == [("2020-02-09", "2020-02-09")]
        tags = {"dagster/schedule_name": schedule.name, "dagster/partition": "2020-02-07"}
        instance.add_run(dg.DagsterRun(job_name="daily_refresh", tags=tags))
        assert [day for day, _ in asked()] == ["2020-02-08", "2020-02-09"]
    assert schedule.cron_schedule == "30 6 * * *"
    assert schedule.execution_timezone == "Asia/Shanghai"


def test_missed_days_come_in_order_and_at_most_two_weeks_of_them():
    due = automation.due_days
    assert due(date(2020, 2, 9), []) == [date(2020, 2, 9)]
    assert due(date(2020, 2, 9), [date(2020, 2, 6), date(2020, 2, 5)]) == [date(2020, 2, n) for n in (7, 8, 9)]
    assert due(date(2020, 2, 9), [date(2020, 2, 9)]) == [date(2020, 2, 9)], "its run key keeps it from running twice"
    assert due(date(2020, 2, 29), [date(2020, 1, 1)])[0] == date(2020, 2, 16)


def test_daily_refreshes_wait_for_each_other(definitions):
    (limit,) = INSTANCE_SETTINGS["concurrency"]["runs"]["tag_concurrency_limits"]
    assert limit["limit"] == 1
    assert limit["key"] in definitions.resolve_job_def(daily_refresh.name).tags


def test_a_file_that_comes_while_its_day_is_run_waits_for_that_run(drop, definitions):
    put(drop, "pings/2020-02-09/a.csv")
    first, cursor, _ = tick(drop)
    put(drop, "pings/2020-02-09/b.csv")
    second, _, _ = tick(drop, cursor)
    assert set(first) == set(second) == {"2020-02-09"}
    assert first["2020-02-09"] != second["2020-02-09"], "its own run, which the key of the first does not swallow"
    tags = definitions.resolve_job_def(daily_refresh.name).tags
    on, asked = (
        dg.DagsterRun(job_name=daily_refresh.name, tags={**tags, "dagster/partition": "2020-02-09"}) for _ in range(2)
    )
    counter = TagConcurrencyLimitsCounter(INSTANCE_SETTINGS["concurrency"]["runs"]["tag_concurrency_limits"], [on])
    assert counter.is_blocked(asked)


def test_the_daily_job_holds_every_asset_but_the_evaluation(definitions):
    job = definitions.resolve_job_def(daily_refresh.name)
    chosen = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert set(KINDS) <= chosen
    assert {"marts/recovery_daily", "forecast_dates", "report", "sites", "calendar"} <= chosen
    assert not any("truth" in name for name in chosen if "/" not in name)
    assert DAILY.has_partition_key(date(2020, 2, 9).isoformat())


def test_sources_are_tried_again_and_inference_never_is(definitions):
    policies = {
        key.to_user_string(): asset.op.retry_policy
        for asset in definitions.resolve_asset_graph().assets_defs
        if asset.is_executable
        for key in asset.keys
    }
    for kind in KINDS:
        assert policies[kind].max_retries == 3, kind
        assert policies[kind].backoff == dg.Backoff.EXPONENTIAL
    assert [name for name, policy in policies.items() if policy and name not in KINDS] == []


def test_networks_share_the_gpu_pool_and_nothing_else_waits_for_it(definitions):
    pools = {
        key.to_user_string(): asset.op.pool
        for asset in definitions.resolve_asset_graph().assets_defs
        if asset.is_executable
        for key in asset.keys
    }
    assert {name for name, pool in pools.items() if pool == "gpu"} == {
        "post_labels", "lot_counts", "solar_polygons", "steel_observations", "solar_network",
    }  # fmt: skip
    assert {pool for pool in pools.values()} == {"gpu", None}


def test_a_source_that_ends_ends_the_partitions_and_stops_the_schedule(tmp_path):
    """In a process of its own: partitions are defined once, when definitions are imported."""
    (tmp_path / "config.yaml").write_text("last_day: 2020-03-15\n")
    code = """
from datetime import datetime
from zoneinfo import ZoneInfo
import dagster as dg
from solarnet_assets.defs.automation import daily_schedule
from solarnet_assets.defs.partitions import DAILY
def tick(day):
    moment = datetime(2020, 3, day, 6, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    with dg.instance_for_test() as instance:
        told = daily_schedule(dg.build_schedule_context(instance, moment))
    return told[0].partition_key if isinstance(told, list) else told.skip_message
print(DAILY.get_last_partition_key(), tick(16), tick(17), sep="|")
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "SOLARNET_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ("2020-03-15|2020-03-15|2020-03-16 lies after the last day of the configuration")
