-- description: Growth of a sector over the seven days up to each day: the weekly rhythm is gone and so is most of the chance
--   of a single day. The published figures ("to mid-March") are read off this on 15 March 2020.
-- partition: day
-- unique: sector, lang, day
-- owner: team:analytics
-- column day: last of the seven days
-- column share: corrected share of active users over these days
-- column growth_pct: growth against the base, percent
-- column lower: 5 % limit of growth_pct
-- column upper: 95 % limit of growth_pct
-- column n_obs: users with a post of the sector, summed over the days
select
    day,
    sector,
    lang,
    share,
    100 * (ratio - 1) as growth_pct,
    100 * (ratio_lower - 1) as lower,
    100 * (ratio_upper - 1) as upper,
    users_with as n_obs,
    note
from staging.stg_sector_trends
where days = 7
