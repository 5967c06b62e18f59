"""What a simulation knows to be true, as an asset that no step of the pipeline makes.

The evaluation writes it (``solarnet_assets.evaluation``) and ``marts.published_comparison`` alone reads it.
"""

import dagster as dg

from solarnet_assets.defs.daily import OWNERS
from solarnet_assets.defs.shown import table_metadata

evaluation_truth = dg.AssetSpec(
    "evaluation_truth",
    group_name="evaluation",
    kinds={"parquet"},
    owners=OWNERS,
    tags={"layer": "evaluation"},
    metadata=table_metadata("evaluation_truth"),
    description="True values of a simulated country, to score measured ones. Empty outside a simulation.",
)
