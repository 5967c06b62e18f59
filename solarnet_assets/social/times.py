"""Times as posts carry them: ISO, date only, ctime, and the free-form ``createdAt`` of Weibo."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from solarnet_assets.social.formats import RawPost

MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6}
MONTHS |= {"Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12}

BEIJING = ZoneInfo("Asia/Shanghai")
"""Weibo's site writes its relative times and clocks in Beijing time, wherever its reader is."""

_CTIME = re.compile(r"\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})")
_AGO = re.compile(r"(\d{1,4}) ?(秒|分|小时|天)钟?[之以]?前")
_CLOCK = re.compile(r"(今天|昨天|前天) ?(?:(\d{1,2}):(\d\d)(?::\d\d)?)?")
_DATE = re.compile(r"(?:(\d{4}|\d\d)[-年/.])?(\d{1,2})[-月/.](\d{1,2})日?(?: ?(\d{1,2}):(\d\d)(?::(\d\d))?)?")
_NOW = frozenset({"刚刚", "刚才", "刚刚发布"})
_UNIT_SECONDS = {"秒": 1, "分": 60, "小时": 3600, "天": 86_400}
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}


LONGEST_ISO = len("2020-02-10T08:00:00.000000+00:00:00.000000")


class TimeUnreadableError(ValueError):
    """The text is not a time; the message completes the sentence 'The post ...'."""


def parse_time(value: object, now: datetime | None, zone: ZoneInfo, naive: ZoneInfo | None = None) -> datetime:
    """Return the moment of a post.

    A date without a time of day is the local midnight. Relative forms of Weibo ('5分钟前', '昨天 12:30', '02-10')
    are read against the moment of collection.

    Args:
        value: the field as it stands in the file.
        now: when the post was collected, with its zone; None where the file does not say so.
        zone: time zone of dates without a time of day.
        naive: zone of times that name none; None: they are refused.

    Returns:
        The moment in UTC.

    Raises:
        TimeUnreadableError: no time, a time of day without a zone, an unknown or impossible form.
    """
    if not isinstance(value, str) or not value.strip():
        raise TimeUnreadableError(
            "has no time" if value in (None, "") else f"has the time '{str(value)[:40]}', no text"
        )
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return _utc(lambda: _free_form(value.strip(), now, naive), value)
    if moment.tzinfo is UTC and 1 < moment.year < 9999:
        return moment
    if moment.tzinfo is None:
        if len(value) > len("2020-02-10") and naive is None:
            raise TimeUnreadableError(f"has the time '{value[:40]}', which names no time zone")
        moment = moment.replace(tzinfo=naive if naive and len(value) > len("2020-02-10") else zone)
    return _utc(lambda: moment, value)


def _utc(moment: Callable[[], datetime], text: str) -> datetime:
    try:
        found = moment().astimezone(UTC)
    except TimeUnreadableError:
        raise
    except (ValueError, KeyError, OverflowError) as error:
        raise TimeUnreadableError(f"has the impossible time '{text[:40]}'") from error
    if not 1 < found.year < 9999:  # no local day in every zone
        raise TimeUnreadableError(f"has the impossible time '{text[:40]}'")
    return found


def _free_form(text: str, now: datetime | None, naive: ZoneInfo | None) -> datetime:
    """Return the moment of one of Weibo's own forms, or of the ctime that Twitter's older interface shares."""
    if match := _CTIME.fullmatch(text):
        month, number, clock, offset, year = match.groups()
        return datetime.fromisoformat(f"{year}-{MONTHS[month]:02d}-{int(number):02d}T{clock}{offset[:3]}:{offset[3:]}")
    dated = _DATE.fullmatch(text)
    if dated and dated[1]:
        year = int(dated[1]) + (2000 if len(dated[1]) == 2 else 0)
        return _on(date(year, int(dated[2]), int(dated[3])), dated[4], dated[5], naive or BEIJING)
    ago, clock_of = _AGO.fullmatch(text), _CLOCK.fullmatch(text)
    if not (text in _NOW or ago or clock_of or dated):
        raise TimeUnreadableError(f"has the unreadable time '{text[:40]}'")
    if now is None:
        raise TimeUnreadableError(f"has the time '{text[:40]}', relative to a day that the file does not tell")
    if ago:
        return now - timedelta(seconds=int(ago[1]) * _UNIT_SECONDS[ago[2]])
    today = now.astimezone(BEIJING).date()
    if clock_of:
        return _on(today - timedelta(days=_DAYS_BACK[clock_of[1]]), clock_of[2], clock_of[3], BEIJING)
    if dated:
        of_year = date(today.year, int(dated[2]), int(dated[3]))
        return _on(of_year if of_year <= today else of_year.replace(year=today.year - 1), dated[4], dated[5], BEIJING)
    return now


def _on(day: date, hour: str | None, minute: str | None, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(int(hour or 0), int(minute or 0)), zone)


def moment_of(post: RawPost, zone: ZoneInfo, naive: ZoneInfo | None, otherwise: datetime | None) -> datetime:
    """Return when a post was written (UTC); relative times count back from its collection.

    Args:
        post: as it was read.
        zone: time zone of the place.
        naive: zone of times that name none.
        otherwise: stands for the moment of collection where the file does not tell it.

    Raises:
        TimeUnreadableError: as for :func:`parse_time`.
    """
    now = _collected(post.collected) or otherwise
    if post.network == "weibo":
        return parse_time(post.time, now, BEIJING, naive or BEIJING)
    return parse_time(post.time, now, zone, naive)


@lru_cache(1 << 10)
def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _collected(value: object) -> datetime | None:
    return _moment(value) if isinstance(value, str) and len(value) <= LONGEST_ISO else None
