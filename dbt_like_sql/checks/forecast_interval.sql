-- description: Limits enclose the forecast, all three are finite, and no forecast is of a day before it was made.
-- asset: marts.recovery_forecast
-- partition: as_of
select as_of, method, signal, region, day, value, lower, upper
from marts.recovery_forecast
where not coalesce(isfinite(value) and lower <= value and value <= upper, false) or day < as_of
