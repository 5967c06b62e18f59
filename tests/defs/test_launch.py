from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import dagster as dg
import pytest

import solarnet_assets.defs.launch as launch_module
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
