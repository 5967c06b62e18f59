"""Raw post files -> the ``posts`` table, in parts: a day, or a file of many days, never has to fit into memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from solarnet_assets.landing import BadInputError, Landing, RawFile
from solarnet_assets.social.formats import RawPost
from solarnet_assets.social.lines import MAX_BYTES
from solarnet_assets.social.records import Record, read_records
from solarnet_assets.social.refused import Refused, printable
from solarnet_assets.social.seen import Seen
from solarnet_assets.social.spool import SPOOLS, Spool
from solarnet_assets.social.text import language
from solarnet_assets.social.times import TimeUnreadableError, moment_of

DEFAULT_ZONE = "Asia/Shanghai"
PART_ROWS = 1 << 15
"""Posts of a part: 40 MB while they are Python objects."""

PART_CHARS = 1 << 25
"""Characters of a part, where posts are long."""

CACHED_CHARS = 100
"""Ids up to this length are hashed once while they keep coming; longer ones are nobody's."""

SCHEMA = pl.Schema(
    {
        "post": pl.UInt64(),
        "user": pl.UInt64(),
        "time": pl.Datetime("us", "UTC"),
        "text": pl.String(),
        "lang": pl.String(),
        "repost": pl.Boolean(),
        "network": pl.String(),
    }
)


@dataclass
class _Day:
    """The day that is read, and what waits for the end of its part."""

    day: date
    zone: ZoneInfo
    naive: ZoneInfo | None
    key: bytes
    refused: Refused = field(default_factory=Refused)
    seen: Seen = field(default_factory=Seen)
    files: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    chars: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    n_told: int = 0

    def __post_init__(self) -> None:
        midnight = datetime.combine(self.day, time(), self.zone)
        self.start = midnight.astimezone(UTC)
        self.end = datetime.combine(self.day + timedelta(days=1), time(), self.zone).astimezone(UTC)
        self.last = self.end - timedelta(seconds=1)
        self._user = lru_cache(1 << 16)(lambda network, user: self.hash(b"user", network, user))

    def user(self, network: str, user: str) -> int:
        """Return the keyed hash of an author."""
        return self._user(network, user) if len(user) <= CACHED_CHARS else self.hash(b"user", network, user)

    def hash(self, kind: bytes, network: str, value: str) -> int:
        """Return the keyed hash of an id (BLAKE2b with key and person, RFC 7693), 64 bits."""
        data = f"{network}:{value}".encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(data, digest_size=8, key=self.key, person=kind).digest(), "little")


