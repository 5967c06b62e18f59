"""Raw assets: what sources offer for a day, checked record by record and landed in the lake.

Belongs here: one asset per kind of raw file, with retries, since a source may be away for a while.
Does not belong here: any judgement of what the data say.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any, cast

import dagster as dg
import polars as pl

from solarnet_assets.config import KINDS
from solarnet_assets.defs.daily import OWNERS, Day, counts_check, run_days
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.plan import FOLLOWS
from solarnet_assets.defs.resources import Project
from solarnet_assets.defs.shown import preview, table_metadata
from solarnet_assets.landing import FILES_SCHEMA, IN_TIME, BadInputError, Landing, RawFile, Reader, rejects_frame
from solarnet_assets.sources.away import check_there
from solarnet_assets.sources.places import read_places
from solarnet_assets.sources.register import register
from solarnet_assets.storage.schemas import SCHEMAS
from solarnet_assets.storage.states import Before

WITH_STATES = frozenset({"steel_scenes", "lot_images", "pings"})
"""Kinds of which earlier states are kept: vintages are made of them. Rows of a published index say themselves when they
were known; nothing as of a day is made of posts and solar scenes."""

RETRIES = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def day_reader(project: Project, kind: str, reader: str) -> Callable[[date], Day]:
    """Return what lands the files that a kind's source offers for a day.

    Where files came late, the day is landed once more for each earlier state of knowledge, without them.

    Args:
        project: names source and options.
        kind: raw asset.
        reader: ``module:function`` below ``solarnet_assets``.
    """
    module, function = reader.split(":")
    read = cast("Reader", getattr(import_module(f"solarnet_assets.{module}"), function))
    source, options = project.source(kind), project.reader_options(kind)

    def _land(day: date) -> Day:
        files, links = source.files(day), rejects_frame(source.refused(day))
        if not files and project.config.source(kind):
            check_there(source, kind, project.lake)
        landed = read(files, day, options)
        late = _states(files, day, lambda some: read(some, day, options)) if kind in WITH_STATES else [day]
        earlier = {known: read([f for f in files if f.known(day) <= known], day, options) for known in late[:-1]}
        before = Before(late[-1], {known: _tables(part) for known, part in earlier.items()}) if earlier else None
        if not isinstance(landed, Landing):
            return Day(_streamed(landed, kind, day, files, links), before=before)
        blobs = {name: data for part in earlier.values() for name, data in getattr(part, "blobs", {}).items()}
        counted, refused = landed.counted, Counter(_by_file(landed.rejects)) + Counter(_by_file(links))
        whole = replace(
            landed,
            rejects=pl.concat([landed.rejects, links]),
            n_in=landed.n_in + links.height,
            blobs={**blobs, **landed.blobs},
            files=register(kind, day, files, counted, refused),
        )
        return Day(whole, before=before)

    return _land


def _states(
    files: Sequence[RawFile], day: date, read: Callable[[list[RawFile]], Landing | Iterator[Landing]]
) -> list[date]:
    """Return the days from which states of a day are known, the day itself first.

    A late file of many days makes a state of those days alone that it has records of: it is read once to know.
    """
    states = [day]
    for known in sorted({file.known(day) for file in files} - {day}):
        came = [file for file in files if file.known(day) == known]
        if all(file.whole for file in came):
            landed = read(came)
            if not sum(part.n_in for part in ([landed] if isinstance(landed, Landing) else landed)):
                continue
        states.append(known)
    return states


def _tables(landed: Landing | Iterator[Landing]) -> pl.DataFrame | Iterator[pl.DataFrame]:
    return landed.frame if isinstance(landed, Landing) else (part.frame for part in landed)


def _streamed(
    parts: Iterable[Landing], kind: str, day: date, files: Sequence[RawFile], links: pl.DataFrame
) -> Iterator[Landing]:
    """Yield the parts of a landing, and at last the links that were not followed and the register of files."""
    counted, refused = Counter[str](), Counter(_by_file(links))
    for part in parts:
        counted.update(part.counted)
        refused.update(_by_file(part.rejects))
        yield part
    table = register(kind, day, files, counted, refused)
    yield Landing(SCHEMAS[kind].create_empty(), links, links.height, files=table)


def _by_file(rejects: pl.DataFrame) -> dict[str, int]:
    return dict(rejects.group_by("file").agg(pl.col("records").sum()).iter_rows())


def raw_asset(name: str, reader: str, kinds: set[str], deps: list[str], description: str) -> dg.AssetsDefinition:
    """Return the daily asset of one kind of raw file.

    Args:
        name: lake asset and source key.
        reader: ``module:function`` below ``solarnet_assets``; imported when the asset runs.
        kinds: icons in the UI.
        deps: reference assets that the reader needs.
        description: what the asset holds.
    """

    @dg.asset(
        name=name,
        group_name="raw",
        partitions_def=DAILY,
        deps=deps,
        kinds=kinds,
        owners=OWNERS,
        tags={"layer": "raw"},
        retry_policy=RETRIES,
        check_specs=[counts_check(name)],
        metadata=table_metadata(name),
        description=description,
    )
    def _raw(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
        try:
            yield from run_days(context, project.lake, name, day_reader(project, name, reader))
        except BadInputError as error:
            raise dg.Failure(f"{name}: {error}", allow_retries=False) from error

    return _raw


def _place_asset(name: str, description: str) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        group_name="raw",
        kinds={"csv"},
        owners=OWNERS,
        tags={"layer": "raw"},
        metadata=table_metadata(name),
        description=description,
    )
    def _places(project: Project) -> dg.MaterializeResult[Any]:
        landing = read_places(project.config, name)
        counts = project.lake.write(name, None, landing)
        shown = {"dagster/row_count": counts.n_out, "quarantined": counts.n_quarantined}
        return dg.MaterializeResult(metadata={**shown, "preview": preview(landing.frame)})

    return _places


sites = _place_asset(
    "sites", "Steel mills, car parks and areas that are watched from above. One row of a CSV adds one."
)
cities = _place_asset("cities", "Cities whose commuters are counted. One row of a CSV adds one.")

steel_scenes = raw_asset(
    "steel_scenes",
    "imagery.ingest:read_scenes",
    {"cog", "geotiff"},
    ["sites"],
    "Sentinel-2 or Landsat scenes over steel mills: near and short-wave infrared, with scene classification.",
)
solar_scenes = raw_asset(
    "solar_scenes",
    "imagery.ingest:read_scenes",
    {"cog", "geotiff"},
    ["sites"],
    "Sentinel-2 scenes over areas that are searched for solar farms.",
)
lot_images = raw_asset(
    "lot_images",
    "imagery.ingest:read_lot_images",
    {"geotiff"},
    ["sites"],
    "Sub-metre images of car parks.",
)
pings = raw_asset(
    "pings",
    "mobility.readers:stream_pings",
    {"parquet", "polars"},
    ["cities"],
    "GPS pings with keyed-hashed device ids, by the city whose radius holds them.",
)
mobility_index = raw_asset(
    "mobility_index",
    "mobility.readers:read_index",
    {"csv"},
    ["cities"],
    "A published index of movement per city and day: another route to commuting where there are no pings.",
)
posts = raw_asset(
    "posts",
    "social.readers:stream_posts",
    {"json", "polars"},
    [],
    "Social posts as snscrape writes them, with keyed-hashed user ids. Texts never leave the lake.",
)


def files_of_day(project: Project, day: date) -> Day:
    """List the raw files of every configured kind; a kind without one has a row that says so."""
    found = [FILES_SCHEMA.to_frame()]
    for kind in KINDS:
        files = project.lake.files(kind, day)
        if files is not None and project.config.source(kind) is not None:
            found.append(files if files.height else _nothing(kind, day))
    frame = pl.concat(found)
    return Day(frame, {"files": frame.filter(pl.col("file") != "").height, "late": int((frame["arrived"] > day).sum())})


def _nothing(kind: str, day: date) -> pl.DataFrame:
    none = {"file": "", "records_in": 0, "records_kept": 0, "records_refused": 0}
    return pl.DataFrame([{"kind": kind, **none, "arrived": day, "arrival": IN_TIME}], schema=FILES_SCHEMA)


@dg.asset(
    group_name="raw",
    partitions_def=DAILY,
    deps=list(KINDS),
    kinds={"parquet"},
    owners=OWNERS,
    tags={"layer": "raw", **FOLLOWS},
    metadata=table_metadata("raw_files"),
    description="The register: which raw files each day of each kind was made of, with size, SHA-256, records in, kept "
    "and refused, and the day on which they had come.",
)
def raw_files(context: dg.AssetExecutionContext, project: Project) -> Iterator[Any]:
    """List the raw files of each day of the run."""
    yield from run_days(context, project.lake, "raw_files", lambda day: files_of_day(project, day))
