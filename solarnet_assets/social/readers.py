"""Raw post files -> the ``posts`` table: JSONL of snscrape and twscrape, CSV, plain or .gz, UTF-8 or UTF-16."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from solarnet_assets.landing import SAMPLE_CHARS, BadInputError, Landing, RawFile, reject, rejects_frame
from solarnet_assets.social.formats import FormatUnknownError, RawPost, read_item, read_row
from solarnet_assets.social.text import language
from solarnet_assets.social.times import TimeUnreadableError, parse_time

MAX_FILE_BYTES = 4 * 2**30
MAX_TEXT_CHARS = 20_000
DEFAULT_ZONE = "Asia/Shanghai"
CSV_NAMES = (".csv", ".csv.gz")
JSONL_NAMES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz", ".txt", ".txt.gz")
FRAME_SCHEMA = pl.Schema(
    [
        ("post", pl.UInt64),
        ("user", pl.UInt64),
        ("time", pl.Datetime("us", "UTC")),
        ("text", pl.String),
        ("repost", pl.Boolean),
        ("network", pl.String),
    ]
)


class FileUnreadableError(BadInputError):
    """A whole file cannot be read; the message is the sentence for its reject."""


@dataclass
class _Collector:
    """Accepted rows and rejects of one day, as they are read."""

    day: date
    zone: ZoneInfo
    key: bytes
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[int, tuple[str, int]] = field(default_factory=dict)
    n_in: int = 0

    def refuse(self, file: RawFile, row: int, sentence: str, sample: object) -> None:
        self.rejects.append(reject(file.name, sentence, row, _printable(str(sample)[:SAMPLE_CHARS])))

    def hash(self, kind: bytes, network: str, value: str) -> int:
        data = f"{network}:{value}".encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(data, digest_size=8, key=self.key, person=kind).digest(), "little")


def read_posts(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Return the posts of one local day, and what was refused.

    Args:
        files: JSONL or CSV files. Of a ``whole`` file only the posts of ``day`` are taken; in a by-day
            file a post of another day is refused.
        day: calendar day in ``options['timezone']`` (default Asia/Shanghai).
        options: ``hash_key`` (bytes or str, required): key of the hashes of post and user ids.

    Returns:
        Landing with columns of the ``posts`` table. ``n_in`` counts non-empty lines (CSV: records) and
        unreadable files; posts of other days in a ``whole`` file are none of this day's business.

    Raises:
        BadInputError: without a usable ``hash_key`` or time zone: a fault of the configuration.
    """
    out = _Collector(day, _zone(options), _hash_key(options))
    for file in files:
        try:
            _read_file(file, out)
        except FileUnreadableError as error:
            out.n_in += 1
            out.rejects.append(reject(file.name, str(error)))
    frame = pl.DataFrame(out.rows, schema=FRAME_SCHEMA, orient="row")
    frame = frame.with_columns(lang=language(pl.col("text"))).select(
        "post", "user", "time", "text", "lang", "repost", "network"
    )
    return Landing(frame, rejects_frame(out.rejects), out.n_in)


def _hash_key(options: Mapping[str, Any]) -> bytes:
    key = options.get("hash_key", b"")
    key = key.encode() if isinstance(key, str) else key
    if not isinstance(key, bytes) or not 1 <= len(key) <= 64:
        raise BadInputError("Reading posts needs a hash_key of 1 to 64 bytes, with which user ids are hashed.")
    return key


def _zone(options: Mapping[str, Any]) -> ZoneInfo:
    name = str(options.get("timezone") or DEFAULT_ZONE)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadInputError(f"The time zone '{name}' is not known.") from error


def _read_file(file: RawFile, out: _Collector) -> None:
    name = file.path.name.lower()
    if name.endswith(CSV_NAMES):
        records = _csv_records(file, _text(file))
    elif name.endswith(JSONL_NAMES):
        records = _jsonl_records(_text(file))
    else:
        raise FileUnreadableError(f"The file {file.name} is neither JSONL nor CSV by its name, so it was not read.")
    for row, post, sample in records:
        _take(file, row, post, sample, out)


