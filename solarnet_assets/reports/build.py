"""Puts the report together: what each section shows, as plain values for the template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from solarnet_assets.reports import corrections, gallery, panels, signals
from solarnet_assets.reports.data import ReportData, read
from solarnet_assets.reports.methods import PROVENANCE, methods

TEMPLATES = Path(__file__).parent / "templates"


def build_report(
    warehouse_path: Path,
    evidence_root: Path,
    out: Path,
    quarantine_root: Path | None = None,
    truth: pl.DataFrame | None = None,
) -> Path:
    """Write the report: one file that needs nothing else.

    Args:
        warehouse_path: the DuckDB file.
        evidence_root: folder that evidence paths are relative to.
        out: the HTML file to write.
        quarantine_root: folder of refused records; default: ``quarantine`` beside the warehouse.
        truth: of a simulation, to draw beside the figures: columns signal, key, day, value.

    Returns:
        ``out``. The same warehouse, evidence and quarantine give the same bytes.

    Raises:
        BadInputError: there is no readable warehouse.
    """
    data = read(warehouse_path, evidence_root, quarantine_root or warehouse_path.parent / "quarantine", truth)
    page = render(context(data))
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.draft")
    draft.write_text(page, encoding="utf-8")
    draft.replace(out)
    return out


def digest(warehouse_path: Path) -> str:
    """Return headline and newest figures as Markdown, for places where the page itself does not fit."""
    nowhere = warehouse_path.parent / "quarantine" / "-"
    data = read(warehouse_path, nowhere, nowhere)
    top = signals.headline(data)
    if top is None:
        return "No figures yet."
    lines = [f"**{top['value']} of normal** ({top['signal']}, {top['day']}, {top['interval']}). {top['back']}", ""]
    lines += [f"- {card['name']}: {card['value']} {card['what']} ({card['interval']})" for card in signals.cards(data)]
    return "\n".join(lines)


def context(data: ReportData) -> dict[str, Any]:
    """Return everything that the template shows."""
    pictures = gallery.pictures(data)
    return {
        "title": "SolarNet recovery report",
        "span": data.span,
        "headline": signals.headline(data),
        "cards": signals.cards(data),
        "levels": signals.level_sections(data),
        "corrections": corrections.section(data),
        "sectors": panels.sectors(data),
        "solar": signals.solar_section(data),
        "forecast": signals.forecast_section(data),
        "comparison": panels.comparison(data),
        "cities": panels.areas(data, "city"),
        "provinces": panels.areas(data, "region"),
        "sites": panels.kinds(data) + panels.sites(data, {picture["site"] for picture in pictures}),
        "pictures": pictures,
        "gaps": panels.gaps(data),
        "refused": panels.refused(data),
        "simulated": data.simulated,
        "methods": methods(),
        "provenance": PROVENANCE,
        "weights": list(data["composite_weights"].iter_rows(named=True)),
    }


def render(values: dict[str, Any]) -> str:
    """Fill the template; everything that is not a drawing of ours is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return environment.get_template("report.html").render(**values, style=style)
