-- description: What a simulation knows to be true, written by the evaluation after the fact; empty outside a simulation.
-- partition: none
-- unique: signal, key, day
-- owner: team:analytics
select signal, key, date as day, value
from lake.evaluation_truth
