-- description: Limits of ordinary level and shock enclose them, and all are finite and not negative.
-- asset: marts.steel_shock
-- partition: day
select level, region, day, ordinary, ordinary_lower, ordinary_upper, shock, shock_lower, shock_upper
from marts.steel_shock
where
    ordinary is not null
    and (
        not coalesce(isfinite(shock) and isfinite(shock_lower) and isfinite(shock_upper), false)
        or not (shock_lower between 0 and shock and shock_upper >= shock)
        or not (ordinary_lower between 0 and ordinary and ordinary_upper >= ordinary)
    )
