"""What ``workspace.yaml`` loads."""

from __future__ import annotations

import dagster as dg

from solarnet_assets.defs.build import build_definitions


@dg.definitions
def defs() -> dg.Definitions:
    """Return the project's definitions."""
    return build_definitions()
