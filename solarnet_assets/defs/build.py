"""One function that builds all definitions; tests and the command line call it with their own resources."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import dagster as dg

from solarnet_assets.defs.resources import Project

GROUPS = (
    "raw", "steel", "solar", "parking", "commuting", "social", "warehouse", "nowcast", "composite", "reports",
    "serving", "evaluation", "models",
)  # fmt: skip


def build_definitions(resources: Mapping[str, object] | None = None) -> dg.Definitions:
    """Return all definitions.

    Args:
        resources: replaces resources by name; default: the configured project.
    """
    from solarnet_assets.defs import automation

    modules = [import_module(f"solarnet_assets.defs.{group}") for group in GROUPS]
    return dg.Definitions(
        assets=dg.load_assets_from_modules(modules, include_specs=True),
        jobs=automation.JOBS,
        schedules=automation.SCHEDULES,
        sensors=automation.SENSORS,
        resources={"project": Project(), **(resources or {})},
        executor=automation.EXECUTOR,
    )
