"""Numbers, days and names as people read them."""

from __future__ import annotations

from datetime import date

SIGNALS = {
    "composite": "Recovery index",
    "steel": "Steel heat",
    "parking": "Car parks",
    "commuting": "Commuting",
    "sector": "Online sectors",
    "solar": "Solar farms",
}
MEANING = {
    "composite": "Weighted mean of steel, car parks and commuting; percent of normal",
    "steel": "Thermal activity, percent of the mills' own baseline. This is not steel output",
    "parking": "Vehicles, percent of the lots' own baseline for that kind of day",
    "commuting": "Commuters in the active panel against the aligned day of the year before",
    "sector": "Share of active users who write about it, against 1 January",
    "solar": "Area of photovoltaic arrays found in the watched areas",
}


NAMES = {"CN": "China", "e_commerce": "E-commerce"}
"""Keys whose words are not the key itself."""


def percent(value: float | None, signed: bool = False) -> str:
    """Return a percentage: one decimal below ten, none above; a dash for nothing."""
    if value is None:
        return "–"
    text = f"{value:+.{_digits(value)}f}" if signed else f"{value:.{_digits(value)}f}"
    return (text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")) + " %"


def number(value: float | None, unit: str | None = "") -> str:
    """Return a figure in its unit; days of the year become dates elsewhere."""
    if value is None:
        return "–"
    if unit and unit.startswith("%"):
        return percent(value, signed="since" in unit)
    shown = f"{value:,.{_digits(value) if unit != 'farms' else 0}f}".replace("-", "−")
    return f"{shown} {unit}".strip()


def interval(lower: float | None, upper: float | None, unit: str | None = "%") -> str:
    """Return an interval such as ``70–78``, the unit left to the value beside it."""
    if lower is None or upper is None:
        return ""
    signed = bool(unit and "since" in unit)
    ends = (
        percent(x, signed).removesuffix(" %") if unit and unit.startswith("%") else number(x) for x in (lower, upper)
    )
    return " to ".join(ends)


def day(value: date | None, year: bool = False) -> str:
    """Return a day such as ``26 March`` or ``26 March 2020``."""
    if value is None:
        return "–"
    return f"{value.day} {value:%B %Y}" if year else f"{value.day} {value:%B}"


def day_of_year(value: float | None, year: int) -> str:
    """Return a day of the year (1 = 1 January) as a day and month."""
    if value is None:
        return "–"
    return day(date.fromordinal(date(year, 1, 1).toordinal() + round(value) - 1))


def title(key: str) -> str:
    """Return a key such as ``remote_work`` as words."""
    return NAMES.get(key) or (key.replace("_", " ").capitalize() if key.islower() else key)


def _digits(value: float) -> int:
    return 1 if abs(value) < 10 and abs(value - round(value)) >= 0.05 else 0
