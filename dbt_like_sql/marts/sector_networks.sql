-- description: Who wrote about a sector, per language, network and day: users, raw and corrected share with its 90 % interval,
--   as the day was. Growth is in marts.sector_growth, which holds the mix of languages and networks constant.
-- partition: day
-- unique: sector, lang, network, day
-- owner: team:analytics
select sector, lang, network, day, users, users_with, raw_share, share, share_lower, share_upper
from staging.stg_sector_shares
