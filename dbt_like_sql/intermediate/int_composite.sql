-- description: The composite of an area: the weighted mean of its components on days on which all of them are there, errors of
--   different sensors taken as independent. On other days with a component the missing ones are estimated by the dynamic factor
--   model (lake.recovery_index), with a wider interval; nothing is carried forward. This is the composite of recovery_daily; kind
--   weights of recovery_index is the same figure of the newest vintage. The weights are ours (seeds.composite_weights); those of
--   the published index are not known.
-- partition: day
-- unique: region, day, known_from
-- owner: team:analytics
-- column known_from: first day on which this was known
-- column known_until: day on which later files changed it; 9999-12-31: it stands
-- column value: percent of normal
-- column lower: 5 % limit
-- column upper: 95 % limit
-- column n_obs: observations of the components that are there
with weights as (
    select signal, weight / sum(weight) over () as weight, count(*) over () as components
    from seeds.composite_weights
    where weight > 0
),

changes as (
    select region, day, greatest(known_from, day + 2) as as_of
    from intermediate.int_area_signals
    union
    select region, day, known_until as as_of
    from intermediate.int_area_signals
    where known_until < date '9999-12-31'
),

spans as (
    select
        region,
        day,
        as_of,
        lead(as_of, 1, date '9999-12-31') over (partition by region, day order by as_of) as known_until
    from changes
),

sums as (
    select
        s.level,
        s.region,
        s.day,
        p.as_of,
        max(p.known_until) as known_until,
        sum(w.weight * s.value order by s.signal) as value,
        sqrt(sum((w.weight * (s.value - s.lower)) ** 2 order by s.signal)) as below,
        sqrt(sum((w.weight * (s.upper - s.value)) ** 2 order by s.signal)) as above,
        sum(s.n_obs)::bigint as n_obs,
        count(*) = max(w.components) as is_complete
    from intermediate.int_area_signals as s
    inner join weights as w on s.signal = w.signal
    inner join spans as p
        on s.region = p.region and s.day = p.day and p.as_of >= s.known_from and p.as_of < s.known_until
    group by s.level, s.region, s.day, p.as_of
)

select
    level,
    region,
    day,
    as_of as known_from,
    known_until,
    value,
    greatest(value - below, 0) as lower,
    value + above as upper,
    n_obs
from sums
where is_complete
union all
select i.level, i.region, i.day, s.as_of as known_from, s.known_until, i.value, i.lower, i.upper, s.n_obs
from staging.stg_recovery_index as i
inner join sums as s on i.region = s.region and i.day = s.day
where i.kind = 'weights' and not s.is_complete
