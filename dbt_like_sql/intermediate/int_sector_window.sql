-- description: Growth of a sector over the seven days up to each day: the weekly rhythm is gone and so is most of the chance
--   of a single day. The published figures ("to mid-March") are read off this on 15 March 2020.
-- partition: day
-- lookahead: 6 days
-- unique: sector, lang, day
-- owner: team:analytics
-- column day: last of the seven days
-- column days: days with posts among them; fewer than 4 give no growth
-- column share: mean corrected share of active users, weighted by active users
-- column growth_pct: growth against the base, percent
-- column lower: 5 % limit of growth_pct
-- column upper: 95 % limit of growth_pct
-- column n_obs: users with a post of the sector, summed over the days
with settings as (
    select max(case name when 'min_users_with' then value end)::int as min_users_with
    from seeds.sector_settings
),

windows as (
    select
        d.day,
        s.sector,
        s.lang,
        count(*) as days,
        sum(s.users_with)::bigint as n_obs,
        sum(s.share * s.users order by s.day) / sum(s.users) as share,
        sqrt(sum((s.sampling_sd * s.users) ^ 2 order by s.day)) / sum(s.users) as sampling_sd,
        max(s.false_sd) as false_sd
    from (select distinct day from staging.stg_sector_shares) as d
    inner join staging.stg_sector_shares as s on s.day between d.day - 6 and d.day
    where s.users > 0
    group by d.day, s.sector, s.lang
),

ratios as (
    select
        w.day,
        w.sector,
        w.lang,
        w.days,
        w.n_obs,
        w.share,
        b.base_share,
        w.days >= 4 and w.share > 0 and b.base_share > 0 and b.base_users_with >= t.min_users_with as solid,
        sqrt(
            b.spread * w.sampling_sd ^ 2 / greatest(w.share, w.sampling_sd, 1e-9) ^ 2
            + b.base_sampling_sd ^ 2 / b.base_share ^ 2
            + w.false_sd ^ 2 * (1 / greatest(w.share, w.sampling_sd, 1e-9) - 1 / b.base_share) ^ 2
        ) as log_sd
    from windows as w
    inner join intermediate.int_sector_base as b on w.sector = b.sector and w.lang = b.lang
    cross join settings as t
)

select
    day,
    sector,
    lang,
    days,
    share,
    case when solid then 100 * (share / base_share - 1) end as growth_pct,
    case when solid then 100 * (share / base_share * exp(-1.645 * log_sd) - 1) end as lower,
    case when solid then 100 * (share / base_share * exp(1.645 * log_sd) - 1) end as upper,
    n_obs
from ratios