def read_posts(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Return the posts of one local day at once; as :func:`stream_posts`, for days that fit into memory."""
    parts = list(stream_posts(files, day, options))
    frames, rejects = [part.frame for part in parts], [part.rejects for part in parts]
    n_in = sum(part.n_in for part in parts)
    return Landing(pl.concat(frames), pl.concat(rejects), n_in, counted=parts[-1].counted)


def stream_posts(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Iterator[Landing]:
    """Yield the posts of one local day in parts, and what was refused.

    Args:
        files: JSONL or CSV files. Of a ``whole`` file only the posts of ``day`` are taken; in a by-day
            file a post of another day is refused.
        day: calendar day in ``options['timezone']`` (default Asia/Shanghai).
        options: ``hash_key`` (bytes or str, required): key of the hashes of post and user ids; ``naive_timezone``:
            zone of times that name none; ``max_bytes`` of unpacked text in a file; ``scratch``: folder where files of
            many days wait, sorted by day.

    Yields:
        Landings with the columns of ``posts``, in the order of files and lines. ``n_in`` counts lines that are not
        empty (CSV: records) and files that could not be read (on); posts of other days in a ``whole`` file are none
        of this day's business.

    Raises:
        BadInputError: without a usable ``hash_key`` or time zone: a fault of the configuration.
    """
    out = _Day(
        day, _zone(options, "timezone") or ZoneInfo(DEFAULT_ZONE), _zone(options, "naive_timezone"), _key(options)
    )
    for file in files:
        out.files.append(file.name)
        try:
            for records in _records(file, out, options):
                for record in records:
                    _take(file, record, out)
                if len(out.rows) >= PART_ROWS or out.chars >= PART_CHARS:
                    yield _part(out)
        except BadInputError as error:
            if not file.whole or file.owns_undated:
                out.counted[file.name] += 1
                out.refused.add(file.name, str(error))
    yield _part(out)
    yield Landing(SCHEMA.to_frame(), out.refused.rest(), 0, counted=out.counted)


def _records(file: RawFile, out: _Day, options: Mapping[str, Any]) -> Iterator[list[Record]]:
    """Yield the records of a file, of one with many days from the second day on only those of the day."""
    limit = int(options.get("max_bytes", MAX_BYTES))

    def _day_of(post: RawPost) -> date | str:
        try:
            return moment_of(post, out.zone, out.naive, None).astimezone(out.zone).date()
        except TimeUnreadableError as error:
            return f"The post {error}."

    def _sorted() -> Spool:
        return Spool(read_records(file, limit), _day_of, options.get("scratch"))

    spool = SPOOLS.of(file, out.day, (out.zone, out.naive, limit), _sorted) if file.whole else None
    return read_records(file, limit) if spool is None else spool.records(out.day, file.owns_undated)


def _key(options: Mapping[str, Any]) -> bytes:
    key = options.get("hash_key", b"")
    key = key.encode() if isinstance(key, str) else key
    if not isinstance(key, bytes) or not 1 <= len(key) <= 64:
        raise BadInputError("Reading posts needs a hash_key of 1 to 64 bytes, with which user ids are hashed.")
    return key


def _zone(options: Mapping[str, Any], name: str) -> ZoneInfo | None:
    if not options.get(name):
        return None
    try:
        return ZoneInfo(str(options[name]))
    except (KeyError, ValueError, OSError) as error:
        raise BadInputError(f"The time zone '{options[name]}' is not known.") from error


def _take(file: RawFile, record: Record, out: _Day) -> None:
    """Judge one record: accept it, refuse it with a reason, or leave it to the day that it belongs to."""
    post = record.post
    if isinstance(post, str):
        _undated(file, record, post, out)
        return
    try:
        moment = moment_of(post, out.zone, out.naive, None if file.whole else out.last)
    except TimeUnreadableError as error:
        _undated(file, record, f"The post {error}.", out)
        return
    mine = out.start <= moment < out.end
    if file.whole and not mine:
        return
    out.counted[file.name] += 1
    if not isinstance(post.text, str) or not post.text.strip():
        out.refused.add(file.name, "The post has no text.", record.row, record.sample)
    elif not mine:
        local = f"'{moment.astimezone(out.zone).date()}'"
        reason = f"The post is not of {out.day}, as its file says, but of {local}."
        out.refused.add(file.name, reason, record.row, record.sample)
    else:
        key = post.key or f"{post.user}|{moment.isoformat()}|{post.text}"
        user = out.user(post.network, post.user or f"post:{key}")
        text = printable(post.text)
        out.chars += len(text)
        hashed = out.hash(b"post", post.network, key)
        micros = round(moment.timestamp() * 1e6)  # exact: seconds with 6 decimals fit into a double until 2255
        out.rows.append((hashed, user, micros, text, post.repost, post.network, len(out.files) - 1, record.row))


def _undated(file: RawFile, record: Record, sentence: str, out: _Day) -> None:
    if not file.whole or file.owns_undated:
        out.counted[file.name] += 1
        out.refused.add(file.name, sentence, record.row, record.sample)


def _part(out: _Day) -> Landing:
    """Return what waits as a part of the landing; posts whose id came before are refused."""
    rows, out.rows, out.chars = out.rows, [], 0
    n_in = out.counted.total() - out.n_told
    out.n_told += n_in
    if not rows:
        return Landing(SCHEMA.to_frame(), out.refused.take(), n_in)
    post, user, moment, text, repost, network, file, row = zip(*rows, strict=True)
    ids = np.array(post, np.uint64)
    before = out.seen.first(ids, np.array(file, np.uint32))
    for at in np.flatnonzero(before >= 0):
        reason = f"The post repeats the id of an earlier one in '{out.files[before[at]]}'."
        out.refused.add(out.files[file[at]], reason, row[at])
    frame = pl.DataFrame(
        {
            "post": ids,
            "user": np.array(user, np.uint64),
            "time": pl.Series(np.array(moment, np.int64)).cast(pl.Datetime("us", "UTC")),
            "text": pl.Series(text, dtype=pl.String),
            "repost": list(repost),
            "network": list(network),
        }
    )
    frame = frame.filter(before < 0).with_columns(lang=language(pl.col("text"))).select(SCHEMA.names())
    return Landing(frame, out.refused.take(), n_in)
