-- description: Cities whose commuters are counted, one row per city.
-- partition: none
-- unique: city
-- owner: team:analytics
select city, name, region, lon, lat, workforce
from lake.cities
