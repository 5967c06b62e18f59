-- description: Every published figure beside what we measure and, in a simulation, beside the truth.
-- partition: none
-- unique: item
-- owner: team:analytics
-- column item: what was published
-- column signal: signal that measures it
-- column published: published figure
-- column published_text: the figure in the words of its source
-- column unit: unit of published, measured, lower, upper and truth
-- column published_source: who published it
-- column url: where
-- column measured: our figure; null where our data do not cover it
-- column lower: lower limit of the 90 % interval
-- column upper: upper limit of the 90 % interval
-- column n_obs: observations behind our figure
-- column measured_text: our figure as people read it, for dates
-- column truth: truth of the simulation; null outside one
-- column within: truth lies between lower and upper; null where one of them is missing
-- column note: how it is measured, and what keeps it from being comparable
-- column position: order in which people read the items
-- column day: day, or last day of the window, that is measured
select
    f.item,
    f.published::double as published,
    f.published_text,
    f.unit,
    f.published_source,
    m.measured,
    m.lower,
    m.upper,
    t.truth,
    t.truth between m.lower and m.upper as within,
    f.note,
    m.measured_text,
    m.n_obs,
    f.signal,
    f.day_to as day,
    f.url,
    f.position
from seeds.published_figures as f
left join intermediate.int_published_measured as m on f.item = m.item
left join intermediate.int_published_truth as t on f.item = t.item