def _jsonl_records(text: str) -> Iterator[tuple[int, RawPost | str, str]]:
    """Yield (row, post or the sentence that refuses it, sample) for each line that is not empty."""
    loads = json.loads
    for row, line in enumerate(text.split("\n")):
        if not line or line.isspace():
            continue
        if not (line.isascii() or _encodable(line)):
            yield row, f"Line {row + 1} holds bytes that are not UTF-8.", line
            continue
        try:
            yield row, read_item(loads(line)), line
        except FormatUnknownError as error:
            yield row, f"Line {row + 1} {error}.", line
        except (ValueError, RecursionError):
            yield row, f"Line {row + 1} is not valid JSON.", line


def _csv_records(file: RawFile, text: str) -> Iterator[tuple[int, RawPost | str, str]]:
    """Yield (row, post or the sentence that refuses it, sample) for each record of a CSV file."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = {"id", "created_at", "text"} - set(reader.fieldnames or ())
    if missing:
        raise FileUnreadableError(f"The CSV file {file.name} lacks the column(s) {', '.join(sorted(missing))}.")
    row = -1
    try:
        for row, record in enumerate(reader):
            sample = str(record.get("text") or record)
            bad = not (sample.isascii() or _encodable(sample))
            yield row, f"Record {row + 1} holds bytes that are not UTF-8." if bad else read_row(record), sample
    except csv.Error as error:
        yield row + 1, f"The CSV file {file.name} cannot be read on after record {row + 1}: {error}.", ""


def _take(file: RawFile, row: int, post: RawPost | str, sample: str, out: _Collector) -> None:
    """Judge one record: accept it, refuse it with a reason, or leave it to the day that it belongs to."""
    if isinstance(post, str):
        _undated(file, row, post, sample, out)
        return
    try:
        moment = parse_time(post.time, None if file.whole else out.day, out.zone)
        local = moment.astimezone(out.zone).date()
    except (TimeUnreadableError, OverflowError) as error:
        _undated(file, row, f"The post {error}.", sample, out)
        return
    if file.whole and local != out.day:
        return
    out.n_in += 1
    if not isinstance(post.text, str) or not post.text.strip():
        out.refuse(file, row, "The post has no text.", sample)
    elif local != out.day:
        out.refuse(file, row, f"The post is of {local}, not of {out.day} as its file says.", sample)
    else:
        _accept(file, row, post, moment, out)


def _undated(file: RawFile, row: int, sentence: str, sample: str, out: _Collector) -> None:
    if not file.whole or file.owns_undated:
        out.n_in += 1
        out.refuse(file, row, sentence, sample)


def _accept(file: RawFile, row: int, post: RawPost, moment: datetime, out: _Collector) -> None:
    key = post.key or f"{post.user}|{moment.isoformat()}|{post.text}"
    hashed = out.hash(b"post", post.network, key)
    first = out.seen.setdefault(hashed, (file.name, row))
    if first != (file.name, row):
        out.refuse(file, row, f"The post repeats the id of an earlier one in {first[0]}.", post.text)
        return
    user = out.hash(b"user", post.network, post.user or f"post:{key}")
    out.rows.append((hashed, user, moment, _printable(post.text[:MAX_TEXT_CHARS]), post.repost, post.network))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    """Return the text with halves of surrogate pairs replaced: no table can hold them."""
    return text if text.isascii() or _encodable(text) else text.encode("utf-8", "replace").decode()


def _text(file: RawFile) -> str:
    """Return the text of a file, unpacked and decoded; bytes that are not UTF-8 become lone surrogates."""
    data = _bytes(file)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            sentence = f"The file {file.name} says it is UTF-16 but its byte {error.start} is not."
            raise FileUnreadableError(sentence) from error
    if b"\x00" in data[:4096]:
        raise FileUnreadableError(f"The file {file.name} is not text: UTF-16 without a byte-order mark, or binary.")
    return data.decode("utf-8-sig", "surrogateescape")


def _bytes(file: RawFile) -> bytes:
    """Return the bytes of a file, unpacked if gzip, within the size limit."""
    try:
        with file.path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            data = stream.read(MAX_FILE_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileUnreadableError(f"The gzip file {file.name} is damaged or cut off: {error}.") from error
    except OSError as error:
        raise FileUnreadableError(f"The file {file.name} cannot be opened: {error.strerror or error}.") from error
    if len(data) > MAX_FILE_BYTES:
        raise FileUnreadableError(f"The file {file.name} is larger than {MAX_FILE_BYTES // 2**30} GiB unpacked.")
    return data
