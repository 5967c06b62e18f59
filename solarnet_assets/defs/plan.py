"""Which partitions of which assets a range of days needs, and in which order they can run.

Read from the assets' own dependencies and partition mappings, so that a command and a backfill in
the UI agree. A mapping may be wider than what an asset reads (the last complete September-December
lies anywhere within 486 days): :data:`NARROWER` names the exact days inside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from graphlib import TopologicalSorter
from types import MappingProxyType

import dagster as dg

CHUNK_DAYS = 93
"""Longest range of one task: long enough that starting a run costs little, short enough to see progress."""

TAIL = frozenset({"warehouse", "nowcast", "reports"})
"""Groups that run together at the end: SQL, forecast on top of it, SQL on top of the forecast."""

FOLLOWS = MappingProxyType({"solarnet/days": "of-inputs"})
"""Tag of an asset that runs on every day that one of its inputs runs on, before all that reads it."""

Span = tuple[date | None, date | None]
Narrower = Mapping[tuple[str, str], Callable[[date], Iterable[date]]]
Since = Mapping[str, date]
"""First day that each asset can hold anything of; an asset that is not named can on any day."""


@dataclass(frozen=True)
class Task:
    """Assets that run in one go over a range of days (None: assets without partitions).

    Attributes:
        label: what people read.
        assets: keys, in no particular order; Dagster orders them.
        start, end: range of partitions, both included.
        after: labels of the tasks that must be done first.
    """

    label: str
    assets: tuple[str, ...]
    start: date | None
    end: date | None
    after: frozenset[str]

    @property
    def days(self) -> int:
        """Number of partitions of each asset."""
        return 1 if self.start is None or self.end is None else (self.end - self.start).days + 1


def needed_days(
    specs: Mapping[str, dg.AssetSpec], start: date, end: date, narrower: Narrower, since: Since = MappingProxyType({})
) -> dict[str, set[date]]:
    """Return, for every daily asset, the days that [start, end] of all assets leads back to.

    Marts and forecasts run for the asked days alone and read whatever earlier days they find.
    """
    span = set(_span(start, end))
    needed = {name: set(span) for name, spec in specs.items() if spec.partitions_def is not None}
    for name in reversed(_in_order(_upstream(specs))):
        for dep in specs[name].deps if name in needed else ():
            upstream = dep.asset_key.to_user_string()
            if upstream in needed and specs[upstream].group_name not in TAIL:
                wanted = _mapped(needed[name], dep, narrower.get((name, upstream)))
                needed[upstream] |= {day for day in wanted if day >= since.get(upstream, date.min)}
    for name in needed:
        if FOLLOWS.items() <= specs[name].tags.items():
            needed[name] |= {day for other in _upstream(specs)[name] for day in needed.get(other, ())}
    return needed


def plan(
    specs: Mapping[str, dg.AssetSpec], start: date, end: date, narrower: Narrower, since: Since = MappingProxyType({})
) -> list[Task]:
    """Return the tasks for [start, end], each after what it needs."""
    needed = needed_days(specs, start, end, narrower, since)
    pieces: dict[str, tuple[list[str], date | None, date | None]] = {}
    for name in _in_order(_upstream(specs)):
        for first, last in _pieces(specs[name], needed.get(name), (start, end)):
            label = _joined(specs, name, (first, last), pieces) or _label(name, specs[name], first, last)
            pieces.setdefault(label, ([], first, last))[0].append(name)
    tasks = []
    for label, (names, first, last) in pieces.items():
        reads = _reads(specs, names, (first, last), narrower)
        after = {other for other, (held, *days) in pieces.items() if other != label and _holds(held, days, reads)}
        tasks.append(Task(label, tuple(names), first, last, frozenset(after)))
    return _sorted(tasks)


def _reads(
    specs: Mapping[str, dg.AssetSpec], names: Sequence[str], days: Span, narrower: Narrower
) -> dict[str, list[date] | None]:
    """Return what assets read on their days: input -> its days in order, or None: all there are."""
    reads: dict[str, set[date] | None] = {}
    for name in names:
        for dep in specs[name].deps:
            other = dep.asset_key.to_user_string()
            told = reads.get(other, set())
            if other not in specs or told is None:
                continue
            if days[0] is None or days[1] is None or FOLLOWS.items() <= specs[other].tags.items():
                reads[other] = None
            else:
                wanted = _mapped(set(_span(days[0], days[1])), dep, narrower.get((name, other)))
                reads[other] = told | wanted
    return {other: None if wanted is None else sorted(wanted) for other, wanted in reads.items()}


def _holds(names: Sequence[str], days: Sequence[date | None], reads: Mapping[str, list[date] | None]) -> bool:
    """Whether a piece of some assets holds a day that is read."""
    first, last = days
    for name in names:
        if name in reads:
            wanted = reads[name]
            if wanted is None or first is None or last is None:
                return True
            place = bisect_left(wanted, first)
            if place < len(wanted) and wanted[place] <= last:
                return True
    return False


def _joined(
    specs: Mapping[str, dg.AssetSpec],
    name: str,
    days: Span,
    pieces: Mapping[str, tuple[list[str], date | None, date | None]],
) -> str | None:
    """Return the piece that an asset can run in right after what it reads: same days, nothing else needed by day."""
    if specs[name].group_name in TAIL or days[0] is None:
        return None
    daily = [d for d in specs[name].deps if _is_daily(specs, d)]
    if not daily or any(dep.partition_mapping is not None for dep in daily):
        return None
    reads = {dep.asset_key.to_user_string() for dep in daily}
    return next(
        (label for label, (names, *held) in pieces.items() if reads <= set(names) and tuple(held) == days), None
    )


def _is_daily(specs: Mapping[str, dg.AssetSpec], dep: dg.AssetDep) -> bool:
    spec = specs.get(dep.asset_key.to_user_string())
    return spec is not None and spec.partitions_def is not None


def _pieces(
    spec: dg.AssetSpec, days: set[date] | None, asked: tuple[date, date]
) -> Sequence[tuple[date, date] | tuple[None, None]]:
    """Return the ranges that an asset runs in: the tail as one, the others in chunks."""
    if spec.group_name in TAIL:
        return [asked]
    return _ranges(days) if days is not None else [(None, None)]


def _label(name: str, spec: dg.AssetSpec, first: date | None, last: date | None) -> str:
    what = "warehouse, forecast, report" if spec.group_name in TAIL else name
    return f"{what} {first:%Y-%m-%d}..{last:%Y-%m-%d}" if first and last else what


def _upstream(specs: Mapping[str, dg.AssetSpec]) -> dict[str, set[str]]:
    return {name: {d.asset_key.to_user_string() for d in spec.deps} & set(specs) for name, spec in specs.items()}


def _in_order(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return what comes first first; the same order in every process, whatever its hashes of strings."""
    return list(TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)}).static_order())


