-- description: Growth of a sector in posts, per day and language: corrected share of active users against 1 January 2020 (the
--   mean of the week up to it) and against the median of the four weeks before. Limits are at 90 %, on the log scale, and
--   include the error of the base; the classifier's sensitivity cancels in the ratio, its false positives do not. Null where
--   too few people wrote for a figure.
-- partition: day
-- unique: sector, lang, day
-- owner: team:analytics
-- column sector: remote_work, online_education, gaming, video_streaming, social_networking, e_commerce, express_delivery,
--   home_office (writes from home, first person) or office
-- column lang: all, en or zh
-- column day: day in the posts' time zone
-- column share: corrected share of active users
-- column growth_pct: growth against the base, percent
-- column growth_pct_4w: growth against the median of the four weeks before the base day, percent
-- column lower: 5 % limit of growth_pct
-- column upper: 95 % limit of growth_pct
-- column n_obs: active users with a post of the sector that day
with settings as (
    select
        max(case name when 'min_users' then value end)::int as min_users,
        max(case name when 'min_users_with' then value end)::int as min_users_with
    from seeds.sector_settings
),

ratios as (
    select
        s.day,
        s.sector,
        s.lang,
        s.share,
        s.users_with,
        b.weeks_share,
        b.base_share,
        coalesce(s.users >= t.min_users and b.base_users_with >= t.min_users_with and b.base_share > 0, false) as solid,
        greatest(s.share, s.sampling_sd / 4, 1e-9) as level,
        sqrt(
            b.spread * s.sampling_sd ^ 2 / greatest(s.share, s.sampling_sd, 1e-9) ^ 2
            + b.base_sampling_sd ^ 2 / b.base_share ^ 2
            + s.false_sd ^ 2 * (1 / greatest(s.share, s.sampling_sd, 1e-9) - 1 / b.base_share) ^ 2
        ) as log_sd
    from staging.stg_sector_shares as s
    left join intermediate.int_sector_base as b on s.sector = b.sector and s.lang = b.lang
    cross join settings as t
)

select
    sector,
    lang,
    day,
    share,
    case when solid then 100 * (share / base_share - 1) end as growth_pct,
    case when solid and weeks_share > 0 then 100 * (share / weeks_share - 1) end as growth_pct_4w,
    case
        when not solid then null
        when share <= 0 then -100
        else 100 * (level / base_share * exp(-1.645 * log_sd) - 1)
    end as lower,
    case when solid then 100 * (level / base_share * exp(1.645 * log_sd) - 1) end as upper,
    users_with as n_obs
from ratios
