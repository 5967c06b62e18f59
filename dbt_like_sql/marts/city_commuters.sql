-- description: Commuters per city and day in percent of normal: the share of the active panel that commutes over the
--   share on a normal day of the year before (lunar day, same working status), over the base of the year. Days with few
--   commuters lean on their neighbours: a line through 2 days on either side, each day weighing by its precision, which
--   falls as the level may have changed by a fifth from day to day. Pings come first, a published index where there are none.
-- partition: day
-- lookback: 2 days
-- lookahead: 2 days
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
with ratios as (
    select *
    from intermediate.int_commuting_ratio
    where variant = 'as_set'
),

pairs as (
    select
        t.city,
        t.route,
        t.day,
        (n.day - t.day)::double as x,
        n.ratio,
        n.expected,
        n.habit,
        n.dispersion
    from ratios as t
    inner join ratios as n
        on t.city = n.city and t.route = n.route and n.day between t.day - 2 and t.day + 2
),

pilots as (
    select
        city,
        route,
        day,
        case route
            when 'pings' then greatest(sum(ratio * expected order by x), 0.5) / sum(expected order by x)
            else avg(ratio order by x)
        end as pilot
    from pairs
    group by city, route, day
),

noise as (
    select
        p.city,
        p.route,
        p.day,
        p.x,
        p.ratio,
        case p.route
            when 'pings' then greatest(1 - p.habit * q.pilot, 0.02) / (q.pilot * p.expected)
            else 0.0001 * p.dispersion
        end as own,
        0.5 * greatest(1 - q.pilot, 0) as stay
    from pairs as p
    inner join pilots as q on p.city = q.city and p.route = q.route and p.day = q.day
),

weights as (
    select city, route, day, x, ratio, own, stay, 1 / (own + 0.04 * abs(x)) as w
    from noise
),

moments as (
    select
        city,
        route,
        day,
        sum(w order by x) as s0,
        sum(w * x order by x) as s1,
        sum(w * x * x order by x) as s2,
        count(*) >= 4 and min(x) < 0 and max(x) > 0 as is_line
    from weights
    group by city, route, day
),

lines as (
    select
        w.city,
        w.route,
        w.day,
        w.x,
        w.ratio,
        w.own,
        w.stay,
        w.w * case when m.is_line then (m.s2 - m.s1 * w.x) / (m.s0 * m.s2 - m.s1 ** 2) else 1 / m.s0 end as a
    from weights as w
    inner join moments as m on w.city = m.city and w.route = m.route and w.day = m.day
),

pooled as (
    select
        city,
        route,
        day,
        greatest(least(sum(a * ratio order by x), max(ratio)), min(ratio)) as ratio,
        (1 - max(stay)) * sum(a ** 2 * own order by x) + max(stay) * min(own) as variance
    from lines
    group by city, route, day
),

figures as (
    select
        r.city,
        r.route,
        r.day,
        r.commuters,
        r.panel,
        r.baseline_day,
        r.baseline_kind,
        r.baseline_days,
        r.baseline_commuters,
        r.base,
        r.base_days,
        100 * r.ratio as value_day,
        100 * p.ratio as value,
        1.645 * sqrt(p.variance + r.shared_variance) as reach
    from ratios as r
    inner join pooled as p on r.city = p.city and r.route = p.route and r.day = p.day
),

routes as (
    select
        s.city,
        s.day,
        s.route,
        s.commuters,
        s.panel,
        s.epsilon,
        row_number() over (partition by s.city, s.day order by f.value is null, s.route desc) as place
    from staging.stg_city_commuters as s
    left join figures as f on s.city = f.city and s.route = f.route and s.day = f.day
)

select
    r.city,
    r.day,
    r.route,
    r.commuters,
    r.panel,
    f.baseline_day,
    f.baseline_kind,
    f.baseline_days,
    f.baseline_commuters,
    f.base,
    f.value_day,
    f.value,
    f.value * exp(-f.reach) as lower,
    f.value * exp(f.reach) as upper,
    coalesce(r.panel, f.baseline_days + f.base_days + 1, 1) as n_obs,
    r.epsilon
from routes as r
left join figures as f on r.city = f.city and r.route = f.route and r.day = f.day
where r.place = 1
