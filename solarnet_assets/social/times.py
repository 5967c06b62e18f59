"""Times as posts carry them: ISO, date only, and the free-form ``createdAt`` of Weibo."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6}
MONTHS |= {"Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12}

_CTIME = re.compile(r"\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})")
_AGO = re.compile(r"(\d{1,4}) ?(秒|分钟|小时)前")
_CLOCK = re.compile(r"(今天|昨天|前天) ?(\d{1,2}):(\d\d)")
_MONTH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d\d))?")
_UNIT_SECONDS = {"秒": 1, "分钟": 60, "小时": 3600}
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}


class TimeUnreadableError(ValueError):
    """The text is not a time; the message completes the sentence 'the post ...'."""


def parse_time(value: object, day: date | None, zone: ZoneInfo) -> datetime:
    """Return the moment of a post.

    A date without a time of day is the local midnight. Relative forms of Weibo ('5分钟前', '昨天 12:30',
    '02-10') are read against the end of ``day``, the day on which they were collected.

    Args:
        value: the field as it stands in the file.
        day: day of the partition, or None where the file does not say when it was collected.
        zone: time zone of the place, for forms without one of their own.

    Returns:
        The moment in UTC.

    Raises:
        TimeUnreadableError: for no time, a time of day without a zone, or an unknown form.
    """
    if not isinstance(value, str) or not value.strip():
        raise TimeUnreadableError("has no time")
    text = value.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _weibo(text, day, zone).astimezone(UTC)
    if moment.tzinfo is None:
        if len(text) > len("2020-02-10"):
            raise TimeUnreadableError(f"has the time '{text[:40]}', which names no time zone")
        moment = moment.replace(tzinfo=zone)
    return _utc(moment, text)


def _utc(moment: datetime, text: str) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise TimeUnreadableError(f"has the impossible time '{text[:40]}'") from error


def _weibo(text: str, day: date | None, zone: ZoneInfo) -> datetime:
    """Return the moment of one of Weibo's own forms."""
    try:
        if match := _CTIME.fullmatch(text):
            month, number, clock, offset, year = match.groups()
            stamp = f"{year}-{MONTHS[month]:02d}-{int(number):02d}T{clock}{offset[:3]}:{offset[3:]}"
            return datetime.fromisoformat(stamp)
        moment = _relative(text, day, zone)
    except (ValueError, KeyError, OverflowError) as error:
        if isinstance(error, TimeUnreadableError):
            raise
        raise TimeUnreadableError(f"has the impossible time '{text[:40]}'") from error
    if moment is None:
        raise TimeUnreadableError(f"has the unreadable time '{text[:40]}'")
    return moment


def _relative(text: str, day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a form that needs the day of collection, or None for another form."""
    ago, clock, month_day = _AGO.fullmatch(text), _CLOCK.fullmatch(text), _MONTH_DAY.fullmatch(text)
    if not (text == "刚刚" or ago or clock or month_day):
        return None
    if day is None:
        raise TimeUnreadableError(f"has the time '{text[:40]}', relative to a day that the file does not tell")
    end = datetime.combine(day, time(23, 59, 59), zone)
    if ago:
        return end - timedelta(seconds=int(ago[1]) * _UNIT_SECONDS[ago[2]])
    if clock:
        past = day - timedelta(days=_DAYS_BACK[clock[1]])
        return datetime.combine(past, time(int(clock[2]), int(clock[3])), zone)
    if month_day:
        of_year = date(day.year, int(month_day[1]), int(month_day[2]))
        if of_year > day:
            of_year = of_year.replace(year=day.year - 1)
        return datetime.combine(of_year, time(int(month_day[3] or 0), int(month_day[4] or 0)), zone)
    return end
