"""Commuting: GPS pings and published indices to commuters per city and day.

Pure functions on frames, in the order of the pipeline: :mod:`readers` (raw files to pings),
:mod:`reduce` (pings to device-days), :mod:`homework` (home and work of each device),
:mod:`presence` (who is at work, as sums), :mod:`commute` (commuters per city), :mod:`noise` (Laplace noise),
:mod:`daily` (the last three for a day) and :mod:`calendar` (working days and lunar partner days).
The comparison with the year before is SQL (``dbt_like_sql/marts/city_commuters.sql``).
"""
