-- description: Scores of forecasts by the day on which they were scored.
-- partition: scored
-- unique: scored, method, signal, region, horizon
-- owner: team:analytics
-- column scored: day by which what was forecast had settled
-- column horizon: days ahead
select day as scored, method, signal, region, horizon, as_of, date as day, value, crps, covered
from lake.forecast_scores
