-- description: The components of the composite side by side, one row per signal, area and day; of commuting one for each state of
--   knowledge. What steel and car parks were known to be within three weeks stands in their vintages.
-- partition: day
-- unique: signal, region, day, known_from
-- owner: team:analytics
-- column signal: steel, parking or commuting
-- column known_from: first day on which this was known
-- column known_until: day on which later files changed it; 9999-12-31: it stands
select signal, level, region, day, day as known_from, date '9999-12-31' as known_until, value, lower, upper, n_obs
from intermediate.int_area_activity
union all
select 'commuting' as signal, level, region, day, known_from, known_until, value, lower, upper, n_obs
from intermediate.int_area_commuting
