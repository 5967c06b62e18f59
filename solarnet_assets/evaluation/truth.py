"""What a simulation knows to be true, written where the comparison can read it."""

from __future__ import annotations

import polars as pl

from solarnet_assets.sql.folder import sql_folder
from solarnet_assets.storage.lake import Counts, Lake
from solarnet_assets.world.scenario import Scenario
from solarnet_assets.world.truth import truth

ASSET = "evaluation_truth"


def publish_truth(scenario: Scenario, lake: Lake, weights: pl.DataFrame | None = None) -> Counts:
    """Write the lake's ``evaluation_truth`` from a scenario.

    Args:
        scenario: the simulated country.
        lake: where the truth goes; only ``published_comparison`` and the evaluation read it.
        weights: composite weights (columns signal, weight); default: the seed that the warehouse uses.

    Returns:
        What was written.
    """
    known = truth(scenario)
    parts = [known, composite(known, composite_weights() if weights is None else weights)]
    return lake.write(ASSET, None, pl.concat(parts).sort("signal", "key", "date"))


def composite(known: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Weigh true components into the true composite.

    Args:
        known: columns signal, key, date, value.
        weights: columns signal, weight; they need not add up to one.

    Returns:
        Rows of signal ``composite`` for the keys and days on which every component with a weight is known.
    """
    used = weights.filter(pl.col("weight") > 0).with_columns(weight=pl.col("weight") / pl.col("weight").sum())
    return (
        known.join(used.select("signal", "weight"), on="signal", maintain_order="left")
        .group_by("key", "date")
        .agg(parts=pl.col("signal").n_unique(), value=(pl.col("weight") * pl.col("value")).sum())
        .filter(pl.col("parts") == used.height)
        .select(pl.lit("composite").alias("signal"), "key", "date", "value")
        .sort("key", "date")
    )


def composite_weights() -> pl.DataFrame:
    """Read the weights of the composite from the SQL folder's seed."""
    return pl.read_csv(sql_folder() / "seeds" / "composite_weights.csv").select("signal", "weight")
