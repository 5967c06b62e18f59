"""The tables of the lake: columns, types, units and meaning, one module per signal.

Writers are validated against these, Dagster's column view and the data dictionary are generated
from them, and an asset without partitions still has its columns in the warehouse.
"""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.activity import Activity
from solarnet_assets.storage.schemas.commuting import CityCommuters, DeviceDays, HomeWork
from solarnet_assets.storage.schemas.evaluation import EvaluationTruth
from solarnet_assets.storage.schemas.nowcast import ForecastDates, ForecastPaths, ForecastScores, RecoveryIndex
from solarnet_assets.storage.schemas.parking import LotCounts, LotIndex
from solarnet_assets.storage.schemas.places import Calendar, Cities, Sites
from solarnet_assets.storage.schemas.raw import LotImages, MobilityIndex, Pings, Posts, RawFiles, Scenes
from solarnet_assets.storage.schemas.social import SECTORS, PostLabels, SectorShares, SectorTrends
from solarnet_assets.storage.schemas.solar import SolarFarms, SolarPolygons
from solarnet_assets.storage.schemas.steel import Festival, SteelClusters, SteelObservations

__all__ = [
    "SCHEMAS",
    "SECTORS",
    "UNPARTITIONED",
    "Activity",
    "Calendar",
    "Cities",
    "CityCommuters",
    "DeviceDays",
    "EvaluationTruth",
    "Festival",
    "ForecastDates",
    "ForecastPaths",
    "ForecastScores",
    "HomeWork",
    "LotCounts",
    "LotImages",
    "LotIndex",
    "MobilityIndex",
    "Pings",
    "PostLabels",
    "Posts",
    "RawFiles",
    "RecoveryIndex",
    "Scenes",
    "SectorShares",
    "SectorTrends",
    "Sites",
    "SolarFarms",
    "SolarPolygons",
    "SteelClusters",
    "SteelObservations",
]

SCHEMAS: dict[str, type[dy.Schema]] = {
    "sites": Sites,
    "cities": Cities,
    "calendar": Calendar,
    "steel_scenes": Scenes,
    "solar_scenes": Scenes,
    "lot_images": LotImages,
    "pings": Pings,
    "mobility_index": MobilityIndex,
    "posts": Posts,
    "raw_files": RawFiles,
    "steel_observations": SteelObservations,
    "steel_clusters": SteelClusters,
    "steel_activity": Activity,
    "steel_festival": Festival,
    "solar_polygons": SolarPolygons,
    "solar_farms": SolarFarms,
    "lot_counts": LotCounts,
    "lot_index": LotIndex,
    "parking_activity": Activity,
    "device_days": DeviceDays,
    "home_work": HomeWork,
    "city_commuters": CityCommuters,
    "post_labels": PostLabels,
    "sector_shares": SectorShares,
    "sector_trends": SectorTrends,
    "recovery_index": RecoveryIndex,
    "forecast_paths": ForecastPaths,
    "forecast_dates": ForecastDates,
    "forecast_scores": ForecastScores,
    "evaluation_truth": EvaluationTruth,
}
"""Lake asset -> schema. Daily assets get a ``day`` column from their partition folder."""

UNPARTITIONED = frozenset({"sites", "cities", "calendar", "evaluation_truth"})
