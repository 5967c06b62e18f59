"""Runs a plan from the command line, on the same definitions and the same Dagster instance as the UI."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from multiprocessing import get_context
from multiprocessing.util import Finalize
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from solarnet_assets.config import load_config
from solarnet_assets.defs.build import build_definitions
from solarnet_assets.defs.plan import Task, plan
from solarnet_assets.defs.reach import check_span, first_days
from solarnet_assets.defs.windows import NARROWER

WORKERS = 2
HEARTBEAT_SECONDS = 0.5
BY_COMMAND = {"solarnet/started_by": "command"}
ONE_THREAD_EACH = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "GDAL_NUM_THREADS": "1"}
"""Two workers on two cores: libraries that start a thread per core in each would only get in each other's way."""

OWN_ERROR = re.compile(r"solarnet_assets\.[\w.]+Error: ")
"""Their messages are whole sentences; other errors keep their name."""

FULL_DISK = ("No space left on device", "disk is full", "Disk quota exceeded", "File too large")
"""What the system and SQLite say of it."""

Report = Callable[[Task, bool], None]
"""Called with a task when it starts (False) and when it is done (True)."""


class RunFailedError(RuntimeError):
    """A task failed; the message is one paragraph that names it and the cause."""


def plan_days(start: date, end: date, *, alone: bool = False) -> list[Task]:
    """Return what [start, end] of all assets needs.

    Args:
        start: first day.
        end: last day.
        alone: make nothing before ``start``: the days that figures look back on are there already.

    Raises:
        BadInputError: the range leaves the partitions, or a source cannot be used.
    """
    check_span(start, end)
    definitions = build_definitions()
    made = definitions.resolve_asset_graph().materializable_asset_keys
    daily = [s for s in definitions.resolve_all_asset_specs() if s.key in made and s.group_name != "models"]
    specs = {s.key.to_user_string(): s for s in daily}
    since = dict.fromkeys(specs, start) if alone else first_days(specs, load_config())
    return plan(specs, start, end, NARROWER, since)


def launch(tasks: Iterable[Task], report: Report) -> None:
    """Run tasks in two worker processes, each task when everything before it is done.

    Raises:
        RunFailedError: a task failed; those that do not depend on it have been finished.
    """
    todo, done = {task.label: task for task in tasks}, set[str]()
    failures: list[str] = []
    os.environ.update(ONE_THREAD_EACH)
    _bury_dead_runs()
    with ProcessPoolExecutor(
        WORKERS, mp_context=get_context("spawn"), initializer=_end_with, initargs=(os.getpid(),)
    ) as pool:
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
                reason = _outcome(future)
                report(task, True)
                failures += [_named(task.label, reason)] if reason else []
                done |= set() if reason else {task.label}
    if failures:
        left = f"; tasks that wait for it and were not started: {len(todo)}" if todo else ""
        raise RunFailedError(f"{failures[0]}{left}")


def _bury_dead_runs() -> None:
    """Fail the runs that a killed command left behind, and free the pool slots that they hold forever.

    The caller holds :func:`~solarnet_assets.home.only_command`, so none is alive once their workers have ended.
    """
    unfinished = [s for s in dg.DagsterRunStatus if s not in FINISHED_STATUSES]
    left = dg.RunsFilter(tags=BY_COMMAND, statuses=unfinished)
    with dg.DagsterInstance.get() as instance:
        if not instance.get_runs(left):
            return
        time.sleep(2 * HEARTBEAT_SECONDS)
        for run in instance.get_runs(left):
            instance.report_run_failed(run, "The command that started this run was killed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _end_with(parent: int) -> None:
    """Make this worker end with the command that started it, even when that is killed."""

    def _watch() -> None:
        while os.getppid() == parent:
            time.sleep(HEARTBEAT_SECONDS)
        os._exit(1)

    threading.Thread(target=_watch, daemon=True).start()


_loaded: dict[str, Any] = {}


def _run(task: Task) -> str | None:
    """Run one task in this worker; return why it failed, or None."""
    if not _loaded:
        _loaded["job"] = build_definitions().resolve_implicit_global_asset_job_def()
        _loaded["instance"] = dg.DagsterInstance.get()
        Finalize(None, _loaded["instance"].dispose, exitpriority=1)  # SQLite folds a log of 4 MB a run into its file
    days = {}
    if task.start and task.end:
        days = {ASSET_PARTITION_RANGE_START_TAG: f"{task.start}", ASSET_PARTITION_RANGE_END_TAG: f"{task.end}"}
    try:
        result = _loaded["job"].execute_in_process(
            instance=_loaded["instance"],
            asset_selection=[dg.AssetKey.from_user_string(name) for name in task.assets],
            tags={**days, **BY_COMMAND, "solarnet/task": task.label.replace(" ", "_").replace(",", "")[:63]},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    except Exception as error:  # whatever it is, the person at the command reads one paragraph
        return f"{type(error).__name__}: {error}"
    return None if result.success else _cause(result)


def _outcome(future: Future[str | None]) -> str | None:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise RunFailedError(
            "a worker process ended in the middle of its task; perhaps the system killed it for want of memory. "
            "What is finished is kept: run the same command again"
        ) from error
    except Exception as error:  # a worker that could not even load the definitions
        return f"{type(error).__name__}: {error}"


def _named(label: str, reason: str) -> str:
    """Return a reason behind the name of its task, without naming the asset once more."""
    asset = label.split(" ")[0].rstrip(",")
    while reason.startswith(f"{asset}: "):
        reason = reason.removeprefix(f"{asset}: ")
    return f"{label}: {_told(reason)}"


def _told(reason: str) -> str:
    """Return what to do where a disk is full; other reasons as they are."""
    if not any(words in reason for words in FULL_DISK):
        return reason
    home = load_config().home
    free = shutil.disk_usage(home).free // 1_000_000
    return (
        f"the disk is full ({home} has {free} MB left; a refresh needs room for a second warehouse). What is finished "
        f"is kept: make room and run the same command again ({reason.partition(' (Background on')[0]})"
    )


def _cause(result: dg.ExecuteInProcessResult) -> str:
    """Return why the first failed step failed: our own sentence where there is one, else the innermost message."""
    for found in result.all_events:
        if found.is_step_failure:
            error = found.step_failure_data.error
            chain = [error] if error else []
            while chain and chain[-1].cause:
                chain.append(chain[-1].cause)
            messages = [one.message.strip() for one in chain] or ["failed"]
            own = [OWN_ERROR.sub("", text, count=1) for text in messages if OWN_ERROR.match(text)]
            return f"{found.step_key}: {(own or messages)[-1]}"
    return "failed before its first step"
