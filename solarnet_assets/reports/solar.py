"""Solar farms: area and number by watched place on the newest day."""

from __future__ import annotations

from typing import Any

import polars as pl

from solarnet_assets.reports import charts, formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.text import NOTHING, joined
from solarnet_assets.reports.words import name_of, say


def newest_solar(data: ReportData) -> pl.DataFrame:
    """Return the rows of the newest day of the register."""
    rows = data["solar_daily"]
    return rows.filter(pl.col("day") == pl.col("day").max())


def solar_section(data: ReportData) -> dict[str, Any] | None:
    """Return area and number of solar farms by watched place on the newest day; None where none was watched."""
    shown = _places(data)
    if shown.is_empty():
        return None
    total = newest_solar(data).filter(pl.col("site_id") == "all")
    names = {row["name"]: name_of(row["name"]) for row in shown.iter_rows(named=True)}
    areas = [
        say("solar.one", name=names[row["name"]], area=formats.number(row["area_km2"], "km²"))
        for row in shown.iter_rows(named=True)
    ]
    label = say("solar.label", areas=joined(areas, "; ", "；"))
    last = total.row(0, named=True) if total.height else None
    return {
        "meaning": say("meaning.solar"),
        "day": formats.day(shown["day"][0], year=True),
        "last_day": shown["day"][0],
        "last": last and {"value": last["area_km2"], "lower": last["lower"], "upper": last["upper"]},
        "total": formats.number(last["area_km2"], "km²") if last else NOTHING,
        "interval": formats.interval(last["lower"], last["upper"]) if last else NOTHING,
        "farms": formats.count(int(last["farms"] if last else shown["farms"].sum())),
        "chart": charts.area_chart(shown.select("name", "area_km2", "lower", "upper", "truth"), label, names),
        "rows": [_row(row, names) for row in shown.iter_rows(named=True)],
        "has_truth": shown["truth"].null_count() < shown.height,
    }


def _places(data: ReportData) -> pl.DataFrame:
    rows = newest_solar(data).filter(pl.col("site_id") != "all")
    names = data["stg_sites"].filter(pl.col("signal") == "solar").select("site_id", place="name")
    truth = data.truth.filter(pl.col("signal") == "solar").select("day", site_id="key", truth="value")
    joined_rows = rows.join(names, on="site_id", how="left").join(truth, on=["site_id", "day"], how="left")
    named = joined_rows.with_columns(name=pl.col("place").fill_null(pl.col("site_id")))
    return named.sort("area_km2", "name", descending=[True, False])


def _row(row: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": names[row["name"]],
        "farms": formats.count(row["farms"]),
        "area": _two(row["area_km2"]),
        "lower": _two(row["lower"]),
        "upper": _two(row["upper"]),
        "truth": _two(row["truth"]),
    }


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
