-- description: Ratio of each day to its normal day, with everything that makes it uncertain. A day without a base of
--   its year is compared with the year before as it is, says so by an empty base, and is 5 % less certain.
-- partition: day
-- unique: variant, city, route, day
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column route: pings or index
-- column ratio: level over baseline level over base; 1 is normal
-- column expected: commuting devices on a normal day with today's panel; null for an index
-- column habit: what is not left to chance on a normal day: 1 - habit is the squared relative error of one expected
--   device; null for an index
-- column dispersion: scatter of the year's normal days over sampling; 1 where unknown
-- column shared_variance: squared relative error that neighbouring days have in common: baseline and base
select
    a.variant,
    a.city,
    a.route,
    a.day,
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
    + coalesce(b.base_variance, 0.0025) as shared_variance
from intermediate.int_commuting_aligned as a
inner join intermediate.int_commuting_variants as v on a.variant = v.variant
left join intermediate.int_commuting_base as b
    on
        a.variant = b.variant and a.city = b.city and a.route = b.route and year(a.day) = b.year
        and v.remove_base
left join intermediate.int_commuting_dispersion as d
    on a.variant = d.variant and a.route = d.route and a.is_workday = d.is_workday and year(a.day) = d.year
where a.baseline_level > 0
