"""What a refresh has to do: which models, as a whole or which days of them.

Three things make rows out of date, and each is seen by itself, so that any history of refreshes ends where one rebuild
does: a daily partition of the lake whose file changed since the last refresh (days that follow from it by ``lookback``
and ``lookahead``, adding up along the graph); a SQL file, seed, setting or undated lake table that changed (its models
and all that read them are made anew as a whole: their fingerprint says so); and the window that the caller names.
Days of models that this refresh was not asked to make are remembered as pending.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from solarnet_assets.sql.columns import lake_frame
from solarnet_assets.sql.models import Project, is_daily_input
from solarnet_assets.storage.lake import TABLE, Lake
from solarnet_assets.storage.schemas import UNPARTITIONED

Days = Mapping[str, Collection[date]]
"""Table -> days."""

Stamps = dict[tuple[str, date], str]
"""(Lake asset, day) -> what tells one version of the partition's file from another."""


@dataclass(frozen=True, order=True)
class Span:
    """Days [start, end] of a model's partition column."""

    start: date
    end: date

    @property
    def days(self) -> set[date]:
        """Every day of the span."""
        return {self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)}


@dataclass(frozen=True)
class Plan:
    """What to make, in order (None: the whole of it), and the days of other models that stay out of date."""

    todo: dict[str, tuple[Span, ...] | None]
    pending: dict[str, set[date]]


def plan(
    project: Project,
    selected: Collection[str],
    current: Collection[str],
    changed: Days,
    pending: Days,
    window: Span | None,
) -> Plan:
    """Decide what to make.

    Args:
        project: the SQL files.
        selected: models that are asked for; made for the window even where nothing changed.
        current: models whose table is there and has the fingerprint of today's files.
        changed: days of ``lake.<asset>`` whose partition changed since the last refresh.
        pending: days of models that earlier refreshes left out of date.
        window: lake days that the caller wants to be looked at again; None: none.
    """
    wanted = set(selected)
    needed = project.ancestors(wanted | {t for c in project.checks if c.asset in wanted for t in c.depends})
    daily = {name for model in project.models for name in model.depends if is_daily_input(name)}
    asked = _out_of_date(project, dict.fromkeys(daily, window.days if window else set()), {})
    stale = _out_of_date(project, changed, pending)
    whole = _made_whole(project)
    todo: dict[str, tuple[Span, ...] | None] = {}
    for table in (model.table for model in project.models if model.table in needed):
        days = stale[table] | (asked[table] if table in wanted else set())
        if table not in current or (table in whole and (days or table in wanted)):
            todo[table] = None
        elif days:
            todo[table] = spans(days)
    return Plan(todo, {table: days for table, days in stale.items() if days and table not in todo})


def spans(days: Iterable[date]) -> tuple[Span, ...]:
    """Return days as the fewest contiguous spans, in order."""
    found: list[Span] = []
    for day in sorted(days):
        if found and day - found[-1].end == timedelta(days=1):
            found[-1] = Span(found[-1].start, day)
        else:
            found.append(Span(day, day))
    return tuple(found)


def _out_of_date(project: Project, changed: Days, pending: Days) -> dict[str, set[date]]:
    """Return the days of every model that follow from changed lake days or were pending."""
    found: dict[str, set[date]] = {}
    for model in project.models:
        days = set(pending.get(model.table, ()))
        for name in model.depends:
            incoming = found.get(name, changed.get(name, ()))
            shifts = range(-model.lookback, model.lookahead + 1)
            days |= {day + timedelta(days=shift) for day in incoming for shift in shifts}
        found[model.table] = days
    return found


def _made_whole(project: Project) -> set[str]:
    """Return models that any change makes anew: those without days, and those that read such a one of daily input."""
    daily: set[str] = set()
    whole: set[str] = set()
    for model in project.models:
        if any(is_daily_input(name) or name in daily for name in model.depends):
            daily.add(model.table)
        if model.partition is None or any(name in whole and name in daily for name in model.depends):
            whole.add(model.table)
    return whole


def stamps(lake: Lake, assets: Iterable[str]) -> Stamps:
    """Return a stamp of every daily partition of lake assets: size and time of the file, or what the store tells."""
    found: Stamps = {}
    for asset in assets:
        if asset not in UNPARTITIONED:
            found |= {(asset, day): stamp for day, stamp in _stamps(lake, asset)}
    return found


def changed_days(before: Stamps, now: Stamps) -> dict[str, set[date]]:
    """Return ``lake.<asset>`` -> days that came, went or got another stamp."""
    changed: dict[str, set[date]] = {}
    for asset, day in {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}:
        changed.setdefault(f"lake.{asset}", set()).add(day)
    return changed


def _stamps(lake: Lake, asset: str) -> list[tuple[date, str]]:
    root = lake.root / asset
    if root.protocol in ("", "file"):
        files = {path.parent.name: path.stat() for path in Path(str(root)).glob(f"day=*/{TABLE}")}
        return [(_day(name), f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}") for name, stat in files.items()]
    listed = root.fs.glob(f"{root.path}/day=*/{TABLE}", detail=True)
    told = ("size", "ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
    return [
        (_day(name.rsplit("/", 2)[1]), ":".join(str(info[key]) for key in told if info.get(key)))
        for name, info in listed.items()
    ]


def _day(folder: str) -> date:
    return date.fromisoformat(folder.removeprefix("day="))


def fingerprints(project: Project, lake: Lake, settings: Mapping[str, str]) -> dict[str, str]:
    """Return a digest per model of everything but the daily partitions that its rows follow from."""
    known = {f"seeds.{name}": _digest(path.read_bytes()) for name, path in project.seeds.items()}
    if "seeds.settings" in known:
        known["seeds.settings"] = _digest(known["seeds.settings"].encode(), repr(sorted(settings.items())).encode())
    for asset in project.lake_assets(model.table for model in project.models):
        known[f"lake.{asset}"] = _lake_digest(lake, asset)
    for model in project.models:
        known[model.table] = _digest(model.sql.encode(), *(known[name].encode() for name in model.depends))
    return {model.table: known[model.table] for model in project.models}


def _lake_digest(lake: Lake, asset: str) -> str:
    schema = repr(lake_frame(asset).schema).encode()
    if asset not in UNPARTITIONED:
        return _digest(schema)
    table = lake.folder(asset, None) / TABLE
    return _digest(schema, table.read_bytes() if table.exists() else b"")


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
