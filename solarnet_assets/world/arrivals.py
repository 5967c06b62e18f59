"""When the raw files of a simulated day are delivered: by the next morning, but for a few that come days later.

Sentinel-2 products are nominally there 3 to 24 hours after sensing (Sentinel-2 User Handbook, ESA 2015, section 2.5);
data that are collected over a day are delivered in the night after it. How many come later, and how much, is ours.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from solarnet_assets.world.rng import generator
from solarnet_assets.world.scenario import Scenario

SEEN_FROM_ABOVE = frozenset({"steel_scenes", "solar_scenes", "lot_images"})
PASS = time(10, 30)
"""Local time of a pass."""

LATE_SHARE, LATE_DAYS = 0.02, (1.0, 6.0)
"""Share of deliveries that come late, and by how many days."""


def write_arrivals(scenario: Scenario, kind: str, day: date, dest: Path) -> None:
    """Write ``arrivals.csv`` (file, arrived: local time) beside the files of a day, if there are any.

    Files that differ by their ending alone, or by the word SCL, are one delivery.
    """
    names = sorted(path.relative_to(dest).as_posix() for path in dest.rglob("*") if path.is_file())
    if names:
        rows = [f"{name},{_arrived(scenario, kind, day, _delivery(name)):%Y-%m-%dT%H:%M}" for name in names]
        (dest / "arrivals.csv").write_text("\n".join(["file,arrived", *rows]) + "\n", encoding="utf-8", newline="")


def _delivery(name: str) -> str:
    return name.split(".")[0].removesuffix("_SCL")


def _arrived(scenario: Scenario, kind: str, day: date, delivery: str) -> datetime:
    rng = generator(scenario.seed, "arrivals", kind, day, delivery)
    late, days, usual = rng.uniform(size=3)
    if late < LATE_SHARE:
        span = LATE_DAYS[0] + days * (LATE_DAYS[1] - LATE_DAYS[0])
        return datetime.combine(day, time(12)) + timedelta(days=span)
    if kind in SEEN_FROM_ABOVE:
        return datetime.combine(day, PASS) + timedelta(hours=3 + 12 * usual)
    return datetime.combine(day + timedelta(days=1), time(1)) + timedelta(hours=5 * usual)
