-- description: Days of return to a threshold by the day on which they were forecast.
-- partition: as_of
-- unique: as_of, method, signal, region, threshold
-- owner: team:analytics
-- column as_of: day on which the forecast was made
select
    day as as_of,
    method,
    signal,
    region,
    threshold,
    date_median,
    date_lower,
    date_upper,
    prob_by,
    prob_never,
    prob_by_7d,
    prob_by_14d,
    prob_by_28d,
    horizon,
    note
from lake.forecast_dates
