-- description: Every event lies wholly outside the own interval of its place, on the side that it says.
-- asset: marts.recovery_events
-- partition: day
select signal, key, day, direction, value, lower, upper, usual_lower, usual_upper
from marts.recovery_events
where not coalesce(case direction when 'below' then upper < usual_lower when 'above' then lower > usual_upper end, false)
