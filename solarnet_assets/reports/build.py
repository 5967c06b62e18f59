"""Puts the report together: what each section shows, as plain values for the template."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from upath import UPath

from solarnet_assets.reports import (
    compare,
    composite,
    corrections,
    events,
    forecast,
    formats,
    gallery,
    gaps,
    lineage,
    palette,
    places,
    register,
    sectors,
    signals,
    solar,
)
from solarnet_assets.reports.data import ReportData, read
from solarnet_assets.reports.words import language, say
from solarnet_assets.storage.files import held
from solarnet_assets.storage.lake import Lake

TEMPLATES = Path(__file__).parent / "templates"


def build_report(
    warehouse_path: Path,
    evidence_root: Path,
    out: Path,
    quarantine_root: Path | None = None,
    truth: pl.DataFrame | None = None,
    lake: Lake | None = None,
) -> Path:
    """Write the report: one file that needs nothing else.

    Args:
        warehouse_path: the DuckDB file.
        evidence_root: folder that evidence paths are relative to.
        out: the HTML file to write.
        quarantine_root: folder of refused records; default: ``quarantine`` beside the warehouse.
        truth: of a simulation, to draw beside the figures: columns signal, key, day, value.
        lake: partitions behind the figures; default: ``lake`` beside the warehouse, where there is one.

    Returns:
        ``out``. The same warehouse, lake, evidence and quarantine give the same bytes.

    Raises:
        BadInputError: there is no readable warehouse.
    """
    quarantine = quarantine_root or warehouse_path.parent / "quarantine"
    beside = warehouse_path.parent / "lake"
    known = lake or (Lake(beside, quarantine) if beside.is_dir() else None)
    page = render(context(read(warehouse_path, evidence_root, quarantine, truth, known)))
    with held(UPath(out.parent)):
        draft = out.with_name(f".{out.name}.draft")
        draft.write_text(page, encoding="utf-8")
        draft.replace(out)
    return out


def digest(warehouse_path: Path) -> str:
    """Return headline and newest figures as Markdown in English, for places where the page itself does not fit."""
    nowhere = warehouse_path.parent / "quarantine" / "-"
    data = read(warehouse_path, nowhere, nowhere)
    top = signals.headline(data)
    if top is None:
        return "No figures yet."
    lines = [f"**{top['value']} of normal** ({top['signal']}, {top['day']}, {top['interval']}). {top['back']}", ""]
    lines += [f"- {card['name']}: {card['value']} {card['what']} ({card['interval']})" for card in signals.cards(data)]
    return "\n".join(lines).replace("\u00a0", " ")


def context(data: ReportData) -> dict[str, Any]:
    """Return everything that the template shows."""
    spells = events.episodes(data)
    happened = events.by_place(spells)
    pictures = gallery.pictures(data, spells)
    anchors = {picture["path"]: picture["anchor"] for picture in pictures}
    levels, posts, farms = signals.level_sections(data), sectors.sectors(data, happened), solar.solar_section(data)
    parts = {
        "corrections": corrections.section(data),
        "forecast": forecast.forecast_section(data),
        "index": composite.section(data),
        "events": events.section(data, spells, anchors),
    }
    cities, provinces = (places.areas(data, level, happened) for level in ("city", "region"))
    sites = places.sites(data, anchors, happened)
    tiles = [tile for group in cities + provinces + sites for tile in group["tiles"]] + (
        posts["tiles"] if posts else []
    )
    days = _days(data, levels, posts, farms, parts)
    graph, compared = lineage.graph(), compare.comparison(data)
    return parts | {
        "say": say,
        "span": data.span and [formats.day(day, year=True) for day in data.span],
        "headline": signals.headline(data),
        "news": events.headline(spells, data.span[1]) if data.span else "",
        "cards": signals.cards(data),
        "levels": levels,
        "sectors": posts,
        "solar": farms,
        "comparison": compared,
        "addresses": compare.addresses(compared),
        "map": places.map_section(data),
        "matrix": places.matrix(data),
        "cities": cities,
        "provinces": provinces,
        "sites": places.kinds(data) + sites,
        "anchors": {tile["anchor"] for tile in tiles if tile["anchor"]} | {f"level-{one['signal']}" for one in levels},
        "pictures": pictures,
        "gaps": gaps.gaps(data),
        "refused": gaps.refused(data),
        "late": register.late(data),
        "simulated": data.simulated,
        "how": {key: lineage.drill(data, graph, key, *found, pictures) for key, found in days.items()},
        "methods": sorted({key.split(".")[1] for key in language("en") if key.startswith("methods.")}),
    }


def _days(
    data: ReportData,
    levels: list[dict[str, Any]],
    posts: dict[str, Any] | None,
    farms: dict[str, Any] | None,
    parts: dict[str, dict[str, Any] | None],
) -> dict[str, tuple[date, dict[str, Any] | None]]:
    """Return, by key of ``lineage.yaml``, the day of each figure that the page shows, and its row where it has one."""
    days = {one["signal"]: (one["last_day"], one["last"]) for one in levels}
    days |= {"sector": (posts["last_day"], posts["last"])} if posts else {}
    days |= {"solar": (farms["last_day"], farms["last"])} if farms else {}
    days |= {key: (part["last_day"], None) for key, part in parts.items() if part}
    return days | ({key: (data.span[1], None) for key in ("published", "sites", "places")} if data.span else {})


def render(values: dict[str, Any]) -> str:
    """Fill the template; everything that is not a drawing of ours is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = palette.variables() + (TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    return environment.get_template("report.html").render(**values, style=style, script=script, allowed=allowed)
