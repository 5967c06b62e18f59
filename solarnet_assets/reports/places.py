"""Cities, provinces and sites: the map, small multiples, and where the newest picture of each site came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from solarnet_assets.reports import formats, lakeside
from solarnet_assets.reports.country import LEVELS
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.events import Events
from solarnet_assets.reports.map import map_chart
from solarnet_assets.reports.series import POINTS
from solarnet_assets.reports.sparkline import frame_of
from solarnet_assets.reports.text import Text
from solarnet_assets.reports.tiles import by_name, tile
from solarnet_assets.reports.words import name_of, say

ALL_POINTS, FEWEST = 150_000, 30
"""Points of all sites' pictures together, and fewest of one: what keeps the page of thousands of sites small."""


def city_names(data: ReportData) -> dict[str, Text]:
    """Return names of cities by key."""
    return {key: name_of(name or key) for key, name in data["stg_cities"].select("city", "name").rows()}


def areas(data: ReportData, level: str, events: Events) -> list[dict[str, Any]]:
    """Return small multiples of cities or provinces, their events marked, grouped by signal."""
    names = city_names(data)
    rows = data["recovery_daily"].filter(pl.col("level") == level, pl.col("value").is_not_null())
    groups: list[dict[str, Any]] = []
    for signal in LEVELS:
        part = rows.filter(pl.col("signal") == signal)
        if part.is_empty():
            continue
        frame = frame_of(rows, 0.0, 140.0)
        items = [
            tile(
                names.get(str(key), name_of(str(key))),
                one,
                frame,
                f"--{signal}",
                events=events.get((signal, level, str(key)), ()),
            )
            for (key,), one in part.group_by("region", maintain_order=True)
        ]
        name = say(f"places.{level}", signal=say(f"signals.{signal}"))
        groups.append({"key": f"{level}-{signal}", "name": name, "tiles": sorted(items, key=by_name)})
    return groups


def kinds(data: ReportData) -> list[dict[str, Any]]:
    """Return small multiples of the kinds of car parks: factory, theme park and so on."""
    rows = data["parking_groups"].filter(pl.col("value").is_not_null())
    if rows.is_empty():
        return []
    frame = frame_of(rows, 0.0, 160.0)
    items = [
        tile(name_of(str(key)), one, frame, "--parking")
        for (key,), one in rows.group_by("site_group", maintain_order=True)
    ]
    return [{"key": "kinds", "name": say("places.kinds"), "tiles": sorted(items, key=by_name)}]


