-- description: recovery_daily with every state of knowledge: what had settled as of a day is the row that was known then. Read for
--   days beyond the three weeks of marts.recovery_vintages.
-- partition: day
-- unique: signal, region, day, known_from
-- owner: team:analytics
-- column signal: steel, parking, commuting or composite
-- column known_from: first day on which this was known
-- column known_until: day on which later files changed it; 9999-12-31: it stands
select signal, region, level, day, known_from, known_until, value, lower, upper, n_obs
from intermediate.int_area_signals
union all
select 'composite' as signal, region, level, day, known_from, known_until, value, lower, upper, n_obs
from intermediate.int_composite
