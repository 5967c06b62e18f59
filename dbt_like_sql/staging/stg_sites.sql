-- description: Places that are watched from above, one row per site.
-- partition: none
-- unique: site_id
-- owner: team:analytics
select site_id, signal, name, "group", region, city, lon, lat, capacity
from lake.sites
