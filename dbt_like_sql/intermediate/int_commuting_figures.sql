-- description: Commuters per city and day in percent of normal, for each state of knowledge: two days after a day, when the days
--   that its figure leans on are there, and again whenever a late file changes it. Days with few commuters lean on their
--   neighbours: a line through 2 days on either side, each day weighing by its precision, which falls as the level may have
--   changed by a fifth from day to day. Pings come first, a published index where there are none.
-- partition: day
-- lookback: 2 days
-- lookahead: 2 days
-- unique: city, day, known_from
-- owner: team:analytics
-- column known_from: first day on which this was known, two days after the day or later
-- column known_until: day on which later files changed it; 9999-12-31: it stands
with ratios as (
    select *
    from intermediate.int_commuting_ratio
    where variant = 'as_set'
),

late as (
    select city, route, day, known_from as change
    from ratios
    where known_from > day
    union
    select city, route, day, known_until as change
    from ratios
    where known_until < date '9999-12-31'
),

points as (
    select city, route, day, greatest(known_from, day + 2) as as_of
    from ratios
    union
    select t.city, t.route, t.day, n.change as as_of
    from late as n
    inner join ratios as t
        on n.city = t.city and n.route = t.route and n.day between t.day - 2 and t.day + 2
    where n.change > t.day + 2
),

targets as (
    select
        t.*,
        p.as_of,
        least(
            t.known_until,
            lead(p.as_of, 1, date '9999-12-31') over (partition by t.city, t.route, t.day order by p.as_of)
        ) as ends
    from points as p
    inner join ratios as t
        on
            p.city = t.city
            and p.route = t.route
            and p.day = t.day
            and p.as_of >= t.known_from
            and p.as_of < t.known_until
),

pairs as (
    select
        t.city,
        t.route,
        t.day,
        t.as_of,
        (n.day - t.day)::double as x,
        n.ratio,
        n.expected,
        n.habit,
        n.dispersion
    from targets as t
    inner join ratios as n
        on
            t.city = n.city
            and t.route = n.route
            and n.day between t.day - 2 and t.day + 2
            and t.as_of >= n.known_from
            and t.as_of < n.known_until
),

pilots as (
    select
        city,
        route,
        day,
        as_of,
        case route
            when 'pings' then greatest(sum(ratio * expected order by x), 0.5) / sum(expected order by x)
            else avg(ratio order by x)
        end as pilot
    from pairs
    group by city, route, day, as_of
),

noise as (
    select
        p.city,
        p.route,
        p.day,
        p.as_of,
        p.x,
        p.ratio,
        case p.route
            when 'pings' then greatest(1 - p.habit * q.pilot, 0.02) / (q.pilot * p.expected)
            else 0.0001 * p.dispersion
        end as own,
        0.5 * greatest(1 - q.pilot, 0) as stay
    from pairs as p
    inner join pilots as q on p.city = q.city and p.route = q.route and p.day = q.day and p.as_of = q.as_of
),

weights as (
    select city, route, day, as_of, x, ratio, own, stay, 1 / (own + 0.04 * abs(x)) as w
    from noise
),

moments as (
    select
        city,
        route,
        day,
        as_of,
        sum(w order by x) as s0,
        sum(w * x order by x) as s1,
        sum(w * x * x order by x) as s2,
        count(*) >= 4 and min(x) < 0 and max(x) > 0 as is_line
    from weights
    group by city, route, day, as_of
),

lines as (
    select
        w.city,
        w.route,
        w.day,
        w.as_of,
        w.x,
        w.ratio,
        w.own,
        w.stay,
        w.w * case when m.is_line then (m.s2 - m.s1 * w.x) / (m.s0 * m.s2 - m.s1 ** 2) else 1 / m.s0 end as a
    from weights as w
    inner join moments as m on w.city = m.city and w.route = m.route and w.day = m.day and w.as_of = m.as_of
),

pooled as (
    select
        city,
        route,
        day,
        as_of,
        greatest(least(sum(a * ratio order by x), max(ratio)), min(ratio)) as ratio,
        (1 - max(stay)) * sum(a ** 2 * own order by x) + max(stay) * min(own) as variance
    from lines
    group by city, route, day, as_of
),

figures as (
    select
        r.city,
        r.route,
        r.day,
        r.as_of,
        r.ends,
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
    from targets as r
    inner join pooled as p on r.city = p.city and r.route = p.route and r.day = p.day and r.as_of = p.as_of
),

changes as (
    select city, day, greatest(known_from, day + 2) as as_of
    from staging.stg_city_commuters
    union
    select city, day, greatest(known_until, day + 2) as as_of
    from staging.stg_city_commuters
    where known_until < date '9999-12-31'
    union
    select city, day, as_of
    from figures
    union
    select city, day, ends as as_of
    from figures
    where ends < date '9999-12-31'
),

spans as (
    select
        city,
        day,
        as_of,
        lead(as_of, 1, date '9999-12-31') over (partition by city, day order by as_of) as ends
    from changes
),

routes as (
    select
        s.city,
        s.day,
        c.as_of as known_from,
        c.ends as known_until,
        s.route,
        s.commuters,
        s.panel,
        f.baseline_day,
        f.baseline_kind,
        f.baseline_days,
        f.baseline_commuters,
        f.base,
        f.value_day,
        f.value,
        f.value * exp(-f.reach) as lower,
        f.value * exp(f.reach) as upper,
        coalesce(s.panel, f.baseline_days + f.base_days + 1, 1) as n_obs,
        s.epsilon,
        row_number() over (
            partition by s.city, s.day, c.as_of
            order by f.value is null, s.route desc
        ) as place
    from spans as c
    inner join staging.stg_city_commuters as s
        on c.city = s.city and c.day = s.day and c.as_of >= s.known_from and c.as_of < s.known_until
    left join figures as f
        on
            s.city = f.city
            and s.route = f.route
            and s.day = f.day
            and c.as_of >= f.as_of
            and c.as_of < f.ends
)

select
    city,
    day,
    known_from,
    known_until,
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
from routes
where place = 1
