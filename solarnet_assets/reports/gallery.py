"""Evidence pictures, embedded: a bounded number, only from inside the evidence folder, only PNG or JPEG."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import polars as pl

from solarnet_assets.reports import words
from solarnet_assets.reports.data import ReportData

PER_SIGNAL = {"steel": 8, "parking": 6, "solar": 4}
MAX_BYTES = 200_000
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def pictures(data: ReportData) -> list[dict[str, Any]]:
    """Return the newest picture of some sites of each signal, with what it shows."""
    shown: list[dict[str, Any]] = []
    candidates = pl.concat([_sites(data), _farms(data)]).sort("signal", "site", "day", descending=[False, False, True])
    for signal, limit in PER_SIGNAL.items():
        rows = candidates.filter(pl.col("signal") == signal).unique("site", keep="first", maintain_order=True)
        found = (_picture(data.evidence_root, row) for row in rows.iter_rows(named=True))
        usable = [picture for picture in found if picture]
        step = max(len(usable) / limit, 1.0)
        shown += [usable[int(n * step)] for n in range(min(limit, len(usable)))]
    return shown


def _sites(data: ReportData) -> pl.DataFrame:
    rows = data["site_daily"].filter(pl.col("evidence").is_not_null())
    return rows.select(
        "signal", "day", "evidence", site="site_id", name=pl.col("name").fill_null(pl.col("site_id")), value="value"
    )


def _farms(data: ReportData) -> pl.DataFrame:
    rows = data["solar_farms"].filter(pl.col("evidence").is_not_null())
    names = data["stg_sites"].select("site_id", "name").unique("site_id", keep="first", maintain_order=True)
    joined = rows.join(names, on="site_id", how="left")
    return joined.select(
        pl.lit("solar").alias("signal"),
        pl.lit(None, dtype=pl.Date).alias("day"),
        "evidence",
        site="site_id",
        name=pl.col("name").fill_null(pl.col("site_id")),
        value="area_km2",
    )


def _picture(root: Path, row: dict[str, Any]) -> dict[str, Any] | None:
    """Embed one picture; None where the path leaves the folder or the file is no small picture."""
    file = (root / row["evidence"]).resolve()
    if not file.is_relative_to(root.resolve()) or not file.is_file() or file.stat().st_size > MAX_BYTES:
        return None
    content = file.read_bytes()
    kind = next((kind for magic, kind in KINDS.items() if content.startswith(magic)), None)
    if kind is None:
        return None
    solar = row["signal"] == "solar"
    value = words.number(row["value"], "km²") if solar else words.percent(row["value"])
    what = {"steel": "hot pixels", "parking": "vehicles found", "solar": "arrays found"}[row["signal"]]
    when = "" if row["day"] is None else f", {words.day(row['day'])}"
    return {
        "site": row["site"],
        "name": row["name"],
        "signal": words.SIGNALS[row["signal"]],
        "caption": f"{what}; {value}{'' if solar else ' of baseline'}{when}",
        "path": row["evidence"],
        "source": f"data:{kind};base64,{base64.b64encode(content).decode()}",
    }
