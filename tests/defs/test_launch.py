from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, date, datetime

import dagster as dg
import pytest

import solarnet_assets.defs.launch as launch_module
from solarnet_assets.config import load_config
from solarnet_assets.defs.launch import RunFailedError, _outcome, plan_days
from solarnet_assets.sources.away import SourceAwayError
from solarnet_assets.sources.polite import WaitError


def ended(error):
    future = Future()
    future.set_exception(error)
    return future


def test_a_killed_worker_is_told_in_one_sentence():
    with pytest.raises(RunFailedError, match="a worker process ended"):
        _outcome(ended(BrokenProcessPool("terminated abruptly")))


def test_a_worker_that_cannot_start_its_task_says_why():
    assert _outcome(ended(ImportError("no module x"))) == "ImportError: no module x"


def test_what_a_killed_command_left_is_failed_and_its_pool_slot_is_free(tmp_path, monkeypatch):
    (tmp_path / "dagster.yaml").write_text("concurrency: {pools: {default_limit: 1}}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(launch_module, "HEARTBEAT_SECONDS", 0.0)
    with dg.DagsterInstance.get() as instance:
        run = dg.DagsterRun(job_name="job", tags=launch_module.BY_COMMAND, status=dg.DagsterRunStatus.STARTED)
        instance.add_run(run)
        log = instance.event_log_storage
        log.set_concurrency_slots("gpu", 1)
        assert log.claim_concurrency_slot("gpu", run.run_id, "lot_counts").is_claimed
        launch_module._bury_dead_runs()
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
        assert log.claim_concurrency_slot("gpu", "another-run", "lot_counts").is_claimed


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WaitError("the site is busy: later", datetime(2020, 1, 1, tzinfo=UTC)), "broken: the site is busy: later"),
        (SourceAwayError("the share is away"), "broken: the share is away"),
        (KeyError("city"), "broken: KeyError: 'city'"),
    ],
)
def test_our_own_errors_are_whole_sentences_and_others_keep_their_name(error, told):
    @dg.asset
    def broken():
        try:
            raise error
        except ValueError as cause:
            raise dg.Failure("in other words") from cause

    with dg.DagsterInstance.ephemeral() as instance:
        assert launch_module._cause(dg.materialize([broken], instance=instance, raise_on_error=False)) == told


def test_a_reason_names_its_task_once():
    named = launch_module._named
    assert named("pings 2020-01-01..2020-01-02", "pings: pings: no") == "pings 2020-01-01..2020-01-02: no"
    assert named("warehouse, forecast, report a..b", "warehouse: no") == "warehouse, forecast, report a..b: no"
    assert named("lot_images a..b", "lot_counts: no") == "lot_images a..b: lot_counts: no"


@pytest.mark.parametrize(
    "said",
    [
        "OSError: [Errno 28] No space left on device: 'a' -> 'b'",
        "OperationalError: (sqlite3.OperationalError) database or disk is full (Background on this error at: https://x)",
    ],
)
def test_a_full_disk_is_told_with_what_to_do(said):
    load_config().home.mkdir(parents=True, exist_ok=True)
    told = launch_module._named("posts a..b", said)
    assert told.startswith("posts a..b: the disk is full (")
    assert "run the same command again" in told
    assert "Background" not in told
    assert launch_module._named("posts a..b", "no") == "posts a..b: no"


def test_days_alone_are_planned_without_what_they_look_back_on(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLARNET_HOME", str(tmp_path))
    first, last = date(2020, 3, 14), date(2020, 3, 15)
    alone, whole = plan_days(first, last, alone=True), plan_days(first, last)
    assert {(task.start, task.end) for task in alone} == {(None, None), (first, last)}
    assert {name for task in alone for name in task.assets} == {name for task in whole for name in task.assets}
    assert min(task.start for task in whole if task.start) < date(2019, 1, 1)
