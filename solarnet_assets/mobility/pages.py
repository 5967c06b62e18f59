"""What the pages of a Parquet file unpack to, by their own headers: a footer can say anything.

A reader unpacks a page in one go, and 30 kB of zstd may be a page of 2 GB, whatever the footer says of its column. The
headers are Thrift in its compact form ("Thrift compact protocol encoding", thrift.apache.org), whose first two fields
in a PageHeader of parquet.thrift are the kind of the page and its size unpacked, and the third its size in the file.
No library that this project uses gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from solarnet_assets.landing import BadInputError

MOST_BYTES = 256 << 20
"""Of a page, unpacked; writers make pages of 1 MB, and dictionaries of up to 1 MB."""

MOST_HEADER = 1 << 16
"""Bytes of a header: statistics hold a smallest and a largest value."""

DICTIONARY = frozenset({2, 8})
DELTA_LENGTH, DELTA_TEXT = 6, 7
"""Encodings of parquet.thrift: places in a dictionary; texts in a row, and texts that begin like the one before."""

_STOP, _TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12
_DEEPEST = 8
_DATA = {0: (5, 2), 3: (8, 4)}
"""Kind of a page of data -> field of its own header, and where that says its encoding (field 1: its values)."""


@dataclass(frozen=True)
class Unpacked:
    """What the pages of a column chunk say of it.

    Attributes:
        size: bytes of all pages, unpacked: no value is longer.
        values: in all pages, nulls among them.
        encodings: of its pages of data, in order, neighbours once.
    """

    size: int
    values: int
    encodings: tuple[int, ...]

    @property
    def may_repeat(self) -> bool:
        """Whether a long value may be written once and read often."""
        return bool(set(self.encodings) & (DICTIONARY | {DELTA_TEXT}))


def unpacked(file: IO[bytes], name: str, chunk: Any, size: int) -> Unpacked:
    """Walk the pages of a column chunk.

    Args:
        file: Parquet file.
        name: of the column.
        chunk: its metadata, as pyarrow gives them.
        size: of the file.

    Raises:
        BadInputError: a page unpacks to more than ``MOST_BYTES``, or is not where the footer says.
    """
    total, values, encodings = 0, 0, list[int]()
    for page in _pages(file, chunk, size):
        if not 0 <= page.size <= MOST_BYTES:
            raise BadInputError(f"column {name} has a page that unpacks to {page.size:,} bytes")
        total, values = total + page.size, values + max(page.values, 0)
        if page.encoding is not None and page.encoding not in encodings[-1:]:
            encodings.append(page.encoding)
    return Unpacked(total, values, tuple(encodings))


@dataclass(frozen=True)
class _Page:
    size: int
    values: int = 0
    encoding: int | None = None


def _pages(file: IO[bytes], chunk: Any, size: int) -> Iterator[_Page]:
    """Yield each page of a chunk; those of a dictionary have no encoding of data."""
    at = min((start for start in (chunk.dictionary_page_offset, chunk.data_page_offset) if start), default=size)
    end = min(at + chunk.total_compressed_size, size)
    while at < end:
        file.seek(at)
        header = _Header(file.read(min(MOST_HEADER, end - at)))
        fields = header.struct()
        whole, packed = fields.get(2), fields.get(3)
        if not isinstance(whole, int) or not isinstance(packed, int) or packed < 0:
            raise BadInputError("the Parquet file is damaged or truncated (a page without its size)")
        kind = fields.get(1)
        place, coded = _DATA.get(kind, (0, 0)) if isinstance(kind, int) else (0, 0)
        told = fields.get(place)
        count, encoding = (told.get(1), told.get(coded)) if isinstance(told, dict) else (0, None)
        yield _Page(whole, count if isinstance(count, int) else 0, encoding if isinstance(encoding, int) else None)
        at += header.at + packed


class _Header:
    """Reads one struct from bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Return the whole numbers and structs of a struct by field; everything else is passed over."""
        if depth > _DEEPEST:
            raise BadInputError("the Parquet file is damaged or truncated (a page header nested too deeply)")
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind
        if _BYTE < kind <= _I64:
            return self._signed()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            head = self._byte()
            self._skip(head & 15, self._number() if head >> 4 == 15 else head >> 4, depth)
        elif kind == _MAP:
            raise BadInputError("the Parquet file is damaged or truncated (a page header with a map)")
        else:
            self._pass({_BYTE: 1, _DOUBLE: 8}[kind] if kind in (_BYTE, _DOUBLE) else self._number())
        return None

    def _skip(self, kind: int, count: int, depth: int) -> None:
        for _ in range(min(count, MOST_HEADER)):
            if kind in (_TRUE, _FALSE):
                self._pass(1)
            else:
                self._value(kind, depth + 1)

    def _pass(self, count: int) -> None:
        self.at += count
        if self.at > len(self.data):
            raise BadInputError("the Parquet file is damaged or truncated (a page header is cut off)")

    def _byte(self) -> int:
        self._pass(1)
        return self.data[self.at - 1]

    def _number(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value, shift = value | (byte & 127) << shift, shift + 7
            if shift > 63:
                raise BadInputError("the Parquet file is damaged or truncated (a number without end)")
        return value | byte << shift

    def _signed(self) -> int:
        value = self._number()
        return value >> 1 ^ -(value & 1)
