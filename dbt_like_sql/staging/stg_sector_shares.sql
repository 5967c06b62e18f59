-- description: Share of active users who wrote about a sector, per language, network and day, corrected for the classifier's
--   error, as the day was: nothing is weighted, no rhythm removed.
-- partition: day
-- unique: sector, lang, network, day
-- owner: team:analytics
-- column day: day in the posts' time zone
-- column sector: one of seven sectors, or home_office, office
-- column lang: all, en or zh
-- column network: all, or where it was posted
-- column users: active users that day
-- column users_with: active users with at least one post of the sector
-- column raw_share: users_with / users
-- column share: corrected share of active users
-- column share_lower: 5 % limit of share
-- column share_upper: 95 % limit of share
-- column sensitivity: share of users who wrote about it that are found
-- column false_rate: share of users who did not that are found all the same
select
    day,
    sector,
    lang,
    network,
    users,
    users_with,
    users_with / nullif(users, 0) as raw_share,
    share,
    share_lower,
    share_upper,
    sensitivity,
    false_rate
from lake.sector_shares
