-- description: Day of return to a share of normal, by the day on which it was forecast.
-- partition: as_of
-- unique: as_of, method, signal, region, threshold
-- owner: team:analytics
-- column as_of: day on which the forecast was made
-- column threshold: percent of normal that is returned to
-- column date_median: middle day; null where it lies beyond the horizon
-- column date_lower: 5 % limit
-- column date_upper: 95 % limit; null beyond the horizon
-- column prob_by: probability of return by the horizon
select as_of, signal, region, threshold, date_median, date_lower, date_upper, prob_by, horizon, method
from staging.stg_forecast_dates
