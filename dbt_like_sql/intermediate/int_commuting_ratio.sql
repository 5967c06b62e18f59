-- description: Ratio of each day to its normal day, with everything that makes it uncertain. A day without a base of
--   its year is compared with the year before as it is, says so by an empty base, and is 5 % less certain.
-- partition: day
-- unique: variant, city, route, day, known_from
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column route: pings or index
-- column known_from: first day on which this was known
-- column known_until: day on which later files changed it; 9999-12-31: it stands
-- column ratio: level over baseline level over base; 1 is normal
-- column expected: commuting devices on a normal day with today's panel; null for an index
-- column habit: what is not left to chance on a normal day: 1 - habit is the squared relative error of one expected
--   device; null for an index
-- column dispersion: scatter of the year's normal days over sampling; 1 where unknown
-- column shared_variance: squared relative error that neighbouring days have in common: baseline and base
with bases as (
    select distinct variant, route, year, known_from as change
    from intermediate.int_commuting_dispersion
),

points as (
    select variant, city, route, day, known_from, known_from as as_of
    from intermediate.int_commuting_aligned
    union
    select a.variant, a.city, a.route, a.day, a.known_from, l.change as as_of
    from bases as l
    inner join intermediate.int_commuting_aligned as a
        on
            l.variant = a.variant
            and l.route = a.route
            and l.year = year(a.day)
            and l.change > a.known_from
            and l.change < a.known_until
),

aligned as (
    select
        a.variant,
        a.city,
        a.route,
        a.day,
        a.is_workday,
        a.level,
        a.commuters,
        a.panel,
        a.variance,
        a.baseline_day,
        a.baseline_kind,
        a.baseline_days,
        a.baseline_level,
        a.baseline_commuters,
        a.baseline_variance,
        a.baseline_scatter,
        a.baseline_drift,
        a.baseline_leverage,
        p.as_of as known_from,
        least(
            a.known_until,
            lead(p.as_of, 1, date '9999-12-31') over (
                partition by a.variant, a.city, a.route, a.day
                order by p.as_of
            )
        ) as known_until
    from points as p
    inner join intermediate.int_commuting_aligned as a
        on
            p.variant = a.variant
            and p.city = a.city
            and p.route = a.route
            and p.day = a.day
            and p.known_from = a.known_from
)

select
    a.variant,
    a.city,
    a.route,
    a.day,
    a.known_from,
    a.known_until,
    a.level,
    a.commuters,
    a.panel,
    a.is_workday,
    a.baseline_day,
    a.baseline_kind,
    a.baseline_days,
    a.baseline_commuters,
    b.base,
    coalesce(b.base_days, 0) as base_days,
    a.level / a.baseline_level / coalesce(b.base, 1) as ratio,
    case when v.per_panel then a.panel else 1 end * a.baseline_level * coalesce(b.base, 1) as expected,
    case
        when a.route = 'pings'
            then least(greatest(1 - coalesce(d.dispersion * (1 - least(d.normal_level, 0.98)), 1), 0), 0.98)
    end as habit,
    coalesce(d.dispersion, 1) as dispersion,
    greatest(
        coalesce(d.dispersion, 1)
        * greatest(a.baseline_variance, case a.route when 'index' then a.baseline_leverage * 0.0001 else 0 end),
        coalesce(a.baseline_scatter, 0)
    )
    + a.baseline_drift
    + coalesce(b.base_variance, 0.0025) as shared_variance
from aligned as a
inner join intermediate.int_commuting_variants as v on a.variant = v.variant
left join intermediate.int_commuting_base as b
    on
        a.variant = b.variant and a.city = b.city and a.route = b.route and year(a.day) = b.year
        and v.remove_base and a.known_from >= b.known_from and a.known_from < b.known_until
left join intermediate.int_commuting_dispersion as d
    on
        a.variant = d.variant and a.route = d.route and a.is_workday = d.is_workday and year(a.day) = d.year
        and a.known_from >= d.known_from and a.known_from < d.known_until
where a.baseline_level > 0
