-- description: Two composites of each area side by side: the components times fixed weights, and the same weights on what the
--   components have in common (one dynamic factor). A component that a day lacks is estimated from the others and from its own
--   other days by the Kalman smoother; nothing is carried forward. Kind weights is the composite of recovery_daily, kind factor
--   another figure: a swing of one component alone does not show in it, and its interval is one of the common part.
-- partition: day
-- unique: kind, region, day
-- owner: team:analytics
-- plot: kind, day, value, lower, upper
-- plot_where: level = 'country'
-- column kind: weights or factor
-- column level: country, region (province) or city
-- column region: country code, province or city key
-- column day: day that is estimated
-- column as_of: day whose knowledge the estimate uses
-- column value: percent of normal
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column missing: components that the day lacks, which are estimated
select
    kind,
    level,
    region,
    day,
    as_of,
    value,
    lower,
    upper,
    len(list_filter(parts, lambda part : not part.observed)) as missing
from staging.stg_recovery_index
