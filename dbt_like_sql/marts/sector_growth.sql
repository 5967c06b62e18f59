-- description: Growth of a sector in posts, per day and language: share of active users, corrected for the classifier's error,
--   post-stratified by language and network and without the weekly rhythm, against the week up to 1 January 2020 and against
--   the median of the four weeks before it. Each growth has its own 90 % interval. Null, with a note, where there is no figure.
-- partition: day
-- unique: sector, lang, day
-- owner: team:analytics
-- column sector: remote_work, online_education, gaming, video_streaming, social_networking, e_commerce, express_delivery,
--   home_office (writes from home, first person) or office
-- column lang: all, en or zh
-- column day: day in the posts' time zone
-- column share: share of active users that day, weekday included; not stratified where there are no base weeks
-- column growth_pct: growth against the base, percent, of share / weekday_factor
-- column growth_pct_4w: growth against the median of the four weeks before the base day, percent
-- column lower: 5 % limit of growth_pct
-- column upper: 95 % limit of growth_pct
-- column lower_4w: 5 % limit of growth_pct_4w
-- column upper_4w: 95 % limit of growth_pct_4w
-- column n_obs: active users with a post of the sector that day
-- column share_lower: 5 % limit of share
-- column share_upper: 95 % limit of share
-- column present: part of the usual users whose network was there; the others are left out of the base too
select
    t.sector,
    t.lang,
    t.day,
    coalesce(t.share, s.share) as share,
    100 * (t.ratio - 1) as growth_pct,
    100 * (t.ratio_4w - 1) as growth_pct_4w,
    100 * (t.ratio_lower - 1) as lower,
    100 * (t.ratio_upper - 1) as upper,
    100 * (t.ratio_4w_lower - 1) as lower_4w,
    100 * (t.ratio_4w_upper - 1) as upper_4w,
    t.users_with as n_obs,
    t.users,
    coalesce(t.share_lower, s.share_lower) as share_lower,
    coalesce(t.share_upper, s.share_upper) as share_upper,
    t.weekday_factor,
    t.present,
    t.note
from staging.stg_sector_trends as t
left join staging.stg_sector_shares as s
    on t.day = s.day and t.sector = s.sector and t.lang = s.lang and s.network = 'all'
where t.days = 1
