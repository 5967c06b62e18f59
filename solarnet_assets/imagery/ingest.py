"""Readers of satellite scenes and of car park images: files of a day in, rows and refused records out.

A record is a STAC item with its assets, or an image that stands alone. A record that covers k sites counts k times,
because each site becomes a row of its own; one that covers none, or cannot be used, counts once and is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from solarnet_assets.imagery import geometry
from solarnet_assets.imagery.landed import Candidate, Landed, scene_candidate
from solarnet_assets.imagery.lots import lot_candidate
from solarnet_assets.imagery.raster import Grid
from solarnet_assets.imagery.records import Record, group_records
from solarnet_assets.imagery.stac import IMAGE_SUFFIXES, parse_time
from solarnet_assets.landing import BadInputError, Landing, RawFile, reject, rejects_frame
from solarnet_assets.storage.schemas import LotImages, Scenes

DEFAULT_TIMEZONE = "Asia/Shanghai"
Prepare = Callable[[Record, Mapping[str, RawFile], datetime, Mapping[str, Any]], Candidate]


@dataclass(frozen=True)
class Site:
    """A site of the asked signal: key, polygon (WKT, EPSG:4326) and its bounds in degrees."""

    site_id: str
    wkt: str
    bounds: tuple[float, float, float, float]


def read_scenes(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Land the satellite scenes of a day, one row per scene and site (lake schema ``Scenes``).

    Args:
        files: STAC items with their COG, TIFF or JPEG 2000 assets, and images without an item.
        day: local calendar day that the files belong to.
        options: ``sites`` (frame, schema ``Sites``) and ``signal`` (``steel`` or ``solar``); optional ``required``
            (bands a
            scene must have, alternatives by ``|``), ``gsd`` and ``margin`` (metres), ``timezone``; and for images
            without an item ``bands``, ``scale``, ``offset``, ``datetime``, ``site``, ``platform``, ``baseline``,
            ``sun_elevation``. An image without any time is dated to 10:30 local solar time.

    Returns:
        The rows, refused records and files; small single-file scenes keep their bytes, larger ones are cut to the site.
    """
    return _read(files, day, options, IMAGE_SUFFIXES, scene_candidate, Scenes)


def read_lot_images(files: Sequence[RawFile], day: date, options: Mapping[str, Any]) -> Landing:
    """Land the sub-metre images of car parks of a day, one row per image and car park (lake schema ``LotImages``).

    Args:
        files: STAC items with TIFF or JPEG 2000 assets, images without an item, PNG among them.
        day: local calendar day that the files belong to.
        options: ``sites`` (frame, schema ``Sites``); optional ``signal`` (``parking``), ``margin`` (metres),
            ``timezone``; and
            for images without an item ``gsd`` (metres), ``site``, ``datetime``, ``off_nadir``, ``sun_elevation``.
    """
    suffixes = IMAGE_SUFFIXES | {".png"}
    return _read(files, day, {"signal": "parking", **options}, suffixes, lot_candidate, LotImages)


def _read(
    files: Sequence[RawFile],
    day: date,
    options: Mapping[str, Any],
    suffixes: frozenset[str],
    prepare: Prepare,
    schema: type[dy.Schema],
) -> Landing:
    by_name = {file.name: file for file in files}
    sites = _sites(options["sites"], str(options["signal"]))
    rows: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    blobs: dict[str, bytes] = {}
    seen: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for record in group_records(files, suffixes):
        try:
            moment = _moment(record, by_name, day, options)
            if moment is None:
                continue
            candidate = prepare(record, by_name, moment, options)
            targets = _targets(candidate, sites, options)
            _refuse_twin(candidate, seen)
        except BadInputError as error:
            counted[record.name] += 1
            rejects.append(reject(record.name, str(error)))
            continue
        counted[record.name] += len(targets)
        for site in targets:
            landed = _land(candidate, site, len(targets))
            if isinstance(landed, str):
                rejects.append(reject(record.name, landed, sample=site.site_id))
                continue
            rows.append(landed.row)
            blobs |= landed.blobs
    frame = pl.DataFrame(rows, schema=schema.create_empty().schema)
    return Landing(frame, rejects_frame(rejects), counted.total(), blobs, counted)


def _sites(frame: pl.DataFrame, signal: str) -> list[Site]:
    chosen = frame.filter(pl.col("signal") == signal).sort("site_id")
    pairs = chosen.select("site_id", "geometry").iter_rows()
    return [Site(key, wkt, geometry.polygon_in(wkt, 4326).bounds) for key, wkt in pairs]


def _moment(record: Record, files: Mapping[str, RawFile], day: date, options: Mapping[str, Any]) -> datetime | None:
    """Return the time of a record, or None if it belongs to another day of a file that holds many."""
    file = files[record.name]
    zone = ZoneInfo(str(options.get("timezone", DEFAULT_TIMEZONE)))
    moment: datetime | None = None
    if record.item is not None:
        moment = record.item.time
    elif options.get("datetime") is not None:
        moment = parse_time(options["datetime"], record.name)
    if record.refused is not None or (moment is None and file.whole):
        if file.whole and not file.owns_undated:
            return None
        raise BadInputError(record.refused or f"{record.name} has no date in its name, its item or the options")
    if moment is None:
        return datetime.combine(day, time(12), tzinfo=zone)
    taken = moment.astimezone(zone).date()
    if file.whole and taken != day:
        return None
    if abs(taken - day) > timedelta(days=1):
        raise BadInputError(f"{record.name} was taken on {taken}, but lies among the files of {day}")
    return moment


def _targets(candidate: Candidate, sites: Sequence[Site], options: Mapping[str, Any]) -> list[Site]:
    wanted = options.get("site") if candidate.item is None else None
    if wanted is not None:
        named = [site for site in sites if site.site_id == wanted]
        if not named:
            raise BadInputError(
                f"{candidate.name}: the option 'site' names {wanted!r}, which is no site of this signal"
            )
        return named
    if candidate.grid is None:
        raise BadInputError(f"{candidate.name} has no position on the ground; name its site with the option 'site'")
    covered = covering(candidate.grid, sites)
    if not covered:
        lon, lat = geometry.centre_lonlat(candidate.grid)
        raise BadInputError(
            f"{candidate.name} covers none of the {len(sites)} sites; its centre is {lat:.3f}, {lon:.3f}"
        )
    return covered


def covering(grid: Grid, sites: Sequence[Site]) -> list[Site]:
    """Return the sites whose polygon overlaps a grid."""
    west, south, east, north = geometry.lonlat_bounds(grid)
    near = [
        s for s in sites if s.bounds[0] < east and s.bounds[2] > west and s.bounds[1] < north and s.bounds[3] > south
    ]
    return [site for site in near if geometry.seen_share(site.wkt, grid) > 0]


def _refuse_twin(candidate: Candidate, seen: dict[str, str]) -> None:
    for key, what in ((candidate.sha256, "has the same content as"), (candidate.id, "has the same id as")):
        if key in seen:
            raise BadInputError(f"{candidate.name} {what} {seen[key]}")
    seen[candidate.sha256] = seen[candidate.id] = candidate.name


def _land(candidate: Candidate, site: Site, count: int) -> Landed | str:
    try:
        return candidate.land(site.site_id, site.wkt, count)
    except BadInputError as error:
        return str(error)
