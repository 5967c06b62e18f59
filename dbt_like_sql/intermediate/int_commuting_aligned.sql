-- description: Each day beside a normal day of the year before: days of the same working status within 5 days of the
--   partner day (same lunar month and day), through which a line is laid and read at the partner day, nearer days
--   weighing more (6 - distance). With fewer than 4 such days, or none on one side, their weighted mean. The line
--   matters before the festival, when every day is emptier than the one before it. Once for every variant of
--   int_commuting_variants.
-- partition: day
-- lookahead: 396 days
-- unique: variant, city, route, day, known_from
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column route: pings or index
-- column known_from: first day on which this was known
-- column known_until: day on which later files changed it; 9999-12-31: it stands
-- column is_workday: official working day
-- column level: share of the panel that commutes, at least half a device; commuters where not per panel; or the intensity
-- column variance: squared relative standard error of the level from sampling devices
-- column baseline_day: partner day; for a day without one (the 30th of a short lunar month) the day after its neighbour's
-- column baseline_kind: lunar, weekday or interpolated
-- column baseline_days: days of the year before that the baseline is made of; 0: there is none
-- column baseline_level: normal level of that day; null without days
-- column baseline_commuters: the same in devices of the panel of the year before (or in the index's unit)
-- column baseline_variance: squared relative standard error of baseline_level from sampling devices
-- column baseline_scatter: squared relative standard error of baseline_level from leaving out one of its days in turn
--   (delete-one jackknife; Efron and Stein 1981, doi:10.1214/aos/1176345462); null with fewer than 4 days
-- column baseline_drift: squared relative error of a baseline whose days all lie on one side of the partner day: 5 % for each
--   day that their mean lies away, as much as normal days change from day to day before the festival (ours); else 0
-- column baseline_leverage: sum of the squared weights of its days: share of one day's own noise that it carries
with calendar as (
    select
        c.date as day,
        c.is_workday,
        v.variant,
        v.match_working_days,
        case when v.align_lunar then coalesce(c.partner, lag(c.partner) over days + 1) else c.date - 364 end as partner,
        case when v.align_lunar then coalesce(c.partner_kind, 'interpolated') else 'weekday' end as kind
    from lake.calendar as c
    cross join intermediate.int_commuting_variants as v
    window days as (partition by v.variant order by c.date)
),

counts as (
    select
        s.*,
        v.variant,
        v.per_panel and s.route = 'pings' as is_share,
        case when v.correct_detection then s.commuters else s.commuters_seen end as used
    from staging.stg_city_commuters as s
    cross join intermediate.int_commuting_variants as v
    where s.route = 'pings' or v.variant not in ('correct_detection', 'per_panel')
),

levels as (
    select
        s.variant,
        s.city,
        s.route,
        s.day,
        s.known_from,
        s.known_until,
        s.used as commuters,
        s.panel,
        s.variance,
        c.is_workday,
        c.match_working_days,
        c.partner,
        c.kind,
        case when s.route = 'pings' then greatest(s.used, 0.5) else s.used end
        / case when s.is_share then s.panel else 1 end as level
    from counts as s
    inner join calendar as c on s.day = c.day and s.variant = c.variant
),

late as (
    select variant, city, route, day, known_from as change
    from levels
    where known_from > day
    union
    select variant, city, route, day, known_until as change
    from levels
    where known_until < date '9999-12-31'
),

points as (
    select variant, city, route, day, known_from as as_of
    from levels
    union
    select t.variant, t.city, t.route, t.day, b.change as as_of
    from late as b
    inner join levels as t
        on
            b.variant = t.variant
            and b.city = t.city
            and b.route = t.route
            and b.day between t.partner - 5 and t.partner + 5
    where b.change > t.known_from and b.change < t.known_until
),

targets as (
    select
        t.*,
        p.as_of,
        least(
            t.known_until,
            lead(p.as_of, 1, date '9999-12-31') over (
                partition by t.variant, t.city, t.route, t.day
                order by p.as_of
            )
        ) as ends
    from points as p
    inner join levels as t
        on
            p.variant = t.variant
            and p.city = t.city
            and p.route = t.route
            and p.day = t.day
            and p.as_of >= t.known_from
            and p.as_of < t.known_until
),

pairs as (
    select
        t.variant,
        t.city,
        t.route,
        t.day,
        t.as_of,
        b.level,
        b.commuters,
        b.variance,
        (b.day - t.partner)::double as x,
        (6 - abs(b.day - t.partner))::double as w
    from targets as t
    inner join levels as b
        on
            t.variant = b.variant
            and t.city = b.city
            and t.route = b.route
            and t.as_of >= b.known_from
            and t.as_of < b.known_until
            and (t.is_workday = b.is_workday or not t.match_working_days)
            and b.day between t.partner - 5 and t.partner + 5
    where t.match_working_days or b.day = t.partner
),

moments as (
    select
        variant,
        city,
        route,
        day,
        as_of,
        count(*) as n,
        sum(w order by x) as s0,
        sum(w * x order by x) as s1,
        sum(w * x * x order by x) as s2,
        sum(w * level order by x) as t0,
        sum(w * x * level order by x) as t1,
        count(*) >= 4 and min(x) <= 0 and max(x) >= 0 as is_line
    from pairs
    group by variant, city, route, day, as_of
),

weighted as (
    select
        p.variant,
        p.city,
        p.route,
        p.day,
        p.as_of,
        p.x,
        p.level,
        p.commuters,
        p.variance,
        m.n,
        p.w * case when m.is_line then (m.s2 - m.s1 * p.x) / (m.s0 * m.s2 - m.s1 ** 2) else 1 / m.s0 end as a,
        case
            when m.is_line and m.n >= 5
                then
                    (
                        (m.s2 - p.w * p.x ** 2) * (m.t0 - p.w * p.level)
                        - (m.s1 - p.w * p.x) * (m.t1 - p.w * p.x * p.level)
                    )
                    / ((m.s0 - p.w) * (m.s2 - p.w * p.x ** 2) - (m.s1 - p.w * p.x) ** 2)
            when m.n >= 4 then (m.t0 - p.w * p.level) / (m.s0 - p.w)
        end as left_out
    from pairs as p
    inner join moments as m
        on p.variant = m.variant and p.city = m.city and p.route = m.route and p.day = m.day and p.as_of = m.as_of
),

baselines as (
    select
        variant,
        city,
        route,
        day,
        as_of,
        max(n) as n,
        greatest(least(sum(a * level order by x), max(level)), min(level)) as level,
        greatest(least(sum(a * commuters order by x), max(commuters)), min(commuters)) as commuters,
        sum(a ** 2 * level ** 2 * variance order by x) as variance,
        (max(n) - 1) * var_pop(left_out order by x) as scatter,
        case when min(x) > 0 or max(x) < 0 then (0.05 * sum(a * x order by x)) ** 2 else 0 end as drift,
        sum(a ** 2 order by x) as leverage
    from weighted
    group by variant, city, route, day, as_of
)

select
    t.variant,
    t.city,
    t.route,
    t.day,
    t.as_of as known_from,
    t.ends as known_until,
    t.is_workday,
    t.level,
    t.commuters,
    t.panel,
    t.variance,
    t.partner as baseline_day,
    t.kind as baseline_kind,
    coalesce(b.n, 0) as baseline_days,
    b.level as baseline_level,
    b.commuters as baseline_commuters,
    b.variance / b.level ** 2 as baseline_variance,
    b.scatter / b.level ** 2 as baseline_scatter,
    b.drift as baseline_drift,
    b.leverage as baseline_leverage
from targets as t
left join baselines as b
    on
        t.variant = b.variant
        and t.city = b.city
        and t.route = b.route
        and t.day = b.day
        and t.as_of = b.as_of
