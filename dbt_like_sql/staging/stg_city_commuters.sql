-- description: How many commute per city, day and route, before any comparison: the share of the panel that is at work
--   (route pings), or a published intensity (route index). Suppressed cities are left out.
-- partition: day
-- history: 396 days
-- unique: city, route, day
-- owner: team:analytics
-- column route: pings (share of the panel's devices) or index (intensity in the publisher's unit)
-- column day: day in the city's own time zone
-- column commuters: commuting devices, corrected for missed detections; or the intensity
-- column commuters_seen: those of them that were seen at work and at home; or the intensity
-- column panel: devices that are seen that day and whose home and work are known; null for an index
-- column variance: squared relative standard error of commuters over panel from sampling devices (delete-a-group
--   jackknife over hash buckets) and from privacy noise; 0 for an index
-- column epsilon: privacy budget of the noise in the figures; null: none
select
    city,
    'pings' as route,
    day,
    commuters,
    commuters_seen::double as commuters_seen,
    panel,
    (share_sd * panel / greatest(commuters, 0.5)) ** 2 as variance,
    epsilon
from lake.city_commuters
where not suppressed and panel > 0 and share is not null
union all
select
    city,
    'index' as route,
    day,
    intensity as commuters,
    intensity as commuters_seen,
    null::bigint as panel,
    0.0 as variance,
    null::double as epsilon
from lake.mobility_index
where intensity > 0
