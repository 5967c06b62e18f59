-- description: The contributions of the components add up to the composite.
-- asset: marts.index_contributions
-- partition: day
select c.kind, c.region, c.day, sum(c.contribution order by c.signal) as total, max(i.value) as value
from marts.index_contributions as c
inner join marts.recovery_index as i on c.kind = i.kind and c.region = i.region and c.day = i.day
group by c.kind, c.region, c.day
having abs(sum(c.contribution order by c.signal) - (max(i.value) - 100)) > 1e-6
