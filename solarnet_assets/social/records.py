"""Raw post files -> records: a post, or the sentence that refuses its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.social.formats import RawPost, read_line, read_row
from solarnet_assets.social.items import FormatUnknownError
from solarnet_assets.social.lines import MAX_LINE, Lines, read_lines, text_blocks
from solarnet_assets.social.refused import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable

CSV_NAMES = (".csv", ".csv.gz")
JSONL_NAMES = tuple(f".{kind}{packed}" for kind in ("jsonl", "ndjson", "json", "txt") for packed in ("", ".gz"))
CSV_COLUMNS = frozenset({"id", "created_at", "text"})


class Record(NamedTuple):
    """One line of a file, judged for its form only.

    Attributes:
        row: 0-based number of the line (CSV: of the record).
        post: what it holds, or the sentence that refuses it.
        sample: how it begins, where that is harmless.
    """

    row: int
    post: RawPost | str
    sample: bytes = b""


def read_records(file: RawFile, limit: int) -> Iterator[list[Record]]:
    """Yield the records of a file in lists of bounded size; empty lines are none.

    Args:
        file: JSON lines, a JSON array or CSV, by its name.
        limit: unpacked bytes after which it is refused.

    Raises:
        BadInputError: the file cannot be read (on); the sentence names it.
    """
    name = file.path.name.lower()
    try:
        if name.endswith(CSV_NAMES):
            yield from _csv_records(text_blocks(file, limit))
        elif name.endswith(JSONL_NAMES):
            yield from map(_judged, read_lines(file, limit))
        else:
            raise BadInputError("is neither JSONL nor CSV by its name, so it was not read")
    except BadInputError as error:
        raise BadInputError(f"The file {file.name} {error}.") from error


def _judged(part: Lines) -> list[Record]:
    records, good = [], part.good
    for row, line in enumerate(part.lines, part.first):
        if line is None:
            records.append(Record(row, f"The line is longer than {MAX_LINE >> 20} MiB."))
        elif line and (line[0] > 32 or bytes(line).strip()):
            records.append(Record(row, _read(line, good), _sample(line)))
    return records


def _sample(line: bytes | memoryview) -> bytes:
    """Return how a line begins, as far as that names nobody: in snscrape's own lines the _type comes first."""
    begin = bytes(line[:SAMPLE])
    return begin if begin.startswith(b'{"_type"') else begin[:8]


def _read(line: bytes | memoryview, good: bool) -> RawPost | str:
    try:
        if not good:
            bytes(line).decode()
        return read_line(line)
    except FormatUnknownError as error:
        return f"The line {error}."
    except UnicodeDecodeError:
        return "The line holds bytes that are not UTF-8."


def _csv_records(blocks: Iterable[bytes]) -> Iterator[list[Record]]:
    reader = csv.reader(_text_lines(blocks))
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise BadInputError(f"has no header that can be read: {error}") from error
    if missing := CSV_COLUMNS.difference(names):
        raise BadInputError(f"lacks the column(s) {', '.join(sorted(missing))}")
    records: list[Record] = []
    row = -1
    try:
        for row, cells in enumerate(filter(None, reader)):
            records.append(_csv_record(row, dict(zip(names, cells, strict=False))))
            if len(records) == 1000:
                yield records
                records = []
    except csv.Error as error:
        yield records
        raise BadInputError(f"cannot be read on after record {row + 1}: {error}") from error
    yield records


def _csv_record(row: int, cells: dict[str, str]) -> Record:
    try:
        ",".join(cells.values()).encode()
        return Record(row, read_row(cells))
    except UnicodeEncodeError:
        return Record(row, "The record holds bytes that are not UTF-8.")
    except FormatUnknownError as error:
        return Record(row, f"The record {error}.")


def _text_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines with their ends; bytes that are not UTF-8 become lone surrogates."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "surrogateescape") + "\n"
        if len(rest) > MAX_LINE:
            raise BadInputError(f"has a line longer than {MAX_LINE >> 20} MiB")
    yield rest.decode("utf-8", "surrogateescape")
