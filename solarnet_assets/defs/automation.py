"""When things run: the daily schedule, the sensor on drop folders, and how steps are executed."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG, SCHEDULE_NAME_TAG

from solarnet_assets.collecting import collect_posts
from solarnet_assets.config import Config
from solarnet_assets.defs.partitions import DAILY, ZONE
from solarnet_assets.defs.resources import Project
from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.sources.arrivals import dated, made_without
from solarnet_assets.sources.away import SourceAwayError
from solarnet_assets.sources.files import FileSource
from solarnet_assets.sources.watch import Arrival, Seen, arrivals

FILES_PER_TICK = 500
"""A tick has 60 seconds; what is left waits for the next one."""

CATCH_UP_DAYS = 14
"""A schedule that was away for longer leaves the days before to a backfill."""

ONE_AT_A_TIME = {"solarnet/one_at_a_time": "daily_refresh"}
"""A day reads what the days before it wrote: ``dagster.yaml`` of a home lets one run with this tag work at a time."""

daily_refresh = dg.define_asset_job(
    "daily_refresh",
    tags=ONE_AT_A_TIME,
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("evaluation", "models"),
    description="Everything of one day: raw files, inference, warehouse, forecast and report.",
)


@dg.schedule(
    job=daily_refresh,
    name="daily_refresh_schedule",
    cron_schedule="30 6 * * *",
    execution_timezone=ZONE,
    description="Runs yesterday, and before it the days that were missed while nothing ran.",
)
def daily_schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """Run yesterday, as days are counted where the data are from, and before it the days that were missed.

    After an outage Dagster evaluates the newest tick alone, so each tick asks for every day since the newest one that
    this schedule has run.
    """
    yesterday = context.scheduled_execution_time.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
    mine = dg.RunsFilter(job_name=daily_refresh.name, tags={SCHEDULE_NAME_TAG: "daily_refresh_schedule"})
    runs = context.instance.get_runs(mine, limit=2 * CATCH_UP_DAYS)
    due = due_days(yesterday, [date.fromisoformat(run.tags[PARTITION_NAME_TAG]) for run in runs])
    days = [f"{day}" for day in due if DAILY.has_partition_key(f"{day}")]
    if not days:
        return dg.SkipReason(f"{yesterday} lies after the last day of the configuration")
    return [dg.RunRequest(run_key=day, partition_key=day) for day in days]


def due_days(yesterday: date, ran: Collection[date]) -> list[date]:
    """Return the days after the newest that has run, up to yesterday and at most 14; yesterday alone if none has."""
    missed = (yesterday - max(ran)).days if ran else 1
    return [yesterday - timedelta(days=n) for n in reversed(range(min(max(missed, 1), CATCH_UP_DAYS)))]


def drop_folders(config: Config) -> dict[str, FileSource]:
    """Return the configured folders that files are dropped into, by raw asset."""
    folders = {kind: (config.folder(kind), source) for kind, source in (config.sources or {}).items()}
    return {
        kind: FileSource(folder, source.first_day)
        for kind, (folder, source) in folders.items()
        if folder is not None and (source.type == "files" or folder.exists())
    }


@dg.sensor(job=daily_refresh, minimum_interval_seconds=60, description="Runs the days whose raw files have appeared.")
def raw_files_sensor(context: dg.SensorEvaluationContext, project: Project) -> dg.SensorResult:
    """Request one run for each day with new or changed files."""
    cursor = {kind: Seen(*seen) for kind, seen in json.loads(context.cursor or "{}").items()}
    versions: dict[str, list[str]] = defaultdict(list)
    away = []
    for kind, source in drop_folders(project.config).items():
        try:
            paths = source.paths()
        except SourceAwayError as error:  # the other folders go on
            away.append(str(error))
            continue
        for arrival in arrivals(source.base, paths, cursor.get(kind, Seen(0, "")), FILES_PER_TICK):
            cursor[kind] = arrival.seen
            for day in _days_to_run(project.config, kind, source, arrival):
                versions[f"{day}"].append(f"{kind}/{arrival.seen.name}@{arrival.seen.changed}")
    requests = [
        dg.RunRequest(
            run_key=f"{day}:{hashlib.sha256(chr(10).join(names).encode()).hexdigest()[:16]}", partition_key=day
        )
        for day, names in sorted(versions.items())
    ]
    return dg.SensorResult(
        run_requests=requests,
        cursor=json.dumps({kind: [seen.changed, seen.name] for kind, seen in cursor.items()}),
        skip_reason=None if requests else "; ".join(["no new files in the drop folders", *away]),
    )


def _days_to_run(config: Config, kind: str, source: FileSource, arrival: Arrival) -> list[date]:
    """Return a new file's day, and the as-of days that were made without it though it is told to have been there."""
    if arrival.day is None or not DAILY.has_partition_key(f"{arrival.day}"):
        return []
    wanted, newest = config.source(kind), DAILY.get_last_partition_key()
    file = RawFile(source.base / arrival.seen.name, arrival.seen.name)
    try:
        (file,) = dated([file], wanted.arrival if wanted else "declared", config.timezone)
    except (BadInputError, OSError):  # the run says what is wrong
        return [arrival.day]
    since = made_without(file, arrival.day, date.fromisoformat(newest)) if newest else []
    return sorted({arrival.day, *since})


@dg.op(description="Fetches new posts of the configured channels and users into the drop folder.")
def fetch_posts(context: dg.OpExecutionContext, project: Project) -> dg.Output[None]:
    """Run one collection; a target that fails is logged, and the run fails only where all of them do."""
    done = []
    for outcome in collect_posts(project.config):
        done.append(outcome)
        if outcome.reason:
            context.log.warning(f"{outcome.target}: {outcome.reason}")
    failed = [outcome for outcome in done if outcome.reason]
    if len(failed) == len(done):
        raise dg.Failure(f"no target could be read: {failed[0].target}: {failed[0].reason}", allow_retries=False)
    counts = {"posts": sum(outcome.posts for outcome in done), "targets": len(done), "targets_failed": len(failed)}
    return dg.Output(None, metadata={name: dg.MetadataValue.int(count) for name, count in counts.items()})


@dg.job(description="Fetches new posts; `raw_files_sensor` then runs the days that they belong to.")
def collect_live_posts() -> None:
    """Fetch new posts: no part of a partition, which is a function of the files that lie there."""
    fetch_posts()


@dg.schedule(
    job=collect_live_posts,
    name="collect_live_posts_schedule",
    cron_schedule="10 * * * *",
    description="Fetches new posts every hour, where a source of type snscrape is configured.",
)
def collect_schedule(project: Project) -> dg.RunRequest | dg.SkipReason:
    """Collect every hour, where a source of type snscrape is configured."""
    source = project.config.source("posts")
    if source is None or source.type != "snscrape":
        return dg.SkipReason("no source of type snscrape is configured for posts")
    return dg.RunRequest()


models_sensor = dg.AutomationConditionSensorDefinition(
    "sql_models_sensor",
    target=dg.AssetSelection.groups("warehouse"),
    description="Refreshes SQL models whose inputs were materialised by hand; the daily refresh makes them itself.",
)

JOBS: list[Any] = [daily_refresh, collect_live_posts]
SCHEDULES = [daily_schedule, collect_schedule]
SENSORS = [raw_files_sensor, models_sensor]
EXECUTOR = dg.multiprocess_executor.configured({"max_concurrent": 2})