def sites(data: ReportData, pictures: Mapping[str, str], events: Events) -> list[dict[str, Any]]:
    """Return small multiples of mills and car parks; ``pictures`` are ids of embedded pictures by path."""
    rows, known = data["site_daily"], data["site_newest"]
    groups: list[dict[str, Any]] = []
    points = max(FEWEST, min(POINTS, ALL_POINTS // max(rows["site_id"].n_unique(), 1)))
    for signal in ("steel", "parking"):
        part = rows.filter(pl.col("signal") == signal)
        if part.is_empty():
            continue
        frame, raw = frame_of(rows, 0.0, 160.0), traces(data, signal)
        named = {row["site_id"]: row for row in known.filter(pl.col("signal") == signal).iter_rows(named=True)}
        items = []
        for (key,), one in part.group_by("site_id", maintain_order=True):
            site, happened = named[key], events.get((signal, "site", str(key)), ())
            name = name_of(site["name"] or str(key))
            item = tile(name, one, frame, f"--{signal}", points=points, events=happened)
            item |= {"place": name_of(site["region"] or ""), "trace": raw.get(str(key))}
            if item["trace"]:
                item["trace"]["picture"] = pictures.get(item["trace"]["path"], "")
            items.append(item)
        heading = say("places.sites", signal=say(f"signals.{signal}"))
        groups.append({"key": f"site-{signal}", "name": heading, "tiles": sorted(items, key=by_name)})
    return groups


def traces(data: ReportData, signal: str) -> dict[str, dict[str, Any]]:
    """Return, by site, the newest evidence picture, the lake partition and the raw file that it was made of."""
    pairs = dict(data["site_pictures"].filter(pl.col("signal") == signal).select("site_id", "evidence").rows())
    found = {} if data.lake is None else {
        row["evidence"]: row for row in lakeside.raw_files(data.lake, signal, pairs.values()).iter_rows(named=True)
    }  # fmt: skip
    return {site: _trace(evidence, found.get(evidence)) for site, evidence in pairs.items()}


def _trace(evidence: str, raw: dict[str, Any] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "path": evidence,
        "evidence": f"evidence/{evidence}",
        "picture": "",
        "partition": "",
        "file": "",
        "sha256": "",
    }
    if raw:
        day = f"{raw['day']:%Y-%m-%d}"
        shown |= {"partition": f"lake/{raw['asset']}/day={day}/{raw['path']}", "file": raw["source_file"]}
        shown |= {"sha256": raw["sha256"], "passed": formats.day(raw["day"], year=True)}
    return shown


def map_section(data: ReportData) -> dict[str, Any] | None:
    """Return the map of cities and sites with their newest figure; None where fewer than two have a position."""
    points = pl.concat([_cities(data), _sites(data)]).drop_nulls(["lon", "lat"])
    if points.height < 2:
        return None
    written = pl.when(pl.col("kind") == "city").then(
        pl.concat_str("label", pl.lit(" "), pl.col("value").round(0).cast(pl.Int64).cast(pl.String))
    )
    shown = points.with_columns(label=pl.col("name")).with_columns(written=written)
    names: dict[str, Text] = {}
    for row in shown.filter(pl.col("written").is_not_null()).iter_rows(named=True):
        name, figure = name_of(row["name"]), row["written"].rsplit(" ", 1)[1]
        names[row["written"]] = Text(f"{name.en} {figure}", f"{name.zh} {figure}")
    cities = points.filter(pl.col("kind") == "city").height
    label = say("map.label", cities=str(cities), sites=str(points.height - cities))
    names |= {region: name_of(region) for region in points["region"].drop_nulls().unique().sort().to_list()}
    columns = ("kind", "lon", "lat", "value", "written", "region")
    rows = points.sort("kind", "name").iter_rows(named=True)
    return {"chart": map_chart(shown.select(columns), label, names), "rows": [_point(row) for row in rows]}


def _cities(data: ReportData) -> pl.DataFrame:
    """Return cities with the newest value of commuting, or none."""
    rows = data["recovery_daily"].filter(pl.col("level") == "city", pl.col("signal") == "commuting")
    newest = _newest(rows, "region").select("region", "value", "lower", "upper", "day")
    known = data["stg_cities"].with_columns(name=pl.coalesce("name", "city")).sort("city")
    joined = known.join(newest.rename({"region": "city"}), on="city", how="left", maintain_order="left")
    return joined.select(pl.lit("city").alias("kind"), *_POINT)


def _sites(data: ReportData) -> pl.DataFrame:
    """Return sites with their newest value; areas searched for solar farms have none."""
    newest = data["site_newest"].select("signal", "site_id", "value", "lower", "upper", "day")
    known = data["stg_sites"].with_columns(name=pl.coalesce("name", "site_id")).sort("site_id")
    joined = known.join(newest, on=["signal", "site_id"], how="left", maintain_order="left")
    return joined.select(pl.col("signal").alias("kind"), *_POINT)


_POINT = ("name", "lon", "lat", "region", "value", "lower", "upper", "day")


def _newest(rows: pl.DataFrame, *key: str) -> pl.DataFrame:
    """Return the newest row with a value of each key; days are read in order, so that nothing need be sorted."""
    return rows.drop_nulls("value").unique(key, keep="last", maintain_order=True).sort(key)


def matrix(data: ReportData) -> dict[str, Any] | None:
    """Return the newest value of every signal by city and province, for a table; None without any."""
    rows = data["recovery_daily"].filter(pl.col("level").is_in(["city", "region"]))
    newest = _newest(rows, "level", "region", "signal")
    if newest.is_empty():
        return None
    known = [signal for signal in LEVELS if signal in set(newest["signal"])]
    names = city_names(data)
    shown = []
    for (level, key), part in newest.group_by("level", "region", maintain_order=True):
        values = dict(part.select("signal", "value").rows())
        name = names.get(str(key), name_of(str(key))) if level == "city" else name_of(str(key))
        cells = [formats.figure(values.get(signal)) for signal in known]
        shown.append({"name": name, "is_city": level == "city", "cells": cells})
    return {"signals": [say(f"signals.{signal}") for signal in known], "rows": shown}


def _point(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": say(f"map.kinds.{row['kind']}"),
        "name": name_of(row["name"]),
        "value": formats.tenth(row["value"]),
        "lower": formats.tenth(row["lower"]),
        "upper": formats.tenth(row["upper"]),
        "day": formats.short_day(row["day"]),
        "position": f"{row['lat']:.2f}°, {row['lon']:.2f}°",
    }
