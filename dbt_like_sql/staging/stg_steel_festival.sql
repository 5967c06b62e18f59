-- description: What is ordinary for mills on a day, from the same distance to the Spring Festival of the year before; one
--   row per place and day of the season, one row of the country (100 by definition) on other days. Activity is estimated
--   again for three weeks back, so these are wanted too.
-- partition: day
-- history: 21 days
-- unique: level, key, day
-- owner: team:analytics
-- column day: day that the ordinary level is of
select day, level, key, partner, ordinary, lower, upper, n_obs
from lake.steel_festival
