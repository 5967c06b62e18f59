-- description: Thermal activity of steel mills with the ordinary Spring Festival dip set apart. `value` is percent of the
--   own baseline, as published; `ordinary` is what the days of the year before at the same distance from the festival
--   were, percent of the weeks around; `shock` is the one in percent of the other: 100 is an ordinary year. A place that
--   was not observed the year before takes the country's ordinary level; where nobody was, ordinary and shock are null.
-- partition: day
-- unique: level, region, day
-- owner: team:analytics
-- plot: region, day, shock, shock_lower, shock_upper
-- plot_where: level = 'country'
-- column level: country, region (province) or site
-- column region: country code, province or site_id
-- column day: day in the place's own time zone
-- column value: percent of the own baseline
-- column lower: lower limit of the 90 % interval of value
-- column upper: upper limit of the 90 % interval of value
-- column sampling_lower: lower limit of value had other mills been chosen (bootstrap over mills); null for fewer than five
-- column sampling_upper: upper limit of value had other mills been chosen
-- column partner: day of the year before that ordinary is of; null outside the season
-- column ordinary: ordinary level, percent of the weeks before and after the season; 100 outside the season
-- column ordinary_lower: lower limit of the 90 % interval of ordinary
-- column ordinary_upper: upper limit of the 90 % interval of ordinary
-- column shock: value in percent of ordinary
-- column shock_lower: lower limit of the 90 % interval of shock; errors of the two years are independent
-- column shock_upper: upper limit of the 90 % interval of shock
-- column n_obs: passes that inform value
with joined as (
    select
        a.*,
        coalesce(own.partner, country.partner) as partner,
        coalesce(own.ordinary, country.ordinary) as ordinary,
        coalesce(own.lower, country.lower) as ordinary_lower,
        coalesce(own.upper, country.upper) as ordinary_upper
    from staging.stg_steel_activity as a
    left join staging.stg_steel_festival as own on a.level = own.level and a.key = own.key and a.day = own.day
    left join staging.stg_steel_festival as country on country.level = 'country' and a.day = country.day
    where a.level in ('country', 'region', 'site')
),

shocks as (
    select *, 100 * value / nullif(ordinary, 0) as shock
    from joined
)

select
    level,
    key as region,
    day,
    value,
    lower,
    upper,
    sampling_lower,
    sampling_upper,
    partner,
    ordinary,
    ordinary_lower,
    ordinary_upper,
    shock,
    greatest(
        shock - 100 / ordinary * sqrt((value - lower) ** 2 + (shock / 100 * (ordinary_upper - ordinary)) ** 2), 0
    ) as shock_lower,
    shock + 100 / ordinary * sqrt((upper - value) ** 2 + (shock / 100 * (ordinary - ordinary_lower)) ** 2) as shock_upper,
    n_obs
from shocks
