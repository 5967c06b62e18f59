"""What a simulation knows to be true."""

from __future__ import annotations

import dataframely as dy


class EvaluationTruth(dy.Schema):
    """What a simulation knows to be true. Written by the evaluation, read by published_comparison alone."""

    signal = dy.String(description="steel, parking, commuting, sector, solar, composite")
    key = dy.String(description="country code, province, city, site_id or sector")
    date = dy.Date(description="day")
    value = dy.Float64(description="percent of normal; for solar km2")
