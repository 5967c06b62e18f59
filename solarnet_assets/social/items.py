"""snscrape's items as they are decoded: only the fields that are needed, whatever their JSON type.

A hostile value is so judged by whoever reads a field, and never trips the decoder (msgspec 0.22).
"""

from __future__ import annotations

import json
from typing import Any

import msgspec


class FormatUnknownError(ValueError):
    """The record is of no known format; the message completes the sentence 'The line ...'."""


class Author(msgspec.Struct, gc=False):
    """Who wrote an item; the fields of all networks together."""

    id: Any = None
    id_str: Any = None
    username: Any = None
    uid: Any = None
    screenname: Any = None
    account: Any = None
    url: Any = None


class Item(msgspec.Struct):
    """What is read of an item, of all schemas together; nested objects may be anything in a hostile file."""

    kind: Any = msgspec.field(name="_type", default=None)
    collected: Any = msgspec.field(name="_collected", default=None)
    id: Any = None
    id_str: Any = None
    url: Any = None
    cleanUrl: Any = None  # noqa: N815 - the names of the format
    date: Any = None
    created: Any = None
    createdAt: Any = None  # noqa: N815
    rawContent: Any = None  # noqa: N815
    content: Any = None
    renderedContent: Any = None  # noqa: N815
    text: Any = None
    longText: Any = None  # noqa: N815
    spoilerText: Any = None  # noqa: N815
    title: Any = None
    selftext: Any = None
    body: Any = None
    author: Any = None
    username: Any = None
    user: Author | str | float | bool | list[Any] | None = None
    retweetedTweet: Item | str | float | bool | list[Any] | None = None  # noqa: N815
    repostedPost: Item | str | float | bool | list[Any] | None = None  # noqa: N815
    toot: Item | str | float | bool | list[Any] | None = None


_decode = msgspec.json.Decoder(Item).decode


def decode(line: bytes | memoryview) -> tuple[Item, bool]:
    """Return the item in one JSON line, and whether its texts are free of halves of surrogate pairs.

    Raises:
        FormatUnknownError: the line is no JSON or no object.
    """
    try:
        return _decode(line), True
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return _slowly(bytes(line)), False


def _slowly(line: bytes) -> Item:
    """Decode what the fast decoder will not have: halves of surrogate pairs, NaN, numbers beyond a float."""
    try:
        found = json.loads(line)
        if isinstance(found, dict):
            return msgspec.convert(found, Item)
        raise FormatUnknownError("is JSON but not an object")
    except UnicodeDecodeError as error:
        raise FormatUnknownError("holds bytes that are not UTF-8") from error
    except RecursionError as error:
        raise FormatUnknownError("is nested too deeply") from error
    except ValueError as error:
        if isinstance(error, FormatUnknownError):
            raise
        raise FormatUnknownError("is not valid JSON") from error
