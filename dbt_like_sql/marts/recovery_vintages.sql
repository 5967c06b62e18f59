-- description: recovery_daily as it was known on each day, 21 days back; what is older has settled and stands there. Commuting
--   leans on the two days after a day, so its newest two days are not known yet, and the
--   composite estimates them. Forecasts are made, and scored, from this.
-- partition: as_of
-- lookahead: 23 days
-- unique: as_of, signal, region, day
-- owner: team:analytics
-- column as_of: day on which the figure was known
-- column signal: steel, parking, commuting or composite
-- column region: country code, province or city key
-- column level: country, region (province) or city
-- column day: day that is estimated
-- column value: percent of normal
-- column lower: lower limit of the 90 % interval, percent of normal
-- column upper: upper limit of the 90 % interval, percent of normal
select as_of, signal, level, region, day, value, lower, upper
from intermediate.int_area_vintages
union all
select day as as_of, 'composite' as signal, level, region, date as day, value, lower, upper
from lake.recovery_index
where kind = 'weights' and day between date and date + 21
