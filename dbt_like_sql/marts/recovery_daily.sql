-- description: Percent of normal by signal, area and day: steel (thermal activity, percent of the mills' own baseline,
--   which is not steel output), parking (vehicles, percent of the lots' own baseline), commuting (commuters in the active
--   panel against the aligned day of the year before) and their weighted composite. Nothing is carried
--   forward; what a composite lacks is estimated (intermediate.int_composite). As known now: what was known on earlier days
--   is in recovery_vintages.
-- partition: day
-- unique: signal, region, day
-- owner: team:analytics
-- plot: signal, day, value, lower, upper
-- plot_where: level = 'country'
-- column signal: steel, parking, commuting or composite
-- column region: country code, province or city key
-- column level: country, region (province) or city
-- column day: day in the place's own time zone
-- column value: percent of normal
-- column lower: lower limit of the 90 % interval, percent of normal
-- column upper: upper limit of the 90 % interval, percent of normal
-- column n_obs: satellite passes, images or devices that inform the value
select signal, region, level, day, value, lower, upper, n_obs
from intermediate.int_area_signals
where known_until = date '9999-12-31'
union all
select 'composite' as signal, region, level, day, value, lower, upper, n_obs
from intermediate.int_composite
where known_until = date '9999-12-31'
