from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import dagster as dg
import pytest

import solarnet_assets.defs.launch as launch_module
from solarnet_assets.config import load_config
from solarnet_assets.defs.launch import RunFailedError, _outcome


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
