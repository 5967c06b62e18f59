"""The composite, forecasts and their scores."""

from __future__ import annotations

import dataframely as dy

from solarnet_assets.storage.schemas.columns import fraction


class RecoveryIndex(dy.Schema):
    """Composites as of the partition's day, for that day and the weeks before it."""

    level = dy.String(description="country, region (province) or city")
    region = dy.String(description="country code, province or city key")
    kind = dy.String(check=lambda c: c.is_in(["weights", "factor"]), description="weights or factor")
    date = dy.Date(description="day that is estimated; the partition's day is the as-of day")
    value = dy.Float64(description="percent of normal")
    lower = dy.Float64(description="5 % limit")
    upper = dy.Float64(description="95 % limit")
    parts = dy.List(
        dy.Struct(
            {
                "signal": dy.String(description="component"),
                "weight": dy.Float64(description="its share of the composite"),
                "loading": dy.Float64(
                    nullable=True, description="points for one standard deviation of the factor; null without a model"
                ),
                "value": dy.Float64(description="percent of normal: observed, estimated, or its common part"),
                "observed": dy.Bool(description="whether the day has it"),
                "contribution": dy.Float64(description="weight times distance from 100, points"),
            }
        ),
        description="what each component contributes",
    )


class ForecastPaths(dy.Schema):
    """Forecast values as of the partition's day."""

    method = dy.String(description="straight_line, no_change, local_level, logistic, gompertz or stack")
    signal = dy.String(description="signal")
    region = dy.String(description="country, province or city")
    date = dy.Date(description="day that is forecast")
    value = dy.Float64(description="percent of normal")
    lower = dy.Float64(description="5 % limit")
    upper = dy.Float64(description="95 % limit")
    quantiles = dy.List(
        dy.Float32(), nullable=True, description="21 quantiles at (i + 0.5) / 21, on the days that are scored"
    )


class ForecastDates(dy.Schema):
    """Day of return to a threshold, as of the partition's day."""

    method = dy.String(description="method of the path")
    signal = dy.String(description="signal")
    region = dy.String(description="country, province or city")
    threshold = dy.Float64(description="percent of normal")
    date_median = dy.Date(nullable=True, description="median day of return; null: not within the horizon")
    date_lower = dy.Date(nullable=True, description="5 % limit")
    date_upper = dy.Date(nullable=True, description="95 % limit; null: beyond the horizon")
    prob_by = fraction("probability of return within the horizon", nullable=True)
    prob_never = fraction("probability of no return within the horizon", nullable=True)
    prob_by_7d = fraction("probability of return within 7 days", nullable=True)
    prob_by_14d = fraction("probability of return within 14 days", nullable=True)
    prob_by_28d = fraction("probability of return within 28 days", nullable=True)
    horizon = dy.Date(description="last day that is looked at")
    note = dy.String(nullable=True, description="why the method is not identified; null where it is")


class ForecastScores(dy.Schema):
    """Forecasts of a day that has settled by the partition's day, scored by what is known of it then."""

    method = dy.String(description="method of the path")
    signal = dy.String(description="signal")
    region = dy.String(description="country, province or city")
    horizon = dy.Int64(min=1, description="days ahead")
    as_of = dy.Date(description="day on which the forecast was made")
    date = dy.Date(description="day that was forecast")
    value = dy.Float64(description="what came, percent of normal")
    crps = dy.Float64(min=0, description="continuous ranked probability score, points")
    covered = dy.Bool(description="the 90 % interval holds what came")
