-- description: What each component contributes to each composite, in points: weight times its distance from 100. The
--   contributions of a kind, area and day add up to the composite's own distance from 100.
-- partition: day
-- unique: kind, region, day, signal
-- owner: team:analytics
-- column kind: weights or factor
-- column region: country code, province or city key
-- column day: day that is estimated
-- column signal: component
-- column weight: its share of the composite
-- column loading: points that it moves with one standard deviation of the factor; null before a model could be fitted
-- column value: percent of normal: as observed, or estimated where observed is false; of the factor its common part
-- column observed: whether the day has the component
-- column contribution: points
select
    i.kind,
    i.level,
    i.region,
    i.day,
    i.part.signal as signal,
    i.part.weight as weight,
    i.part.loading as loading,
    i.part.value as value,
    i.part.observed as observed,
    i.part.contribution as contribution
from (
    select kind, level, region, day, unnest(parts) as part
    from staging.stg_recovery_index
) as i
