"""Which files of a day belong together: a STAC item with its assets, or an image that stands alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from solarnet_assets.imagery.stac import IMAGE_SUFFIXES, Item, parse_item, read_json, resolve
from solarnet_assets.landing import BadInputError, RawFile

SIDECARS = frozenset({".xml", ".ovr", ".msk", ".tfw", ".wld", ".prj", ".md5", ".sha256", ".jpg", ".jpeg", ".geojson"})
"""Files that lie beside images and carry nothing that is read here."""

_TOKENS = re.compile(r"[_\-.]")
_QUALITY = re.compile(r"QA_PIXEL", re.IGNORECASE)
"""Landsat's quality band stands where Sentinel-2 has its SCL."""


@dataclass(frozen=True)
class Record:
    """One thing to land: an item, an image without an item, or a file that is refused.

    Attributes:
        name: file that messages name.
        item: what the STAC item says.
        image: the image, where there is no item.
        mask: scene classification that belongs to ``image``.
        refused: why the record cannot be used, known from its files alone.
    """

    name: str
    item: Item | None = None
    image: RawFile | None = None
    mask: RawFile | None = None
    refused: str | None = None


def group_records(files: Sequence[RawFile], suffixes: frozenset[str] = IMAGE_SUFFIXES) -> list[Record]:
    """Return the records among the files of a day, in order of their names.

    Args:
        files: what the source offers.
        suffixes: endings of images that may stand alone.
    """
    by_name = {file.name: file for file in sorted(files, key=lambda f: f.name)}
    records: list[Record] = []
    claimed: set[str] = set()
    for name, file in by_name.items():
        if PurePosixPath(name).suffix.lower() == ".json":
            record = _from_json(file)
            if record is not None:
                records.append(record)
            claimed |= {name} | _claims(record, name, by_name)
    rest = [file for name, file in by_name.items() if name not in claimed]
    masks = {_mask_key(file.name): file for file in rest if _is_mask(file.name)}
    records += [r for r in (_alone(file, suffixes, masks, rest) for file in rest) if r is not None]
    return sorted(records, key=lambda record: record.name)


def _from_json(file: RawFile) -> Record | None:
    try:
        content = read_json(file)
        if content.get("type") in {"Catalog", "Collection"}:
            return None
        return Record(file.name, item=parse_item(content, file.name))
    except BadInputError as error:
        return Record(file.name, refused=str(error))


def _claims(record: Record | None, name: str, files: Mapping[str, RawFile]) -> set[str]:
    """Return the files of an item: those it refers to, and those that carry its name.

    The latter even if the item is broken, so that its image does not pass for one without metadata.
    """
    if record is None:
        return set()
    stem = name.removesuffix(PurePosixPath(name).suffix)
    claimed = {other for other in files if other.startswith((f"{stem}.", f"{stem}_SCL.", f"{stem}_QA_PIXEL."))}
    for href in record.item.hrefs if record.item else ():
        try:
            claimed.add(resolve(href, name, files).name)
        except BadInputError:
            continue
    return claimed


def _alone(
    file: RawFile, suffixes: frozenset[str], masks: Mapping[tuple[str, ...], RawFile], rest: Sequence[RawFile]
) -> Record | None:
    suffix = PurePosixPath(file.name).suffix.lower()
    if suffix in SIDECARS:
        return None
    if suffix not in suffixes:
        return Record(file.name, refused=f"{file.name} is neither an image nor a STAC item")
    if not _is_mask(file.name):
        return Record(file.name, image=file, mask=_mask_of(file.name, masks))
    if any(_mask_of(other.name, {_mask_key(file.name): file}) for other in rest if not _is_mask(other.name)):
        return None
    return Record(file.name, refused=f"{file.name} is a scene classification without its scene")


def _tokens(name: str) -> tuple[str, ...]:
    path = PurePosixPath(name)
    return (str(path.parent), *_TOKENS.split(_QUALITY.sub("SCL", path.stem)))


def _is_mask(name: str) -> bool:
    return "SCL" in (token.upper() for token in _tokens(name)[1:])


def _mask_key(name: str) -> tuple[str, ...]:
    return tuple("SCL" if token.upper() == "SCL" else token for token in _tokens(name))


def _mask_of(name: str, masks: Mapping[tuple[str, ...], RawFile]) -> RawFile | None:
    """Return the classification whose name differs by the word SCL alone, added or in place of another word."""
    tokens = _tokens(name)
    places = range(1, len(tokens) + 1)
    added = ((*tokens[:i], "SCL", *tokens[i:]) for i in places)
    replaced = ((*tokens[:i], "SCL", *tokens[i + 1 :]) for i in places if i < len(tokens))
    return next((masks[key] for key in (*added, *replaced) if key in masks), None)
