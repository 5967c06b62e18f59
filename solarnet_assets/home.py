"""The home: one folder that holds the configuration, everything that is produced, and Dagster's own state."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from solarnet_assets.config import Config, save_config
from solarnet_assets.landing import BadInputError

GPUS = len(list(Path("/dev").glob("nvidia[0-9]*")))
STEPS_AT_ONCE_WITHOUT_GPU = 2

INSTANCE_SETTINGS: dict[str, Any] = {
    "event_log_storage": {"module": "solarnet_assets.defs.event_log", "class": "KeptSqliteEventLog", "config": {}},
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "concurrency": {
        "pools": {"granularity": "op", "default_limit": GPUS or STEPS_AT_ONCE_WITHOUT_GPU},
        "runs": {"tag_concurrency_limits": [{"key": "solarnet/one_at_a_time", "limit": 1}]},
    },
    "run_monitoring": {"enabled": True, "free_slots_after_run_end_seconds": 300},
    "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
    "retention": {"schedule": {"purge_after_days": 30}, "sensor": {"purge_after_days": {"skipped": 7}}},
}
"""Written to ``dagster.yaml`` of a new home: a step of the pool for each GPU, no pool blocked by a dead run, daily
refreshes one after the other."""


@contextmanager
def only_command(home: Path) -> Iterator[None]:
    """Hold a home for one command at a time, its configuration included; the lock falls with its process.

    Raises:
        BadInputError: another command works on the home, or the home's path holds signs of a pattern.
    """
    _check_name(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "command.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInputError(
                f"another solarnet command is at work on {home}; wait for it or name another home"
            ) from error
        yield


def _check_name(home: Path) -> None:
    if set("*?[") & set(str(home)):  # Dagster would not find its settings, and count and report by default
        raise BadInputError(f"the home {home} has one of * ? [ in its path, where Dagster finds no settings")


def prepare_home(config: Config) -> Path:
    """Keep the configuration in its home, set up Dagster's folder there, and point this process at both.

    Definitions read the configuration when they are imported, so this comes first. Dagster's databases are made
    beside their place and moved in: a kill on the way, or two processes at once, leave a whole folder.

    Returns:
        Dagster's folder.

    Raises:
        BadInputError: the home's path holds signs of a pattern.
    """
    _check_name(config.home)
    save_config(config)
    folder = config.home / "dagster"
    if not folder.exists():
        draft = config.home / f".dagster.{uuid.uuid4().hex}"
        draft.mkdir(parents=True)
        (draft / "dagster.yaml").write_text(yaml.safe_dump(INSTANCE_SETTINGS, sort_keys=False))
        _create_databases(draft)
        try:
            draft.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(draft)  # another process was faster
    os.environ.update(DAGSTER_HOME=str(folder), SOLARNET_HOME=str(config.home))
    os.environ.pop("SOLARNET_CONFIG", None)
    return folder


def _create_databases(folder: Path) -> None:
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(folder)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        instance.get_runs_count()