def _mapped(days: set[date], dep: dg.AssetDep, narrower: Callable[[date], Iterable[date]] | None) -> set[date]:
    mapping = dep.partition_mapping
    if narrower:
        return {wanted for day in days for wanted in narrower(day)}
    if isinstance(mapping, dg.TimeWindowPartitionMapping):
        before, after = timedelta(days=mapping.start_offset), timedelta(days=mapping.end_offset)
        return {day for first, last in _ranges(days) for day in _span(first + before, last + after)}
    if isinstance(mapping, dg.SpecificPartitionsPartitionMapping):
        return {date.fromisoformat(key) for key in mapping.partition_keys}
    return set(days)


def _span(start: date, end: date) -> list[date]:
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def _ranges(days: set[date]) -> list[tuple[date, date]]:
    """Return contiguous ranges, none longer than :data:`CHUNK_DAYS`."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and (day - found[-1][1]).days == 1 and (day - found[-1][0]).days < CHUNK_DAYS:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _sorted(tasks: list[Task]) -> list[Task]:
    """Return tasks with those first that most work waits for; each still comes after what it needs."""
    by_label = {task.label: task for task in tasks}
    order = _in_order({task.label: task.after for task in tasks})
    waiting = {label: by_label[label].days * len(by_label[label].assets) for label in order}
    for label in reversed(order):
        for other in by_label[label].after:
            own = by_label[other].days * len(by_label[other].assets)
            waiting[other] = max(waiting[other], own + waiting[label])
    place = {label: number for number, label in enumerate(order)}
    return sorted(tasks, key=lambda task: (-waiting[task.label], place[task.label]))
