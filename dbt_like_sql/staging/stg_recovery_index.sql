-- description: The composite by the dynamic factor model, one row per kind, area and day: of the vintages that estimate a day
--   (its own and those of the 21 days after it) the newest one.
-- partition: day
-- lookback: 21 days
-- unique: kind, region, day
-- owner: team:analytics
-- column kind: weights (fixed weights, what is missing estimated) or factor (what the components have in common)
-- column day: day that is estimated
-- column as_of: day whose knowledge the estimate uses
select date as day, day as as_of, kind, level, region, value, lower, upper, parts
from lake.recovery_index
where day between date and date + 21
qualify row_number() over (partition by kind, region, date order by day desc) = 1
