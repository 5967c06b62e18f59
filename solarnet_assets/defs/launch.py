"""Runs a plan from the command line, on the same definitions and the same Dagster instance as the UI."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import date
from multiprocessing import get_context
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from solarnet_assets.defs.build import build_definitions
from solarnet_assets.defs.plan import Task, plan
from solarnet_assets.defs.windows import NARROWER
from solarnet_assets.landing import BadInputError

WORKERS = 2
ONE_THREAD_EACH = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "GDAL_NUM_THREADS": "1"}
"""Two workers on two cores: libraries that start a thread per core in each would only get in each other's way."""

Report = Callable[[Task, bool], None]
"""Called with a task when it starts (False) and when it is done (True)."""


class RunFailedError(RuntimeError):
    """A task failed; the message is one paragraph that names it and the cause."""


def plan_days(start: date, end: date) -> list[Task]:
    """Return what [start, end] of all assets needs."""
    definitions = build_definitions()
    made = definitions.resolve_asset_graph().materializable_asset_keys
    specs = {s.key.to_user_string(): s for s in definitions.resolve_all_asset_specs() if s.key in made}
    return plan(specs, start, end, NARROWER)


def launch(tasks: Iterable[Task], report: Report) -> None:
    """Run tasks in two worker processes, each task when everything before it is done.

    Raises:
        RunFailedError: a task failed; those that do not depend on it have been finished.
    """
    todo, done = {task.label: task for task in tasks}, set[str]()
    failures: list[str] = []
    os.environ.update(ONE_THREAD_EACH)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=_start_worker) as pool:
        running: dict[Future[str | None], Task] = {}
        while True:
            ready = [t for t in todo.values() if t.after <= done]
            for task in ready[: WORKERS - len(running)]:
                del todo[task.label]
                report(task, False)
                running[pool.submit(_run, task)] = task
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                reason = future.result()
                report(task, True)
                failures += [f"{task.label}: {reason}"] if reason else []
                done |= set() if reason else {task.label}
    if failures:
        left = f" {len(todo)} tasks that depend on it were not started." if todo else ""
        raise RunFailedError(f"{failures[0]}{left}")


def _start_worker() -> None:
    """Make the worker end with the command that started it, even when that is killed."""
    parent = os.getppid()

    def _watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=_watch, daemon=True).start()


_loaded: dict[str, Any] = {}


def _run(task: Task) -> str | None:
    """Run one task in this worker; return why it failed, or None."""
    if not _loaded:
        _loaded["job"] = build_definitions().resolve_implicit_global_asset_job_def()
        _loaded["instance"] = dg.DagsterInstance.get()
    days = {}
    if task.start and task.end:
        days = {ASSET_PARTITION_RANGE_START_TAG: f"{task.start}", ASSET_PARTITION_RANGE_END_TAG: f"{task.end}"}
    try:
        result = _loaded["job"].execute_in_process(
            instance=_loaded["instance"],
            asset_selection=[dg.AssetKey.from_user_string(name) for name in task.assets],
            tags={**days, "solarnet/task": task.label.replace(" ", "_").replace(",", "")[:63]},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    except (dg.DagsterError, BadInputError, OSError) as error:
        return str(error)
    return None if result.success else _cause(result)


def _cause(result: dg.ExecuteInProcessResult) -> str:
    """Return the innermost message of the first failed step."""
    for found in result.all_events:
        if found.is_step_failure:
            error = found.step_failure_data.error
            while error and error.cause:
                error = error.cause
            return f"{found.step_key}: {error.message.strip() if error else 'failed'}"
    return "failed before its first step"
