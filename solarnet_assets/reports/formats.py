"""Numbers and days as people of each language read them."""

from __future__ import annotations

from datetime import date

from solarnet_assets.reports.text import DASH, NOTHING, Text, same
from solarnet_assets.reports.words import say


def figure(value: float | None, signed: bool = False) -> Text:
    """Return a bare number: one decimal below ten, none above; a dash for nothing."""
    if value is None:
        return DASH
    digits = _digits(value)
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    return same(text.lstrip("+-") if float(text.replace(",", "")) == 0 else text.replace("-", "−"))


def tenth(value: float | None, signed: bool = False) -> Text:
    """Return a number with one decimal, as columns of a table show it."""
    if value is None:
        return DASH
    text = f"{value:+,.1f}" if signed else f"{value:,.1f}"
    return same(text.lstrip("+-") if float(text.replace(",", "")) == 0 else text.replace("-", "−"))


def percent(value: float | None, signed: bool = False) -> Text:
    """Return a percentage; English sets a no-break space before the sign, Chinese none."""
    if value is None:
        return DASH
    shown = figure(value, signed).en
    return Text(f"{shown}\u00a0%", f"{shown}%")


def count(value: int | None) -> Text:
    """Return how many of something, with separators of thousands; a dash for nothing."""
    return DASH if value is None else same(f"{value:,}")


def share(value: float | None) -> Text:
    """Return a probability or share (0..1) in percent; the ends are said as bounds, since they come from draws."""
    if value is None:
        return DASH
    if value > 0.99 or value < 0.01:
        return Text("> 99\u00a0%", "> 99%") if value > 0.5 else Text("< 1\u00a0%", "< 1%")
    return Text(f"{100 * value:.0f}\u00a0%", f"{100 * value:.0f}%")


def number(value: float | None, unit: str = "") -> Text:
    """Return a figure in its unit: percent, km2, farms, or none."""
    if value is None:
        return DASH
    if unit and unit.startswith("%"):
        return percent(value, signed="since" in unit)
    if unit == "farms":
        return say("units.farms", n=f"{value:,.0f}")
    shown = f"{value:.2f}" if unit.startswith("km") and abs(value) < 1 else figure(value).en
    return same(f"{shown}\u00a0{unit.replace('km2', 'km²')}" if unit else shown)


def interval(lower: float | None, upper: float | None, signed: bool = False) -> Text:
    """Return an interval such as ``70 to 78``, its unit left to the value; nothing where an end is missing."""
    if lower is None or upper is None:
        return NOTHING
    return say("formats.range", low=figure(lower, signed), high=figure(upper, signed))


def day(value: date | None, year: bool = False) -> Text:
    """Return a day such as ``26 March`` or ``26 March 2020``."""
    if value is None:
        return DASH
    english, chinese = f"{value.day} {value:%B}", f"{value.month}月{value.day}日"
    return Text(f"{english} {value.year}", f"{value.year}年{chinese}") if year else Text(english, chinese)


def short_day(value: date | None) -> Text:
    """Return a day as charts and tables show it: ``26 Mar 2020``."""
    if value is None:
        return DASH
    return Text(f"{value.day} {value:%b %Y}", f"{value.year}年{value.month}月{value.day}日")


def brief_day(value: date | None) -> Text:
    """Return a day where its year stands beside it: ``26 Mar``."""
    return DASH if value is None else tick(value, long=False)


def tick(value: date, long: bool) -> Text:
    """Return the label of a time axis: day and month, or month and year where the axis is ``long``."""
    if long:
        return Text(f"{value:%b %Y}", f"{value.year}年{value.month}月")
    return Text(f"{value.day} {value:%b}", f"{value.month}月{value.day}日")


def day_of_year(value: float | None, year: int) -> Text:
    """Return a day of the year (1 = 1 January) as a day and month."""
    if value is None:
        return DASH
    return day(date.fromordinal(date(year, 1, 1).toordinal() + round(value) - 1))


def days_between(first: date | None, last: date | None) -> Text:
    """Return two days as a range; nothing where one is missing."""
    if first is None or last is None:
        return NOTHING
    return say("formats.range", low=day(first), high=day(last))


def number_of_day(value: date) -> int:
    """Return the days since 1 January 1970, by which the page's script knows a day."""
    return value.toordinal() - date(1970, 1, 1).toordinal()


def iso_range(first: date | None, last: date | None) -> str:
    """Return two days in ISO form, as a path or a partition names them; nothing where there is none."""
    return "" if first is None or last is None else f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"


def _digits(value: float) -> int:
    return 1 if abs(value) < 10 and abs(value - round(value)) >= 0.05 else 0
