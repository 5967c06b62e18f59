"""When things run: the daily schedule, the sensor on drop folders, and how steps are executed."""

import hashlib
import json
from collections import defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg

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
    sources = config.sources or {}
    return {kind: FileSource(s.path, s.first_day) for kind, s in sources.items() if s.type == "files" and s.path}


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


JOBS = [daily_refresh]
SCHEDULES = [daily_schedule]
SENSORS = [raw_files_sensor]
EXECUTOR = dg.multiprocess_executor.configured({"max_concurrent": 2})
