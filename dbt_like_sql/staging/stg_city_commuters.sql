-- description: How many commute per city, day and route, before any comparison: the share of the panel that is at work
--   (route pings), or a published intensity (route index). Suppressed cities are left out. A day whose files came one by one
--   has a row for each state of knowledge.
-- partition: day
-- history: 396 days
-- unique: city, route, day, known_from
-- owner: team:analytics
-- column route: pings (share of the panel's devices) or index (intensity in the publisher's unit)
-- column day: day in the city's own time zone
-- column known_from: first day on which this was known: the day itself, unless files came later
-- column known_until: day on which later files changed it; 9999-12-31: it stands
-- column commuters: commuting devices, corrected for missed detections; or the intensity
-- column commuters_seen: those of them that were seen at work and at home; or the intensity
-- column panel: devices that are seen that day and whose home and work are known; null for an index
-- column variance: squared relative standard error of commuters over panel from sampling devices (delete-a-group
--   jackknife over hash buckets) and from privacy noise; 0 for an index
-- column epsilon: privacy budget of the noise in the figures; null: none
with states as (
    select
        *,
        coalesce(known_on, day) as known_from,
        lead(coalesce(known_on, day), 1, date '9999-12-31') over (
            partition by city, day
            order by coalesce(known_on, day)
        ) as known_until
    from lake.city_commuters
)

select
    city,
    'pings' as route,
    day,
    known_from,
    known_until,
    commuters,
    commuters_seen::double as commuters_seen,
    panel,
    (share_sd * panel / greatest(commuters, 0.5)) ** 2 as variance,
    epsilon
from states
where not suppressed and panel > 0 and share is not null
union all
select
    city,
    'index' as route,
    day,
    coalesce(known_on, day) as known_from,
    date '9999-12-31' as known_until,
    intensity as commuters,
    intensity as commuters_seen,
    null::bigint as panel,
    0.0 as variance,
    null::double as epsilon
from lake.mobility_index
where intensity > 0
