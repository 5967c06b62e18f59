"""How a daily asset runs: day by day over one partition or a range, with metadata and checks for each day.

A range of days is one step (a step costs a process), yet every day stays a partition of its own:
its own file, its own metadata, its own check results.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.config import KINDS
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.landing import Landing
from solarnet_assets.storage.lake import Counts, Lake
from solarnet_assets.storage.schemas import SCHEMAS

OWNERS = ["team:solarnet"]
COUNTS = "counts_add_up"
PREVIEW_ROWS = 5
HIDDEN_COLUMNS = frozenset(
    {"device", "user", "post", "text", "lat", "lon", "home_lat", "home_lon", "work_lat", "work_lon"}
)
"""Never shown in a preview: personal data does not leave the lake."""

MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "[": "&#91;", "`": "&#96;", "\n": " ", "\r": " "}
"""What a Markdown table or a browser would read as more than text."""


@dataclass(frozen=True)
class Day:
    """What one day's work produced.

    Attributes:
        content: the table, or a landing with what was refused; an iterator of either where a day may be larger than
            memory.
        metadata: more to show for this partition; read after the content has been written.
    """

    content: Landing | pl.DataFrame | Iterator[Landing] | Iterator[pl.DataFrame]
    metadata: Mapping[str, Any] = field(default_factory=dict)


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
            counts = _write(lake, asset, day, done.content)
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


def table_metadata(asset: str) -> dict[str, Any]:
    """Return the column view of a lake asset for its definition."""
    columns = [
        dg.TableColumn(name, type=str(column.dtype), description=column.description)
        for name, column in SCHEMAS[asset].columns().items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "dagster/table_name": f"lake.{asset}"}


def preview(frame: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """Return the first rows as a Markdown table, without personal columns; text that strangers wrote stays text."""
    shown = frame.drop(HIDDEN_COLUMNS & set(frame.columns)).head(PREVIEW_ROWS)
    shown = shown.with_columns(pl.col(pl.String).str.replace_many(MARKUP))
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        float_precision=2,
        tbl_cols=12,
        fmt_str_lengths=40,
    ):
        return dg.MetadataValue.md(str(shown))


def _write(lake: Lake, asset: str, day: date, content: Any) -> Counts:
    if isinstance(content, (Landing, pl.DataFrame)):
        return lake.write(asset, day, content)
    return lake.write_stream(asset, day, content)


def _summary(lake: Lake, asset: str, day: date, content: Any, counts: Counts) -> dict[str, Any]:
    """Describe what was written; what came in parts is read back, since nothing kept it."""
    frame = content.frame if isinstance(content, Landing) else content
    if not isinstance(frame, pl.DataFrame):
        frame = lake.scan(asset, day, day).drop("day").head(PREVIEW_ROWS).collect()
    shown: dict[str, Any] = {"dagster/partition_row_count": counts.n_out, "preview": preview(frame)}
    if asset in KINDS:
        shown |= {"records_in": counts.n_in, "quarantined": counts.n_quarantined}
    if counts.n_quarantined:
        shown["quarantine"] = dg.MetadataValue.md(_reasons(lake.rejects(asset, day)))
    return shown


def _reasons(rejects: pl.DataFrame) -> str:
    """Return refused records as readable lines, one per reason and file.

    Names and reasons may quote hostile input: as code they are neither Markdown nor HTML.
    """
    grouped = rejects.group_by("file", "reason", maintain_order=True).agg(pl.col("records").sum(), pl.col("row").min())
    lines = [
        f"- {_code(r['file'])}{_place(r['row'], r['records'])}: {_code(r['reason'])}"
        for r in grouped.head(20).iter_rows(named=True)
    ]
    more = grouped.height - len(lines)
    return "\n".join(lines + ([f"- and {more} more"] if more > 0 else []))


def _place(row: int | None, records: int) -> str:
    first = "" if row is None else f", row {row}" if records == 1 else f", from row {row}"
    return first if records == 1 else f"{first}, {records} records"


def _code(text: str) -> str:
    """Return text as one Markdown code span: nothing in it is read as markup, and nothing invisible is kept."""
    plain = "".join(c if c.isprintable() else " " for c in text.replace("`", "'"))
    return f"`{' '.join(plain.split()) or '?'}`"


def _evaluate_counts(asset: str, key: str, counts: Counts) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=COUNTS,
        passed=counts.balanced,
        partition=key,
        blocking=True,
        metadata={"in": counts.n_in, "out": counts.n_out, "quarantined": counts.n_quarantined},
    )
