-- description: Forecast values, by the day on which they were made, for every method: stack is the forecast, straight_line the
--   published method, the others what the stack is made of (every seventh day). A method that is not identified has no rows.
-- partition: as_of
-- lookahead: 28 days
-- unique: as_of, method, signal, region, day
-- owner: team:analytics
-- plot: signal, day, value, lower, upper
-- plot_where: as_of = (select max(as_of) from marts.recovery_forecast) and method = 'stack' and region = (select value from seeds.settings where name = 'country')
-- column as_of: day on which the forecast was made
-- column signal: signal of recovery_daily
-- column region: area of recovery_daily
-- column day: day that is forecast
-- column value: percent of normal
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column n_obs: days with a figure among the 28 days that end with as_of
-- column method: stack, straight_line, no_change, local_level, logistic or gompertz
with known as (
    select f.as_of, f.signal, f.region, count(r.day) as days
    from (select distinct as_of, signal, region from staging.stg_forecast_paths) as f
    left join marts.recovery_daily as r
        on f.signal = r.signal and f.region = r.region and r.day between f.as_of - 27 and f.as_of
    group by f.as_of, f.signal, f.region
)

select f.as_of, f.signal, f.region, f.day, f.value, f.lower, f.upper, k.days as n_obs, f.method
from staging.stg_forecast_paths as f
inner join known as k on f.as_of = k.as_of and f.signal = k.signal and f.region = k.region
