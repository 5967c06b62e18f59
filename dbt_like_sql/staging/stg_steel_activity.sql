-- description: Thermal activity of steel mills, percent of the own baseline, one row per place and day: of the vintages that
--   estimate a day (its own and those of the 21 days after it) the newest one.
-- partition: day
-- lookback: 21 days
-- unique: level, key, day
-- owner: team:analytics
-- column day: day that is estimated
-- column as_of: day whose knowledge the estimate uses
select
    date as day,
    day as as_of,
    level,
    key,
    value,
    lower,
    upper,
    sampling_lower,
    sampling_upper,
    n_obs,
    evidence
from lake.steel_activity
where day between date and date + 21
qualify row_number() over (partition by level, key, date order by day desc) = 1
