-- description: Limits of a day of return enclose its middle, and the probability is a share; without one there is a reason.
-- asset: marts.recovery_dates
-- partition: as_of
select as_of, method, signal, region, threshold, date_lower, date_median, date_upper, prob_by
from marts.recovery_dates
where
    (prob_by is null) <> (note is not null)
    or prob_by not between 0 and 1
    or date_lower > date_median
    or date_median > date_upper
