-- description: Occupancy index of car parks in images of 1-10 m, where vehicles cannot be told apart: by how many percent the
--   lot's surface is rougher than in its own smoothest twentieth of the passes of a year, with pixels of about that size.
--   0 is the lot at its emptiest, as far as it was seen; there is no unit of vehicles, values of two lots or two pixel sizes
--   are not comparable, and no count, percent of normal or composite uses it. No row before 20 passes. Ours.
-- partition: day
-- lookahead: 364 days
-- unique: image_id, day
-- owner: team:analytics
-- plot: name, day, occupancy_index, lower, upper
-- column site_id: car park
-- column name: name that people read
-- column site_group: kind of place
-- column day: day of the image
-- column pixel_m: pixel size, whole metres
-- column occupancy_index: percent over the lot's own smoothest state
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column n_obs: passes of a year that tell the smoothest state
with passes as (
    select image_id, site_id, day, round(gsd)::int as pixel_m, roughness, roughness_sd
    from staging.stg_lot_index
    where valid
),

base as (
    select
        *,
        quantile_cont(roughness, 0.05) over year as empty,
        count(roughness) over year as n_obs
    from passes
    window year as (partition by site_id, pixel_m order by day range between interval 364 days preceding and current row)
)

select
    b.image_id, b.site_id, s.name, s."group" as site_group, b.day, b.pixel_m,
    100 * (b.roughness / b.empty - 1) as occupancy_index,
    100 * ((b.roughness - 1.645 * b.roughness_sd) / b.empty - 1) as lower,
    100 * ((b.roughness + 1.645 * b.roughness_sd) / b.empty - 1) as upper,
    b.n_obs
from base as b
left join staging.stg_sites as s on b.site_id = s.site_id
where b.n_obs >= 20 and b.empty > 0
