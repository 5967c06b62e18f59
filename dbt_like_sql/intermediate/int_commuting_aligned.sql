-- description: Each day beside a normal day of the year before: days of the same working status within 5 days of the
--   partner day (same lunar month and day), through which a line is laid and read at the partner day, nearer days
--   weighing more (6 - distance). With fewer than 4 such days, or none on one side, their weighted mean. The line
--   matters before the festival, when every day is emptier than the one before it.
-- partition: day
-- lookahead: 396 days
-- unique: city, route, day
-- owner: team:analytics
-- column route: pings or index
-- column is_workday: official working day
-- column baseline_day: partner day; for a day without one (the 30th of a short lunar month) the day after its neighbour's
-- column baseline_kind: lunar, weekday or interpolated
-- column baseline_days: days of the year before that the baseline is made of; 0: there is none
-- column baseline_level: normal level of that day; null without days
-- column baseline_commuters: the same in devices of the panel of the year before (or in the index's unit)
-- column baseline_variance: squared relative standard error of baseline_level from sampling devices
-- column baseline_leverage: sum of the squared weights of its days: share of one day's own noise that it carries
with calendar as (
    select
        date as day,
        is_workday,
        coalesce(partner, lag(partner) over (order by date) + 1) as partner,
        coalesce(partner_kind, 'interpolated') as kind
    from lake.calendar
),

levels as (
    select s.city, s.route, s.day, s.level, s.commuters, s.panel, s.variance, c.is_workday, c.partner, c.kind
    from staging.stg_city_commuters as s
    inner join calendar as c on s.day = c.day
),

pairs as (
    select
        t.city,
        t.route,
        t.day,
        b.level,
        b.commuters,
        b.variance,
        (b.day - t.partner)::double as x,
        (6 - abs(b.day - t.partner))::double as w
    from levels as t
    inner join levels as b
        on
            t.city = b.city
            and t.route = b.route
            and t.is_workday = b.is_workday
            and b.day between t.partner - 5 and t.partner + 5
),

moments as (
    select
        city,
        route,
        day,
        count(*) as n,
        sum(w) as s0,
        sum(w * x) as s1,
        sum(w * x * x) as s2,
        count(*) >= 4 and min(x) <= 0 and max(x) >= 0 as is_line
    from pairs
    group by city, route, day
),

weighted as (
    select
        p.city,
        p.route,
        p.day,
        p.level,
        p.commuters,
        p.variance,
        m.n,
        p.w * case when m.is_line then (m.s2 - m.s1 * p.x) / (m.s0 * m.s2 - m.s1 ** 2) else 1 / m.s0 end as a
    from pairs as p
    inner join moments as m on p.city = m.city and p.route = m.route and p.day = m.day
),

baselines as (
    select
        city,
        route,
        day,
        max(n) as n,
        greatest(least(sum(a * level order by day), max(level)), min(level)) as level,
        greatest(least(sum(a * commuters order by day), max(commuters)), min(commuters)) as commuters,
        sum(a ** 2 * level ** 2 * variance) as variance,
        sum(a ** 2) as leverage
    from weighted
    group by city, route, day
)

select
    t.city,
    t.route,
    t.day,
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
    b.leverage as baseline_leverage
from levels as t
left join baselines as b on t.city = b.city and t.route = b.route and t.day = b.day
