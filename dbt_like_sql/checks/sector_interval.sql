-- description: Limits enclose share and growth, shares lie within 0 and 1, growth is never below -100 %, and a missing growth
--   has a note.
-- asset: marts.sector_growth
-- partition: day
select sector, lang, day, share, growth_pct, lower, upper, growth_pct_4w, lower_4w, upper_4w, note
from marts.sector_growth
where
    not coalesce(share between share_lower and share_upper and share_lower >= 0 and share_upper <= 1, true)
    or not coalesce(growth_pct between lower and upper and lower >= -100, true)
    or not coalesce(growth_pct_4w between lower_4w and upper_4w and lower_4w >= -100, true)
    or (growth_pct is null and note is null)
