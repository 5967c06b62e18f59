-- description: No image is both counted in and read as an index.
-- asset: marts.lot_occupancy_index
-- partition: day
-- blocking: yes
select i.image_id, i.day
from marts.lot_occupancy_index as i
inner join marts.lot_passes as p on i.image_id = p.image_id and i.day = p.day
