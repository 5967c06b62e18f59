-- description: Days of return to a threshold by the day on which they were forecast.
-- partition: as_of
-- unique: as_of, method, signal, region, threshold
-- owner: team:analytics
-- column as_of: day on which the forecast was made
select day as as_of, method, signal, region, threshold, date_median, date_lower, date_upper, prob_by, horizon
from lake.forecast_dates
