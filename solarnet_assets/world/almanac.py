"""Working days and the distance to the lunar new year, as people in the simulated country live by them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar
from lunardate import LunarDate


@lru_cache(maxsize=4096)
def is_workday(day: date) -> bool:
    """Return whether a day is an official working day; Monday to Friday where no calendar is published."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@lru_cache(maxsize=4096)
def lunar_position(day: date) -> int:
    """Return days since the nearest lunar new year (negative: before it), in -192 .. 192."""
    offsets = [(day - LunarDate(year, 1, 1).to_solar_date()).days for year in (day.year - 1, day.year, day.year + 1)]
    return min(offsets, key=abs)


@lru_cache(maxsize=4096)
def year_before(day: date) -> date:
    """Return the day that lies as far from the lunar new year of the year before as a day from its nearest one."""
    offset = lunar_position(day)
    festival = day - timedelta(days=offset)
    found = LunarDate(festival.year - 1, 1, 1).to_solar_date() + timedelta(days=offset)
    return date(found.year, found.month, found.day)
