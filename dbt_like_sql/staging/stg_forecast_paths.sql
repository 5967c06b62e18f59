-- description: Forecast values by the day on which they were made.
-- partition: as_of
-- unique: as_of, method, signal, region, day
-- owner: team:analytics
-- column as_of: day on which the forecast was made
-- column day: day that is forecast
select day as as_of, method, signal, region, date as day, value, lower, upper
from lake.forecast_paths
