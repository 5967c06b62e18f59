-- description: Ways to compare: as the settings say (variant as_set), and with one correction switched the other way.
-- partition: none
-- unique: variant
-- owner: team:analytics
-- column variant: as_set, or the correction that is switched
-- column align_lunar: compared with the same lunar day (true) or 364 days before
-- column match_working_days: with days of the same working status about it (true) or with that day alone
-- column remove_base: divided by the ratio of the year before any outbreak
-- column correct_detection: estimated commuters (true) or those seen
-- column per_panel: over the active panel (true) or as they are
with switches as (
    select name, value = '1' as is_on
    from seeds.settings
    where name in ('align_lunar', 'match_working_days', 'remove_base', 'correct_detection', 'per_panel')
),

variants as (
    select 'as_set' as variant
    union all
    select name as variant
    from switches
)

select
    v.variant,
    bool_or(s.name = 'align_lunar' and s.is_on <> (v.variant = s.name)) as align_lunar,
    bool_or(s.name = 'match_working_days' and s.is_on <> (v.variant = s.name)) as match_working_days,
    bool_or(s.name = 'remove_base' and s.is_on <> (v.variant = s.name)) as remove_base,
    bool_or(s.name = 'correct_detection' and s.is_on <> (v.variant = s.name)) as correct_detection,
    bool_or(s.name = 'per_panel' and s.is_on <> (v.variant = s.name)) as per_panel
from variants as v
cross join switches as s
group by v.variant
