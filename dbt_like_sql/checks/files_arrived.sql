-- description: Pings, posts and indices that came on most days of the week before come on every day. A day without a file fails
--   nothing, its figures are missing until it comes: a share may not have been filled in time.
-- asset: marts.raw_files
-- partition: day
-- severity: warn
with days as (
    select kind, day, count(*) filter (file <> '') as files
    from marts.raw_files
    where kind in ('pings', 'posts', 'mobility_index')
    group by kind, day
)

select d.kind, d.day
from days as d
inner join days as b on d.kind = b.kind and b.day between d.day - 7 and d.day - 1 and b.files > 0
where d.files = 0
group by d.kind, d.day
having count(*) >= 5
