-- description: Every site with a figure is in the list of sites.
-- asset: marts.site_daily
-- partition: day
select signal, site_id, day
from marts.site_daily
where name is null
