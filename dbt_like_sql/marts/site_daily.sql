-- description: Percent of the own baseline of every steel mill and car park, one row per site and day, with the newest
--   picture that it was read from.
-- partition: day
-- unique: signal, site_id, day
-- owner: team:analytics
-- plot: name, day, value, lower, upper
-- plot_where: signal = 'parking'
-- column signal: steel or parking
-- column site_id: mill or car park
-- column name: name that people read
-- column site_group: kind of place
-- column region: province
-- column day: day in the place's own time zone
-- column value: percent of the own baseline
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column n_obs: observations that inform the value
-- column evidence: picture, relative to the evidence folder
select
    a.signal, a.key as site_id, s.name, s."group" as site_group, s.region, a.day, a.value, a.lower, a.upper, a.n_obs, a.evidence
from intermediate.int_activity as a
left join staging.stg_sites as s on a.key = s.site_id and a.signal = s.signal
where a.level = 'site'
