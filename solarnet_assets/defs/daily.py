"""How a daily asset runs: day by day over one partition or a range, with metadata and checks for each day.

A range of days is one step (a step costs a process), yet every day stays a partition of its own:
its own file, its own metadata, its own check results.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast

import dagster as dg
import polars as pl

from solarnet_assets.config import KINDS
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.shown import PREVIEW_ROWS, preview, reasons
from solarnet_assets.landing import Landing
from solarnet_assets.storage.lake import Counts, Lake
from solarnet_assets.storage.states import Before

OWNERS = ["team:solarnet"]
COUNTS = "counts_add_up"


@dataclass(frozen=True)
class Day:
    """What one day's work produced.

    Attributes:
        content: the table, or a landing with what was refused; an iterator of either where a day may be larger than
            memory.
        metadata: more to show for this partition; read after the content has been written.
        before: what the day was before late files came; None: nothing came late.
    """

    content: Landing | pl.DataFrame | Iterator[Landing] | Iterator[pl.DataFrame]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    before: Before | None = None


def counts_check(asset: str) -> dg.AssetCheckSpec:
    """Return the check that every record is either in the table or in quarantine."""
    description = "Records in = records out + records quarantined, counted from the stored files."
    return daily_check(COUNTS, asset, description, blocking=True)


def daily_check(name: str, asset: str | dg.AssetKey, description: str, *, blocking: bool) -> dg.AssetCheckSpec:
    """Return a check with a result for each day; Dagster still announces partitions of checks as a preview."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, partitions_def=DAILY, blocking=blocking, description=description)


def run_days(
    context: dg.AssetExecutionContext, lake: Lake, asset: str, work: Callable[[date], Day]
) -> Iterator[dg.AssetCheckEvaluation | dg.MaterializeResult[Any] | dg.Output[None]]:
    """Run ``work`` for each day of the run and yield its events.

    Args:
        context: of the running step.
        lake: where the partitions go.
        asset: lake asset, also the asset key.
        work: pure function of the day that returns what to store.
    """
    checked = COUNTS in {spec.name for spec in context.assets_def.check_specs}
    for key in context.partition_keys:
        day = date.fromisoformat(key)
        try:
            done = work(day)
            counts = _write(lake, asset, day, done)
        except Exception as error:
            error.add_note(f"(while making {asset} of {key})")
            raise
        context.add_asset_metadata(
            {**_summary(lake, asset, day, done.content, counts), **done.metadata}, partition_key=key
        )
        if checked:
            yield _evaluate_counts(asset, key, lake.counts(asset, day))
    yield dg.MaterializeResult(asset_key=asset)
    if checked:
        yield dg.Output(None, output_name=f"{asset}_{COUNTS}")


def by_state(states: Sequence[date], made: Callable[[date], Day]) -> Day:
    """Make a day once for each state of knowledge of what it is made of: nearly always once.

    Args:
        states: days from which each state was known, the oldest first (:meth:`Lake.states`).
        made: makes the day with what was known on a day.
    """
    *earlier, newest = states
    done = made(newest)
    if not earlier:
        return done
    tables = {known: cast("pl.DataFrame | Iterator[pl.DataFrame]", made(known).content) for known in earlier}
    return replace(done, before=Before(newest, tables))


def _write(lake: Lake, asset: str, day: date, done: Day) -> Counts:
    if isinstance(done.content, (Landing, pl.DataFrame)):
        return lake.write(asset, day, done.content, before=done.before)
    return lake.write_stream(asset, day, done.content, before=done.before)


def _summary(lake: Lake, asset: str, day: date, content: Any, counts: Counts) -> dict[str, Any]:
    """Describe what was written; what came in parts is read back, since nothing kept it."""
    frame = content.frame if isinstance(content, Landing) else content
    if not isinstance(frame, pl.DataFrame):
        frame = lake.scan(asset, day, day).drop("day").head(PREVIEW_ROWS).collect()
    shown: dict[str, Any] = {"dagster/partition_row_count": counts.n_out, "preview": preview(frame)}
    if asset in KINDS:
        shown |= {"records_in": counts.n_in, "quarantined": counts.n_quarantined}
    if counts.n_quarantined:
        shown["quarantine"] = dg.MetadataValue.md(reasons(lake.rejects(asset, day)))
    return shown


def _evaluate_counts(asset: str, key: str, counts: Counts) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=COUNTS,
        passed=counts.balanced,
        partition=key,
        blocking=True,
        metadata={"in": counts.n_in, "out": counts.n_out, "quarantined": counts.n_quarantined},
    )
