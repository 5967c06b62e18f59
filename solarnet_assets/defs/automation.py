"""When things run: the daily schedule, the sensor on drop folders, and how steps are executed."""

import hashlib
import json
from collections import defaultdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from solarnet_assets.collecting import collect_posts
from solarnet_assets.config import Config
from solarnet_assets.defs.partitions import DAILY, ZONE
from solarnet_assets.defs.resources import Project
from solarnet_assets.sources.files import FileSource
from solarnet_assets.sources.watch import Seen, arrivals

FILES_PER_TICK = 500
"""A tick has 60 seconds; what is left waits for the next one."""

daily_refresh = dg.define_asset_job(
    "daily_refresh",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("evaluation", "models"),
    description="Everything of one day: raw files, inference, warehouse, forecast and report.",
)


@dg.schedule(job=daily_refresh, name="daily_refresh_schedule", cron_schedule="30 6 * * *", execution_timezone=ZONE)
def daily_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Run yesterday, as days are counted where the data are from."""
    yesterday = context.scheduled_execution_time.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=1)
    if not DAILY.has_partition_key(f"{yesterday}"):
        return dg.SkipReason(f"{yesterday} lies after the last day of the configuration")
    return dg.RunRequest(run_key=f"{yesterday}", partition_key=f"{yesterday}")


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
    for kind, source in drop_folders(project.config).items():
        for arrival in arrivals(source.base, source.paths(), cursor.get(kind, Seen(0, "")), FILES_PER_TICK):
            cursor[kind] = arrival.seen
            if arrival.day is not None and DAILY.has_partition_key(arrival.day.isoformat()):
                versions[arrival.day.isoformat()].append(f"{kind}/{arrival.seen.name}@{arrival.seen.changed}")
    requests = [
        dg.RunRequest(
            run_key=f"{day}:{hashlib.sha256(chr(10).join(names).encode()).hexdigest()[:16]}", partition_key=day
        )
        for day, names in sorted(versions.items())
    ]
    return dg.SensorResult(
        run_requests=requests,
        cursor=json.dumps({kind: [seen.changed, seen.name] for kind, seen in cursor.items()}),
        skip_reason=None if requests else "no new files in the drop folders",
    )


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


@dg.schedule(job=collect_live_posts, name="collect_live_posts_schedule", cron_schedule="10 * * * *")
def collect_schedule(project: Project) -> dg.RunRequest | dg.SkipReason:
    """Collect every hour, where a source of type snscrape is configured."""
    source = project.config.source("posts")
    if source is None or source.type != "snscrape":
        return dg.SkipReason("no source of type snscrape is configured for posts")
    return dg.RunRequest()


JOBS: list[Any] = [daily_refresh, collect_live_posts]
SCHEDULES = [daily_schedule, collect_schedule]
SENSORS = [raw_files_sensor]
EXECUTOR = dg.multiprocess_executor.configured({"max_concurrent": 2})
