"""Method notes and provenance: fixed texts, each with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def methods() -> list[dict[str, Any]]:
    """Return the method notes: name, text, sources."""
    file = Path(__file__).parent / "templates" / "methods.yaml"
    notes: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return notes


PROVENANCE = {
    "composite": (
        "marts.recovery_daily",
        "int_composite.sql",
        ("steel_activity", "parking_activity", "city_commuters"),
    ),
    "steel": (
        "marts.recovery_daily",
        "int_area_activity.sql",
        ("steel_activity", "steel_observations", "steel_scenes"),
    ),
    "parking": ("marts.recovery_daily", "int_area_activity.sql", ("parking_activity", "lot_counts", "lot_images")),
    "commuting": (
        "marts.recovery_daily",
        "int_area_commuting.sql",
        ("city_commuters", "home_work", "device_days", "pings"),
    ),
    "corrections": (
        "marts.commuting_corrections",
        "commuting_corrections.sql",
        ("city_commuters", "mobility_index"),
    ),
    "sector": ("marts.sector_growth", "sector_growth.sql", ("sector_shares", "post_labels", "posts")),
    "solar": ("marts.solar_daily", "solar_daily.sql", ("solar_farms", "solar_polygons", "solar_scenes")),
    "forecast": ("marts.recovery_dates", "recovery_dates.sql", ("forecast_dates", "forecast_paths")),
}
"""What a figure is made of: mart, SQL model, lake assets from the nearest to the raw one."""
