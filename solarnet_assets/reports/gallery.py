"""Evidence pictures, embedded: a bounded number, only from inside the evidence folder, only PNG or JPEG."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import polars as pl

from solarnet_assets.reports import formats, lakeside
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.words import name_of, say

PER_SIGNAL = {"steel": 8, "parking": 6, "solar": 4}
MAX_BYTES = 200_000
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def pictures(data: ReportData, events: pl.DataFrame) -> list[dict[str, Any]]:
    """Return some pictures of each signal, with what they show.

    Args:
        data: the report's data.
        events: as :func:`events.episodes` returns them; their newest pictures come first, then sites in equal steps.
    """
    shown: list[dict[str, Any]] = []
    candidates = pl.concat([_sites(data), _farms(data)]).sort(
        "signal", "site", "day", descending=[False, False, True], maintain_order=True
    )
    for signal, limit in PER_SIGNAL.items():
        rows = candidates.filter(pl.col("signal") == signal).unique("site", keep="first", maintain_order=True)
        first = _usable(data, _of_events(data, events.filter(pl.col("signal") == signal)).head(limit // 2))
        usable = _usable(data, rows.join(_sites_of(first), on="site", how="anti", maintain_order="left"))
        left = limit - len(first)
        step = max(len(usable) / left, 1.0)
        chosen = first + [usable[int(n * step)] for n in range(min(left, len(usable)))]
        named = [picture | {"anchor": f"picture-{signal}-{n}"} for n, picture in enumerate(chosen)]
        shown += _with_raw_files(data, signal, named)
    return shown


def _usable(data: ReportData, rows: pl.DataFrame) -> list[dict[str, Any]]:
    found = (_picture(data.evidence_root, row) for row in rows.iter_rows(named=True))
    return [picture for picture in found if picture]


def _sites_of(shown: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame({"site": [picture["site"] for picture in shown]}, schema={"site": pl.String})


def _of_events(data: ReportData, events: pl.DataFrame) -> pl.DataFrame:
    """Return the pictures that the newest events were read from, one a site, in the columns of :func:`_sites`."""
    newest = events.drop_nulls("evidence").unique("key", keep="first", maintain_order=True)
    names = data["site_newest"].select("signal", pl.col("site_id").alias("key"), "name")
    named = newest.join(names, on=["signal", "key"], how="left", maintain_order="left")
    return named.select(
        "signal", "evidence", "value", day="until", site="key", name=pl.col("name").fill_null(pl.col("key"))
    )


def _sites(data: ReportData) -> pl.DataFrame:
    return data["site_pictures"].select(
        "signal", "day", "evidence", site="site_id", name=pl.col("name").fill_null(pl.col("site_id")), value="value"
    )


def _farms(data: ReportData) -> pl.DataFrame:
    rows = data["solar_farms"].filter(pl.col("evidence").is_not_null())
    names = data["stg_sites"].select("site_id", "name").unique("site_id", keep="first", maintain_order=True)
    joined = rows.join(names, on="site_id", how="left", maintain_order="left")
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
    solar, signal = row["signal"] == "solar", row["signal"]
    value = formats.number(row["value"], "km²") if solar else formats.percent(row["value"])
    day = formats.day(row["day"], year=True)
    taken = formats.day(lakeside.day_and_name(row["evidence"])[0], year=True)
    key = "gallery.area" if solar else "gallery.level"
    return {
        "site": row["site"],
        "name": name_of(row["name"]),
        "key": signal,
        "signal": say(f"signals.{signal}"),
        "caption": say(key, what=say(f"gallery.{signal}"), value=value, day=day, taken=taken),
        "alt": say(
            "gallery.alt", signal=say(f"signals.{signal}"), name=name_of(row["name"]), what=say(f"gallery.{signal}")
        ),
        "path": row["evidence"],
        "raw": None,
        "source": f"data:{kind};base64,{base64.b64encode(content).decode()}",
    }


def _with_raw_files(data: ReportData, signal: str, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each picture the raw file that it was made of, where the lake has it."""
    if data.lake is None or not shown:
        return shown
    found = lakeside.raw_files(data.lake, signal, [picture["path"] for picture in shown])
    raw = {row["evidence"]: row for row in found.iter_rows(named=True)}
    return [picture | {"raw": raw.get(picture["path"])} for picture in shown]
