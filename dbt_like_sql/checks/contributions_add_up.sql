-- description: The contributions of the components add up to the composite, and every composite has them.
-- asset: marts.index_contributions
-- partition: day
select i.kind, i.region, i.day, sum(c.contribution order by c.signal) as total, max(i.value) as value
from marts.recovery_index as i
left join marts.index_contributions as c on i.kind = c.kind and i.region = c.region and i.day = c.day
group by i.kind, i.region, i.day
having not coalesce(abs(sum(c.contribution order by c.signal) - (max(i.value) - 100)) <= 1e-6, false)
