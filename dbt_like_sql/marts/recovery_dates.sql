-- description: Day of return to a share of normal, by the day on which it was forecast, for every method: stack is the
--   forecast, straight_line the published method. The return is the first day on which the mean of the seven days about it
--   is at or above the threshold (straight_line: on which the line is).
-- partition: as_of
-- unique: as_of, method, signal, region, threshold
-- owner: team:analytics
-- column as_of: day on which the forecast was made
-- column threshold: percent of normal that is returned to
-- column date_median: middle day; null where it lies beyond the horizon
-- column date_lower: 5 % limit
-- column date_upper: 95 % limit; null beyond the horizon
-- column prob_by: probability of return by the horizon; null where the method is not identified
-- column prob_never: probability of no return by the horizon
-- column prob_by_7d: probability of return within 7 days
-- column prob_by_14d: probability of return within 14 days
-- column prob_by_28d: probability of return within 28 days
-- column note: why the method is not identified for this series; null where it is
select
    as_of,
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
    method,
    note
from staging.stg_forecast_dates
