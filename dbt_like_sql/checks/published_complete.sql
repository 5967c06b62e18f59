-- description: Every published figure is in the comparison, once, with its source.
-- asset: marts.published_comparison
select f.item, count(c.item) as times
from seeds.published_figures as f
left join marts.published_comparison as c on f.item = c.item
group by f.item
having count(c.item) <> 1 or count(c.published) <> 1 or count(c.published_source) <> 1
