-- description: The components of the composite side by side, one row per signal, area and day.
-- partition: day
-- unique: signal, region, day
-- owner: team:analytics
-- column signal: steel, parking or commuting
select signal, level, region, day, value, lower, upper, n_obs
from intermediate.int_area_activity
union all
select 'commuting' as signal, level, region, day, value, lower, upper, n_obs
from intermediate.int_area_commuting
