"""Raw assets: what sources offer for a day, checked record by record and landed in the lake.

Belongs here: one asset per kind of raw file, with retries, since a source may be away for a while.
Does not belong here: any judgement of what the data say.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from importlib import import_module
from itertools import chain
from typing import Any, cast

import dagster as dg
import polars as pl

from solarnet_assets.defs.daily import OWNERS, Day, counts_check, preview, run_days, table_metadata
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.resources import Project
from solarnet_assets.landing import BadInputError, Landing, Reader, rejects_frame
from solarnet_assets.sources.places import read_places
from solarnet_assets.storage.schemas import SCHEMAS

RETRIES = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def day_reader(project: Project, kind: str, reader: str) -> Callable[[date], Day]:
    """Return what lands the files that a kind's source offers for a day.

    Args:
        project: names source and options.
        kind: raw asset.
        reader: ``module:function`` below ``solarnet_assets``.
    """
    module, function = reader.split(":")
    read = cast("Reader", getattr(import_module(f"solarnet_assets.{module}"), function))
    source, options = project.source(kind), project.reader_options(kind)

    def _land(day: date) -> Day:
        landing, refused = read(source.files(day), day, options), source.refused(day)
        rejects = rejects_frame(refused)
        if isinstance(landing, Landing):
            return Day(
                replace(landing, rejects=pl.concat([landing.rejects, rejects]), n_in=landing.n_in + len(refused))
            )
        links = Landing(SCHEMAS[kind].create_empty(), rejects, len(refused))
        return Day(chain(landing, [links]))

    return _land


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
