-- description: Every published figure is in the comparison, once, with its source.
-- asset: marts.published_comparison
select f.item
from seeds.published_figures as f
left join marts.published_comparison as c on f.item = c.item
where c.item is null or c.published is null or c.published_source is null
