-- description: Commuters per city and day in percent of normal: the share of the active panel that commutes over the
--   share on a normal day of the year before (lunar day, same working status), over the base of the year. Days with few
--   commuters lean on their neighbours: a line through 2 days on either side, each day weighing by its precision, which
--   falls as the level may have changed by a fifth from day to day. Pings come first, a published index where there are none.
--   As known now; intermediate.int_commuting_figures has what was known before late files came.
-- partition: day
-- unique: city, day
-- owner: team:analytics
-- column city: city key
-- column day: day in the city's own time zone
-- column route: pings, or index (a published index of movement)
-- column commuters: commuting devices that day, corrected for missed detections; for an index its value
-- column panel: devices that are seen that day and whose home and work are known; null for an index
-- column baseline_day: day of the year before that is compared with; null: none
-- column baseline_kind: lunar, weekday, or interpolated (a day that has no lunar partner)
-- column baseline_days: days within 5 days of baseline_day with the same working status that make the baseline
-- column baseline_commuters: commuting devices of the panel of the year before on such a day; for an index its value
-- column base: pre-outbreak ratio to the year before (2-16 January) that is divided by; null: not corrected
-- column value_day: percent of normal of that day by itself
-- column value: percent of normal
-- column lower: 5 % limit
-- column upper: 95 % limit
-- column n_obs: devices of the panel; for an index the days that the figure is made of
-- column epsilon: privacy budget of the noise in commuters and panel; null: no noise
select
    city,
    day,
    route,
    commuters,
    panel,
    baseline_day,
    baseline_kind,
    baseline_days,
    baseline_commuters,
    base,
    value_day,
    value,
    lower,
    upper,
    n_obs,
    epsilon
from intermediate.int_commuting_figures
where known_until = date '9999-12-31'
