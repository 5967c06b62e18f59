"""STAC items as they are in the field, 1.0 and 1.1, read without following anything outside the source.

Understood for bands: ``bands`` (1.1), ``eo:bands`` with ``raster:bands`` (1.0), or the asset's key; for the CRS
``proj:code`` and ``proj:epsg``; for the offset ``raster:offset``, ``raster:bands``,
``earthsearch:boa_offset_applied`` and ``s2:processing_baseline``.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from solarnet_assets.imagery.landsat import level_of
from solarnet_assets.imagery.radiometry import band_name, is_landsat
from solarnet_assets.landing import BadInputError, RawFile

MAX_ITEM_BYTES = 5_000_000
IMAGE_SUFFIXES = frozenset({".tif", ".tiff", ".jp2"})
MASK_KEYS = frozenset({"scl", "scl_20m", "scl-20m", "qa_pixel"})
"""Asset keys of a Sentinel-2 scene classification, and of Landsat's quality band."""

_NOT_DATA = frozenset({"thumbnail", "overview", "metadata", "cloud", "snow-ice"})
VISUAL = "visual"
"""A picture for people beside bands; where an item has nothing else, the picture is the data."""

FIRST_YEAR, LAST_YEAR = 1972, 2200
"""The first Landsat flew in 1972; beyond the last year no image has been taken, and from 9999 on zones have no day."""

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True)
class BandSource:
    """One band of a record: which file, which band in it, and its calibration where the item states one."""

    href: str
    index: int
    name: str
    scale: float | None = None
    offset: float | None = None


@dataclass(frozen=True)
class Item:
    """What a STAC item says, checked for type and range; hrefs are resolved later, only for what is used."""

    name: str
    id: str
    time: datetime
    platform: str
    bands: tuple[BandSource, ...]
    images: tuple[str, ...]
    mask: str | None = None
    epsg: int | None = None
    baseline: str | None = None
    offset_applied: bool = False
    sun_elevation: float | None = None
    off_nadir: float | None = None
    cloud_cover: float | None = None
    gsd: float | None = None
    hrefs: tuple[str, ...] = field(default=())
    level: int | None = None


def read_json(file: RawFile) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        BadInputError: too large, not UTF-8, not JSON, or not an object.
    """
    if file.path.stat().st_size > MAX_ITEM_BYTES:
        raise BadInputError(f"{file.name} is larger than {MAX_ITEM_BYTES:,} bytes, which no STAC item needs")
    try:
        content = json.loads(file.path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{file.name} is not JSON in UTF-8") from error
    if not isinstance(content, dict):
        raise BadInputError(f"{file.name} is JSON but not a STAC item")
    return content


def parse_item(content: Mapping[str, Any], name: str) -> Item:
    """Return the parts of a STAC item that are used here.

    Raises:
        BadInputError: not an item, or a part of it has the wrong type.
    """
    try:
        return _parse(content, name)
    except BadInputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadInputError(f"{name} is not a usable STAC item: {type(error).__name__} {str(error)[:80]}") from error


def _parse(content: Mapping[str, Any], name: str) -> Item:
    if content.get("type") != "Feature" or not isinstance(content.get("assets"), dict):
        raise BadInputError(f"{name} is JSON but not a STAC item with assets")
    properties = content.get("properties") or {}
    platform = visible(properties.get("platform") or "sentinel-2").lower().replace("_", "-")
    assets = content["assets"]
    mask = next((str(a["href"]) for key, a in assets.items() if key.lower() in MASK_KEYS), None)
    images = [(key, a) for key, a in assets.items() if _is_data(key, a)]
    data = [(key, a) for key, a in images if key.lower() != VISUAL] or images
    bands = tuple(band for key, asset in data for band in _bands(key, asset, platform))
    zenith = properties.get("s2:mean_solar_zenith")
    elevation = properties.get("view:sun_elevation", None if zenith is None else 90.0 - float(zenith))
    cover = _number(properties.get("eo:cloud_cover"), 0, 100)
    return Item(
        name=name,
        id=safe_identifier(content.get("id"), name),
        time=_time(properties, name),
        platform=platform,
        bands=bands,
        images=tuple(dict.fromkeys(str(asset["href"]) for _, asset in data)),
        mask=mask,
        epsg=_epsg(properties, [asset for _, asset in data], name),
        baseline=None
        if properties.get("s2:processing_baseline") is None
        else visible(properties["s2:processing_baseline"]),
        offset_applied=properties.get("earthsearch:boa_offset_applied") is True,
        sun_elevation=_number(elevation, -90, 90),
        off_nadir=_number(properties.get("view:off_nadir"), 0, 90),
        cloud_cover=None if cover is None else cover / 100,
        gsd=_number(properties.get("gsd"), 1e-3, 1e5),
        hrefs=tuple(str(asset["href"]) for asset in assets.values() if isinstance(asset, dict) and "href" in asset),
        level=level_of(properties.get("landsat:correction"), content.get("collection"), content.get("id"))
        if is_landsat(platform)
        else None,
    )


def safe_identifier(value: object, name: str) -> str:
    """Return an id fit for a file name: the given one, else the file's stem."""
    text = str(value or PurePosixPath(name).stem)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[:120]
    if not safe:
        raise BadInputError(f"{name} has an id without a letter or digit")
    return safe


