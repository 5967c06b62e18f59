-- description: What growth is measured against, per sector and language: the mean of the days up to and with the base day
--   (1 January 2020), and the median of the four weeks before it. A single day, a holiday at that, is mostly chance.
-- partition: none
-- unique: sector, lang
-- owner: team:analytics
-- column base_day: day that growth is against
-- column base_days: days with posts in the mean
-- column base_users_with: users with a post of the sector over these days
-- column base_share: mean share over the base days, weighted by active users
-- column base_sampling_sd: standard deviation of base_share from sampling, spread between days included
-- column weeks_share: median share of the four weeks before the base day; null with fewer than 14 days
-- column spread: how much more days differ than sampling explains (variance ratio, at least 1), over the five weeks
with settings as (
    select
        max(case name when 'base_day' then value end)::date as base_day,
        max(case name when 'base_days' then value end)::int as base_days,
        max(case name when 'weeks_days' then value end)::int as weeks_days
    from seeds.sector_settings
),

days as (
    select
        s.day,
        s.sector,
        s.lang,
        s.users,
        s.users_with,
        s.share,
        s.sampling_sd,
        t.base_day,
        s.day between t.base_day - t.base_days + 1 and t.base_day as in_base,
        s.day between t.base_day - t.weeks_days and t.base_day - 1 as in_weeks
    from staging.stg_sector_shares as s
    inner join settings as t
        on s.day between t.base_day - greatest(t.weeks_days, t.base_days) and t.base_day
    where s.users > 0
),

sums as (
    select
        sector,
        lang,
        base_day,
        count(*) filter (where in_base) as base_days,
        sum(users_with) filter (where in_base) as base_users_with,
        sum(share * users order by day) filter (where in_base)
        / sum(users) filter (where in_base) as base_share,
        sqrt(sum((sampling_sd * users) ^ 2 order by day) filter (where in_base))
        / sum(users) filter (where in_base) as sampling_sd,
        case when count(*) filter (where in_weeks) >= 14 then median(share) filter (where in_weeks) end as weeks_share,
        case
            when count(*) >= 14 then var_samp(share order by day) / nullif(avg(sampling_sd ^ 2 order by day), 0)
        end as spread
    from days
    group by sector, lang, base_day
)

select
    sector,
    lang,
    base_day,
    base_days,
    base_users_with::bigint as base_users_with,
    base_share,
    sampling_sd * sqrt(greatest(coalesce(spread, 1), 1)) as base_sampling_sd,
    weeks_share,
    greatest(coalesce(spread, 1), 1) as spread
from sums
where base_days > 0
