-- description: Share of a sector with fixed weights of language and network, and its ratio to the base and to the four weeks
--   before the base day, for the day and the seven days up to it.
-- partition: day
-- unique: sector, lang, days, day
-- owner: team:analytics
-- column day: last of the days, in the posts' time zone
-- column sector: one of seven sectors, or home_office, office
-- column lang: all, en or zh
-- column days: 1 or 7 days up to and with day
-- column users: active users of these days
-- column users_with: users with at least one post of the sector
-- column share: post-stratified, corrected share of active users
-- column weekday_factor: by which the days' weekdays lie above the mean weekday
-- column present: part of the usual users whose network was there
-- column base_share: share in the week up to the base day (1 January 2020), of the same networks
-- column weeks_share: median share of the four weeks before the base day
-- column ratio: share / weekday_factor / base_share; null where note says why
-- column ratio_4w: share / weekday_factor / weeks_share
-- column note: why a figure is missing, or what it leaves out
select
    day,
    sector,
    lang,
    days,
    users,
    users_with,
    share,
    share_lower,
    share_upper,
    weekday_factor,
    present,
    base_share,
    weeks_share,
    ratio,
    ratio_lower,
    ratio_upper,
    ratio_4w,
    ratio_4w_lower,
    ratio_4w_upper,
    note
from lake.sector_trends