def joined_id(scene: str, site: str) -> str:
    """Return the id of a scene over one of several sites, fit for a file name whatever the site is called."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", site)
    return f"{scene}.{plain}" if plain == site else f"{scene}.{plain}-{sha256(site.encode()).hexdigest()[:8]}"


def visible(value: object) -> str:
    """Return what a file calls something, on one line: visible characters, of which no name needs more than 80."""
    return "".join(c if c.isprintable() else "?" for c in str(value)[:80])


def parse_time(value: object, name: str) -> datetime:
    """Return an ISO 8601 time with its zone, in UTC.

    Raises:
        BadInputError: no time, one without zone, or one of a year without satellites.
    """
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadInputError(f"{name} has the time {str(value)[:40]!r}, which is not ISO 8601") from error
    if time.tzinfo is None:
        raise BadInputError(f"{name} has the time {value!s} without a time zone")
    if not FIRST_YEAR <= time.year < LAST_YEAR:
        raise BadInputError(f"{name} has the time {value!s}, outside {FIRST_YEAR} to {LAST_YEAR - 1}")
    return time.astimezone(UTC)


def _time(properties: Mapping[str, Any], name: str) -> datetime:
    value = properties.get("datetime") or properties.get("start_datetime")
    if value is None:
        raise BadInputError(f"{name} has no datetime")
    return parse_time(value, name)


def _number(value: object, low: float, high: float) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    number = float(value)  # type: ignore[arg-type]
    if not low <= number <= high:
        raise BadInputError(f"the item states {number:g} where {low:g} to {high:g} is possible")
    return number


def _epsg(properties: Mapping[str, Any], assets: Sequence[Mapping[str, Any]], name: str) -> int | None:
    places = [*assets, properties]
    code = next((p["proj:code"] for p in places if p.get("proj:code")), None)
    if code is None:
        code = next((p["proj:epsg"] for p in places if p.get("proj:epsg")), None)
    if code is None:
        return None
    found = re.fullmatch(r"(?:EPSG:)?(\d{4,6})", str(code), re.IGNORECASE)
    if found is None:
        raise BadInputError(f"{name} states the projection {str(code)[:40]!r}, which is not an EPSG code")
    return int(found[1])


def _is_data(key: str, asset: Any) -> bool:
    if not isinstance(asset, dict) or not isinstance(asset.get("href"), str):
        return False
    roles = asset.get("roles") or []
    suffix = PurePosixPath(asset["href"].split("?")[0]).suffix.lower()
    named = key.lower() in MASK_KEYS | _NOT_DATA
    return suffix in IMAGE_SUFFIXES | {".png"} and not named and not _NOT_DATA.intersection(roles)


def _bands(key: str, asset: Mapping[str, Any], platform: str) -> Iterator[BandSource]:
    rasters = asset.get("raster:bands") or []
    listed = asset.get("bands") or asset.get("eo:bands") or rasters or [{}]
    for number, band in enumerate(listed):
        both = {**(rasters[number] if number < len(rasters) else {}), **band}
        text = visible(both.get("name") or key)
        common = both.get("eo:common_name") or both.get("common_name")
        label = band_name(text, platform, common)
        if label == text and len(listed) == 1:
            label = band_name(key, platform, common)
        scale = _first(both, asset, "raster:scale", "scale")
        offset = _first(both, asset, "raster:offset", "offset")
        yield BandSource(str(asset["href"]), number + 1, label, scale, offset)


def _first(band: Mapping[str, Any], asset: Mapping[str, Any], key: str, old: str) -> float | None:
    value = band.get(key, band.get(old, asset.get(key)))
    return None if value is None else float(value)


def resolve(href: str, item: str, files: Mapping[str, RawFile]) -> RawFile:
    """Return the file that an asset refers to, among those that the source offers.

    Args:
        href: as the item has it.
        item: name of the item's file, relative to the source's root.
        files: the source's files of the day by name.

    Raises:
        BadInputError: the reference leaves the source, or there is no such file.
    """
    if _SCHEME.match(href) or href.startswith(("/", "\\")) or "\\" in href:
        raise BadInputError(f"{item} refers to {href[:80]!r}; only files beside it may be used")
    if ".." in PurePosixPath(href).parts:
        raise BadInputError(f"{item} refers to {href[:80]!r}, which leaves its folder")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(item), href))
    if path not in files:
        raise BadInputError(f"{item} refers to {href[:80]!r}, which is not there")
    return files[path]
