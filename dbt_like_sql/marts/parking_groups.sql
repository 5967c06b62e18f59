-- description: Car parks by kind of place (factory, theme park, retail): percent of their own normal, one row per group and
--   day, beside the vehicles that were counted on that day's images, where there were any.
-- partition: day
-- unique: site_group, day
-- owner: team:analytics
-- plot: site_group, day, value, lower, upper
-- column site_group: kind of place
-- column day: day in the place's own time zone
-- column value: percent of the own baseline of its lots
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column n_obs: images that inform the value
-- column images: images of that day that were counted in
-- column vehicles: vehicles in them
-- column occupancy: vehicles per stall of the lots in them whose stalls are known
with seen as (
    select
        site_group,
        day,
        count(image_id) as images,
        sum(vehicles) as vehicles,
        sum(occupancy * stalls) / sum(stalls) as occupancy
    from marts.lot_passes
    group by site_group, day
)

select
    a.key as site_group, a.day, a.value, a.lower, a.upper, a.n_obs, coalesce(s.images, 0) as images, s.vehicles, s.occupancy
from intermediate.int_activity as a
left join seen as s on a.key = s.site_group and a.day = s.day
where a.signal = 'parking' and a.level = 'group'
