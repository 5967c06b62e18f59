-- description: Weighted mean of the components of an area on the days on which all of them are there: nothing is carried
--   forward, and the membership never changes from day to day. Errors of different sensors are taken as independent.
--   The weights are ours (seeds.composite_weights); those of the published index are not known.
-- partition: day
-- unique: region, day
-- owner: team:analytics
-- column value: percent of normal
-- column lower: 5 % limit
-- column upper: 95 % limit
-- column n_obs: observations of all components
with weights as (
    select signal, weight / sum(weight) over () as weight, count(*) over () as components
    from seeds.composite_weights
    where weight > 0
)

select
    s.level,
    s.region,
    s.day,
    sum(w.weight * s.value order by s.signal) as value,
    greatest(
        sum(w.weight * s.value order by s.signal) - sqrt(sum((w.weight * (s.value - s.lower)) ** 2 order by s.signal)), 0
    ) as lower,
    sum(w.weight * s.value order by s.signal)
    + sqrt(sum((w.weight * (s.upper - s.value)) ** 2 order by s.signal)) as upper,
    sum(s.n_obs)::bigint as n_obs
from intermediate.int_area_signals as s
inner join weights as w on s.signal = w.signal
group by s.level, s.region, s.day
having count(*) = max(w.components)
