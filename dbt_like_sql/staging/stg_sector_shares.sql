-- description: Share of active users who wrote about a sector, per language and day, corrected for the classifier's error.
-- partition: day
-- history: 28 days
-- unique: sector, lang, day
-- owner: team:analytics
-- column day: day in the posts' time zone
-- column sector: one of seven sectors, or home_office, office
-- column lang: all, en or zh
-- column users: active users that day
-- column users_with: active users with at least one post of the sector
-- column share: corrected share of active users
-- column share_sd: standard deviation of share, sampling and classifier
-- column sampling_sd: its part from sampling, independent between days
-- column false_sd: its part from false positives, the same on every day
select day, sector, lang, users, users_with, share, share_sd, sampling_sd, false_sd
from lake.sector_shares
