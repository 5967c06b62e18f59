"""What the UI shows of tables: columns, first rows, and why records were refused.

Belongs here: turning frames into Markdown in which text that strangers wrote stays text. No work of a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from solarnet_assets.storage.schemas import SCHEMAS

PREVIEW_ROWS = 5
PREVIEW_COLUMNS = 8
"""What fits beside the list of partitions; a wider table pushes what stands below it out of sight."""

WIDTH = 10_000
"""Characters of a line: a wrapped line is no Markdown table."""

HIDDEN_COLUMNS = frozenset(
    {"device", "user", "post", "text", "lat", "lon", "home_lat", "home_lon", "work_lat", "work_lon"}
)
"""Never shown in a preview: personal data does not leave the lake."""

MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "[": "&#91;", "`": "&#96;", "\n": " ", "\r": " "}
"""What a Markdown table or a browser would read as more than text."""


def table_metadata(asset: str) -> dict[str, Any]:
    """Return the column view of a lake asset for its definition."""
    columns = [
        dg.TableColumn(name, type=_type(column.dtype), description=column.description)
        for name, column in SCHEMAS[asset].columns().items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "dagster/table_name": f"lake.{asset}"}


def preview(frame: pl.DataFrame, rows: int = PREVIEW_ROWS, columns: int = PREVIEW_COLUMNS) -> dg.MarkdownMetadataValue:
    """Return the first rows and columns as a Markdown table; strangers' text stays text.

    Personal and nested columns are left out; lists of names are written with commas.
    """
    if frame.is_empty():
        return dg.MetadataValue.md("no rows")
    names = pl.List(pl.String)
    open_to_all = {name: kind for name, kind in frame.schema.items() if name not in HIDDEN_COLUMNS}
    plain = [name for name, kind in open_to_all.items() if kind == names or not kind.is_nested()]
    kept = plain[:columns]
    listed_names = frame.select(kept).head(rows).with_columns(pl.col(names).list.join(", "))
    shown = listed_names.with_columns(pl.col(pl.String).str.replace_many(MARKUP))
    more = f"\n\nand {len(plain) - len(kept)} more columns" if len(plain) > len(kept) else ""
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_width_chars=WIDTH,
        float_precision=2,
        tbl_rows=rows,
        tbl_cols=columns,
        fmt_str_lengths=32,
    ):
        return dg.MetadataValue.md(f"{shown}{more}")


def reasons(rejects: pl.DataFrame) -> str:
    """Return refused records as readable lines, one per reason and file; whole files first, which somebody has to mend.

    Names and reasons may quote hostile input: as code they are neither Markdown nor HTML.
    """
    grouped = rejects.group_by("file", "reason", maintain_order=True).agg(pl.col("records").sum(), pl.col("row").min())
    shown = grouped.sort(pl.col("row").is_not_null(), maintain_order=True).head(20)
    lines = [
        f"- {_code(r['file'])}{_place(r['row'], r['records'])}: {_code(r['reason'])}"
        for r in shown.iter_rows(named=True)
    ]
    more = grouped.height - len(lines)
    return "\n".join(lines + ([f"- and {more} more"] if more > 0 else []))


def listed(told: Mapping[str, str]) -> dg.MarkdownMetadataValue:
    """Return names with what is told of each as a Markdown list, both as code."""
    return dg.MetadataValue.md("\n".join(f"- {_code(name)}: {_code(why)}" for name, why in told.items()))


def pictured(folder: object, pictures: int) -> dict[str, Any]:
    """Return where a day's evidence pictures lie and how many they are; nothing where there are none."""
    return {"pictures": pictures, "evidence": dg.MetadataValue.path(str(folder))} if pictures else {}


def _place(row: int | None, records: int) -> str:
    first = "" if row is None else f", row {row}" if records == 1 else f", from row {row}"
    return first if records == 1 else f"{first}, {records} records"


def _code(text: str) -> str:
    """Return text as one Markdown code span: nothing in it is read as markup, and nothing invisible is kept."""
    plain = "".join(c if c.isprintable() else " " for c in text.replace("`", "'"))
    return f"`{' '.join(plain.split()) or '?'}`"


def _type(kind: pl.DataType) -> str:
    """Return a type's name at a length that leaves room for the description beside it."""
    if isinstance(kind, pl.List):
        return f"List({_type(kind.inner)})"  # type: ignore[arg-type]
    return "Struct" if isinstance(kind, pl.Struct) else "Datetime UTC" if isinstance(kind, pl.Datetime) else str(kind)
