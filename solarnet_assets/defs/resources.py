"""What assets are given to work with: the configuration, and the lake, evidence and sources it names."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from solarnet_assets.config import Config, load_config
from solarnet_assets.sources import Source, open_source
from solarnet_assets.storage.evidence import Evidence
from solarnet_assets.storage.lake import Lake

SIGNAL_OF = {"steel_scenes": "steel", "solar_scenes": "solar", "lot_images": "parking"}
"""Which sites a kind of image is matched to."""


class Project(dg.ConfigurableResource):
    """The configured project.

    Attributes:
        config_file: YAML file; empty: ``$SOLARNET_CONFIG``, else the home's own ``config.yaml``, else defaults.
    """

    config_file: str = ""

    @cached_property
    def config(self) -> Config:
        """The configuration."""
        return load_config(self.config_file or None)

    @property
    def lake(self) -> Lake:
        """The lake with its quarantine."""
        return Lake(self.config.lake_root, self.config.home / "quarantine")

    @property
    def evidence(self) -> Evidence:
        """The evidence folder."""
        return Evidence(self.config.home / "evidence")

    @property
    def warehouse(self) -> Path:
        """The served DuckDB file."""
        return self.config.home / "warehouse.duckdb"

    @property
    def report(self) -> Path:
        """The report page."""
        return self.config.home / "report" / "index.html"

    @property
    def published(self) -> Path:
        """The folder of files for other people's tools."""
        return self.config.home / "published"

    def source(self, kind: str) -> Source:
        """The raw source of an asset."""
        return open_source(self.config, kind)

    def reader_options(self, kind: str) -> dict[str, Any]:
        """What a reader needs beyond the files: source's options, places, zone, hash key, a disk with room to work."""
        source = self.config.source(kind)
        return {
            "timezone": self.config.timezone,
            "hash_key": self.config.hash_key(),
            "sites": self.lake.read("sites"),
            "cities": self.lake.read("cities"),
            "signal": SIGNAL_OF.get(kind),
            "scratch": self.config.home,
            **(source.options if source else {}),
        }
