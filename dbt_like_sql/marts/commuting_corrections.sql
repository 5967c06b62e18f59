-- description: What each correction does to a city's percent of normal: the figure of the day by itself with and without
--   it, all others as the settings say. Pings come first, a published index where there are none, which knows no panel
--   and no detection.
-- partition: day
-- unique: city, day, correction
-- owner: team:analytics
-- column city: city key
-- column day: day in the city's own time zone
-- column correction: align_lunar, match_working_days, remove_base, correct_detection or per_panel (seeds.settings)
-- column is_on: whether the published figure has it
-- column route: pings or index
-- column baseline_kind: lunar, weekday, or interpolated (a day that has no lunar partner); null: nothing to compare with
-- column value_with: percent of normal with the correction; null: nothing to compare with
-- column value_without: percent of normal without it
-- column effect: value_with - value_without, points
with figures as (
    select r.variant, r.city, r.route, r.day, r.baseline_kind, 100 * r.ratio as value
    from intermediate.int_commuting_ratio as r
    inner join marts.city_commuters as c on r.city = c.city and r.day = c.day and r.route = c.route
    where r.known_until = date '9999-12-31'
),

switches as (
    select name as correction, value = '1' as is_on
    from seeds.settings
    where name in ('align_lunar', 'match_working_days', 'remove_base', 'correct_detection', 'per_panel')
),

sides as (
    select
        f.city,
        f.day,
        s.correction,
        s.is_on,
        f.route,
        max(f.baseline_kind) filter (where f.variant = 'as_set') as baseline_kind,
        max(f.value) filter (where (f.variant = 'as_set') = s.is_on) as value_with,
        max(f.value) filter (where (f.variant = 'as_set') <> s.is_on) as value_without
    from figures as f
    inner join switches as s on f.variant in ('as_set', s.correction)
    where f.route = 'pings' or s.correction not in ('correct_detection', 'per_panel')
    group by f.city, f.day, s.correction, s.is_on, f.route
)

select
    city,
    day,
    correction,
    is_on,
    route,
    baseline_kind,
    value_with,
    value_without,
    value_with - value_without as effect
from sides
