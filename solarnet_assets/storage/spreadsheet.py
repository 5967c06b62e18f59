"""Tables that people open in a spreadsheet, which runs a text that begins like a formula (CWE-1236)."""

from __future__ import annotations

import polars as pl

FORMULA = r"^[=+\-@\t\r]"
"""How a formula begins; OWASP, "CSV Injection"."""


def inert(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table in which texts that begin like a formula begin with an apostrophe, which makes them text."""
    text = pl.col(pl.String)
    return frame.with_columns(pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep())
