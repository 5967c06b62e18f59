"""Raw post files as lines, in blocks of bounded size: plain or gzip, UTF-8 or UTF-16, JSON lines or one JSON array.

Whatever a file claims to be is decided by its bytes. A file that cannot be read raises
:class:`~solarnet_assets.landing.BadInputError`, also when its end turns out to be damaged after its beginning was read.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

import msgspec

from solarnet_assets.landing import BadInputError, RawFile

BLOCK = 1 << 20
"""Bytes that are unpacked and split at once."""

MAX_LINE = 16 << 20
"""A longer line is refused; a post of snscrape has 1 to 20 kB."""

MAX_ARRAY = 256 << 20
"""A file that is one JSON array has to fit into memory; larger ones are refused as such."""

MAX_BYTES = 1 << 40
"""Unpacked text after which a file is refused."""

SUSPECT_BYTES, MOST_UNPACKED = 1 << 30, 200
"""A gzip that unpacks to more than this many bytes and times its size is a bomb; JSON lines reach 10 to 30."""

MAX_COMMAS = 4 << 20
"""Of a file that is one JSON array: it has one element more than commas at most, and each takes 250 bytes of memory."""

_LIKELY = 0.2
"""Share of zero bytes in one half of the byte pairs that makes a text UTF-16: at least JSON's marks are ASCII."""


@dataclass
class Lines:
    """Consecutive lines of a file.

    Attributes:
        first: 0-based number of the first one.
        lines: without their ends; None for a line that is too long to be read.
        good: all of them are valid UTF-8.
    """

    first: int
    lines: list[Any] = field(default_factory=list)
    good: bool = True


def read_lines(file: RawFile, limit: int = MAX_BYTES) -> Iterator[Lines]:
    """Yield the lines of a file; of one that is a JSON array its elements.

    Args:
        file: the raw file.
        limit: unpacked bytes after which it is refused.

    Raises:
        BadInputError: the file cannot be opened, is damaged, too large or no text.
    """
    blocks = text_blocks(file, limit)
    head = next(blocks, b"")
    if head.lstrip()[:1] == b"[":
        head, found = _array(head, blocks)
        if found is not None:
            yield Lines(0, found, _is_utf8(head))
            return
    yield from _split(head, blocks)


def _array(head: bytes, blocks: Iterator[bytes]) -> tuple[bytes, list[Any] | None]:
    """Return what was read and, where it is one JSON array, its elements; lines may begin with '[' as well."""
    parts = [head]
    while sum(map(len, parts)) <= MAX_ARRAY and (more := next(blocks, b"")):
        parts.append(more)
    data = b"".join(parts)
    if len(data) > MAX_ARRAY:
        raise BadInputError(f"begins as a JSON array and is larger than {MAX_ARRAY >> 20} MiB; write it as JSON lines")
    if data.count(b",") > MAX_COMMAS:
        raise BadInputError("begins as a JSON array and holds too many elements; write it as JSON lines")
    try:
        return data, [memoryview(raw) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return data, None


def _split(head: bytes, blocks: Iterator[bytes]) -> Iterator[Lines]:
    first, rest, skipping = 0, b"", False
    for block in _with(head, blocks):
        data = rest + block
        lines: list[Any] = data.split(b"\n")
        rest = lines.pop()
        if lines:
            if skipping:
                lines[0], skipping = None, False
            yield Lines(first, lines, data.isascii() or _is_utf8(data[: len(data) - len(rest)]))
            first += len(lines)
        if len(rest) > MAX_LINE or skipping:
            rest, skipping = b"", True
    yield Lines(first, [None] if skipping else [rest], _is_utf8(rest))


def _with(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _is_utf8(block: bytes) -> bool:
    """Whether there are no bytes that are not UTF-8."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def text_blocks(file: RawFile, limit: int = MAX_BYTES) -> Iterator[bytes]:
    """Yield a file as UTF-8 in blocks, unpacked and without its byte-order mark.

    Raises:
        BadInputError: as for :func:`read_lines`.
    """
    blocks = _unpacked(file, limit)
    head = next(blocks, b"")
    name = _utf16(head)
    if name is None:
        if b"\x00" in head[:4096]:
            raise BadInputError("is not text: it holds zero bytes")
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for block in _with(head, blocks):
            yield decoder.decode(block).encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")
    except UnicodeDecodeError as error:
        raise BadInputError("is UTF-16 with bytes that are not; what stands before them was read") from error


def _utf16(head: bytes) -> str | None:
    """Return the codec of a UTF-16 text, by its mark or, without one, by where its zero bytes are."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    sample = head[:4096]
    pairs, high, low = len(sample) // 2, sample[1::2].count(0), sample[::2].count(0)
    if pairs and max(high, low) > _LIKELY * pairs and min(high, low) < 0.1 * max(high, low):
        return "utf-16-le" if high > low else "utf-16-be"
    return None


def _unpacked(file: RawFile, limit: int) -> Iterator[bytes]:
    with ExitStack() as stack:
        try:
            handle: IO[bytes] = stack.enter_context(file.path.open("rb"))
            size = file.path.stat().st_size
        except OSError as error:
            raise BadInputError(f"cannot be opened: {error.strerror or error}") from error
        packed = handle.read(2) == b"\x1f\x8b"
        handle.seek(0)
        source: Any = stack.enter_context(gzip.open(handle)) if packed else handle
        done = 0
        while True:
            block, fault = _block(source)
            done += len(block)
            if done > limit or (packed and done > SUSPECT_BYTES and done > MOST_UNPACKED * size):
                raise BadInputError(f"unpacks to more than the limit of {min(limit, done):,} bytes")
            if block:
                yield block
            if fault is not None:
                raise BadInputError(f"is damaged or cut off ({fault}); what stands before was read") from fault
            if not block:
                return


def _block(source: Any) -> tuple[bytes, Exception | None]:
    """Read up to a block; what a damaged gzip gave before its fault is kept."""
    parts, left = [], BLOCK
    try:
        while left > 0 and (part := source.read1(left)):
            parts.append(part)
            left -= len(part)
    except (OSError, EOFError, zlib.error) as error:
        return b"".join(parts), error
    return b"".join(parts), None
