"""Tables of the heat evaluation for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from solarnet_assets.evaluation.heat import HeatReport, Verdict
from solarnet_assets.evaluation.heat_images import spectra

MOST_CLUSTERS = 20


def detectors(report: HeatReport) -> Table:
    """Return a row per detector: hot pixels, clusters, the largest excess, and figures against a mask."""
    masked = any(verdict.false is not None for verdict in report.verdicts)
    extra = ("precision", "recall", "false hot pixels", "of them > 2 px away") if masked else ()
    table = Table(title=str(report.image.path.name), title_justify="left")
    table.add_column("detector")
    for head in ("hot pixels", "clusters", "largest excess", *extra):
        table.add_column(head, justify="right")
    rows = [_cells(verdict, masked) for verdict in report.verdicts]
    if any(len(row) > len(table.columns) for row in rows):
        table.add_column("")
    for row in rows:
        table.add_row(*row)
    return table


def _cells(verdict: Verdict, masked: bool) -> list[str]:
    blank = 7 if masked else 3
    if verdict.undecided is not None:
        return [verdict.detector, *["-"] * blank, f"cannot decide: {verdict.undecided}"]
    largest = f"{verdict.clusters[0].excess:.1f}" if verdict.clusters else "-"
    cells = [verdict.detector, str(verdict.hot), str(len(verdict.clusters)), largest]
    if masked:
        shares = (verdict.precision, verdict.recall)
        cells += ["-" if share is None else f"{share:.3f}" for share in shares] + [
            str(verdict.false),
            str(verdict.away),
        ]
    return cells


def clusters(report: HeatReport) -> Table | None:
    """Return HeatNet's clusters, the strongest first; None where there are none."""
    found = report.verdicts[0].clusters
    if not found:
        return None
    title = f"clusters by {report.verdicts[0].detector}; excess in W m-2 sr-1 um-1 over the surroundings"
    table = Table(title=title, title_justify="left")
    for head in ("x", "y", "lon", "lat", "pixels", "excess", "peak", "probability"):
        table.add_column(head, justify="right")
    table.add_column("saturated")
    for one in found[:MOST_CLUSTERS]:
        degrees = ("-" if np.isnan(value) else f"{value:.5f}" for value in (one.lon, one.lat))
        place = (_number(one.x), _number(one.y), *degrees)
        size = (str(one.pixels), f"{one.excess:.1f}", f"{one.peak:.2f}", f"{one.probability:.3f}")
        table.add_row(*place, *size, "yes" if one.saturated else "")
    if len(found) > MOST_CLUSTERS:
        table.caption = f"and {len(found) - MOST_CLUSTERS} weaker ones"
    return table


def _number(value: float) -> str:
    return f"{value:.5f}" if abs(value) < 1000 else f"{value:.0f}"


def understood(report: HeatReport) -> str:
    """Return the bands with their median reflectance, and a line for everything that was assumed or is doubtful."""
    bands = ", ".join(f"{name} {value:.3f}" for name, value in spectra(report.image.scene).items())
    return "\n".join([f"median reflectance: {bands}", *(f"note: {note}" for note in report.image.notes)])


def rules(title: str, found: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a row per reference detector: its false hot pixels beside those of HeatNet at equal recall."""
    table = Table(title=title, title_justify="left")
    table.add_column("rule")
    for head in ("recall", "its false hot pixels", "HeatNet's at that recall", "times fewer", "HeatNet's threshold"):
        table.add_column(head, justify="right")
    for name, row in found.items():
        table.add_row(
            name, f"{row['recall']:.3f}", str(row["false_hot_pixels"]), str(row["network_false_hot_pixels"]),
            f"{row['times_fewer']:g}", f"{row['network_threshold']:.3f}",
        )  # fmt: skip
    return table


def reliability(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return stated against observed shares of hot pixels."""
    table = Table(title=title, title_justify="left")
    for head in ("probability", "pixels", "mean stated", "share hot"):
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(
            f"{row['from']:g} to {row['to']:g}", f"{row['pixels']:,}", f"{row['stated']:.4f}", f"{row['observed']:.4f}"
        )
    return table
