"""What the pages of a Parquet file unpack to, by their own headers: a footer can say anything.

A reader unpacks a page in one go, and 30 kB of zstd may be a page of 2 GB, whatever the footer says of its column. The
headers are Thrift in its compact form ("Thrift compact protocol encoding", thrift.apache.org), whose first two fields
in a PageHeader of parquet.thrift are the kind of the page and its size unpacked, and the third its size in the file.
No library that this project uses gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from solarnet_assets.landing import BadInputError

MOST_BYTES = 256 << 20
"""Of a page, unpacked; writers make pages of 1 MB, and dictionaries of up to 1 MB."""

MOST_HEADER = 1 << 16
"""Bytes of a header: statistics hold a smallest and a largest value."""

_STOP, _TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12
_DEEPEST = 8


def check_pages(path: Path, columns: dict[str, list[Any]]) -> None:
    """Walk the pages of column chunks.

    Args:
        path: Parquet file.
        columns: name -> metadata of its chunks, as pyarrow gives them.

    Raises:
        BadInputError: a page unpacks to more than ``MOST_BYTES``, or is not where the footer says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        for name, chunks in columns.items():
            for chunk in chunks:
                for unpacked in _pages(file, chunk, size):
                    if not 0 <= unpacked <= MOST_BYTES:
                        raise BadInputError(f"column {name} has a page that unpacks to {unpacked:,} bytes")


def _pages(file: IO[bytes], chunk: Any, size: int) -> Iterator[int]:
    """Yield the unpacked size of each page of a chunk."""
    at = min((start for start in (chunk.dictionary_page_offset, chunk.data_page_offset) if start), default=size)
    end = min(at + chunk.total_compressed_size, size)
    while at < end:
        file.seek(at)
        header = _Header(file.read(min(MOST_HEADER, end - at)))
        fields = header.struct()
        unpacked, packed = fields.get(2), fields.get(3)
        if not isinstance(unpacked, int) or not isinstance(packed, int) or packed < 0:
            raise BadInputError("the Parquet file is damaged or truncated (a page without its size)")
        yield unpacked
        at += header.at + packed


class _Header:
    """Reads one struct from bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self, depth: int = 0) -> dict[int, int | None]:
        """Return the whole numbers of a struct by field; everything else is passed over."""
        if depth > _DEEPEST:
            raise BadInputError("the Parquet file is damaged or truncated (a page header nested too deeply)")
        fields: dict[int, int | None] = {}
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> int | None:
        if kind in (_TRUE, _FALSE):
            return kind
        if _BYTE < kind <= _I64:
            return self._signed()
        if kind == _STRUCT:
            self.struct(depth + 1)
        elif kind in (_LIST, _SET):
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
