-- description: Activity seen from above, both signals in one table, one row per signal, place and day.
-- partition: day
-- unique: signal, level, key, day
-- owner: team:analytics
-- column signal: steel or parking
-- column day: day that is estimated
select 'steel' as signal, level, key, day, as_of, value, lower, upper, n_obs, evidence
from staging.stg_steel_activity
union all
select 'parking' as signal, level, key, day, as_of, value, lower, upper, n_obs, evidence
from staging.stg_parking_activity
