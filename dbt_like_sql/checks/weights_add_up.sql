-- description: Weights of the composite are positive and add up to one.
-- asset: marts.recovery_daily
select sum(weight) as total, min(weight) as smallest
from seeds.composite_weights
having not coalesce(abs(sum(weight) - 1) <= 1e-9 and min(weight) > 0, false) or count(weight) < count(*)
