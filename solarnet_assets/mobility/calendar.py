"""Working days, and the day of the year before that a day is compared with."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays
import polars as pl
from lunardate import LunarDate

LUNAR_COUNTRIES = frozenset({"CN"})
"""Countries whose year turns on the Spring Festival: compared by lunar month and day."""

WEEKS_BACK = timedelta(days=364)
"""52 weeks: the same weekday of the year before."""

LUNAR_YEAR = timedelta(days=354)
"""Twelve lunar months: where to look for the year before a day that has no partner."""

ALIGN_DAYS = 5
BASE_WINDOW = range(2, 17)
"""What int_commuting_aligned and int_commuting_base compare with: days about the partner, days of January."""

SCHEMA = pl.Schema({"date": pl.Date, "is_workday": pl.Boolean, "partner": pl.Date, "partner_kind": pl.String})


def calendar_frame(country: str, start: date, end: date) -> pl.DataFrame:
    """Return the ``Calendar`` table of a country for the days in [start, end].

    Working days of CN come from the State Council's decisions (make-up days, the extension of 2020) as
    ``chinesecalendar`` holds them; other countries and years from ``holidays``. A lunar partner is the day with
    the same lunar month and day one lunar year before; a day of a leap month is compared with the plain month.
    Where the year before has no such day (the 30th of a short month) partner and kind are null.

    Args:
        country: ISO 3166 code.
        start: first day.
        end: last day, included.

    Raises:
        NotImplementedError: ``holidays`` does not know the country.
    """
    days = [start + timedelta(days=i) for i in range((end - start).days + 1)]
    lunar = country in LUNAR_COUNTRIES
    partners = [lunar_partner(day) if lunar else day - WEEKS_BACK for day in days]
    kind = "lunar" if lunar else "weekday"
    rows = {
        "date": days,
        "is_workday": _workdays(country, days),
        "partner": partners,
        "partner_kind": [kind if partner else None for partner in partners],
    }
    return pl.DataFrame(rows, schema=SCHEMA)


def lunar_partner(day: date) -> date | None:
    """Return the day with the same lunar month and day of the lunar year before, or None where there is none."""
    lunar = LunarDate.from_solar_date(day.year, day.month, day.day)
    try:
        found = LunarDate(lunar.year - 1, lunar.month, lunar.day).to_solar_date()
    except ValueError:
        return None
    return date(found.year, found.month, found.day)


def last_day(timezone: str) -> date:
    """Return the last day of next year in a zone: as far as calendars are asked for."""
    return date(datetime.now(ZoneInfo(timezone)).year + 1, 12, 31)


def comparison_days(day: date, country: str = "CN") -> list[date]:
    """Return the days up to ``day`` whose commuters its percent of normal is made of.

    These are the day itself, the year's base window (2-16 January), and of each of them the days within
    :data:`ALIGN_DAYS` of its partner.
    """
    base = [date(day.year, 1, dom) for dom in BASE_WINDOW]
    wanted = set()
    for own in [day, *(b for b in base if b <= day)]:
        partner = (lunar_partner(own) or own - LUNAR_YEAR) if country in LUNAR_COUNTRIES else own - WEEKS_BACK
        wanted |= {own, *(partner + timedelta(days=n) for n in range(-ALIGN_DAYS, ALIGN_DAYS + 1))}
    return sorted(wanted)


def _workdays(country: str, days: list[date]) -> list[bool]:
    years = {day.year for day in days}
    if country == "CN" and years and min(years) >= 2004 and max(years) <= _last_chinese_year():
        return [chinese_calendar.is_workday(day) for day in days]
    known = holidays.country_holidays(country, years=years)
    first, last = (2004, _last_chinese_year()) if country == "CN" else (1, 0)
    return [
        chinese_calendar.is_workday(day) if first <= day.year <= last else known.is_working_day(day) for day in days
    ]


def _last_chinese_year() -> int:
    return max(day.year for day in chinese_calendar.constants.holidays)
