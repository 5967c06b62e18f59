"""The whole configuration of a home."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, field_validator

from solarnet_assets.config.key import kept_key
from solarnet_assets.config.settings import Corrections, HomeWork, Posts, Privacy, SourceConfig

KINDS = ("steel_scenes", "solar_scenes", "lot_images", "pings", "mobility_index", "posts")
FIRST_DAY = date(2018, 9, 1)
"""First partition unless the configuration says otherwise: a lunar year and a baseline before the spring of 2020."""


class Config(BaseModel):
    """The whole configuration; every field has a default that runs the simulated country.

    Attributes:
        home: folder of lake, quarantine, evidence, warehouse, report and Dagster's own state.
        lake: folder or fsspec URL of the lake; default ``<home>/lake``.
        country: ISO 3166 code of two letters; decides working days and lunar alignment.
        timezone: IANA zone that days are counted in.
        first_day: first partition of all assets; nothing before it is ever read.
        last_day: last partition, where a source ends (a simulation, an archive); without it partitions go on daily.
        scenario: a shipped scenario's name or a scenario file, for simulated sources.
        sites, cities: CSV files of the places; default: those of the simulated country.
        home_work: the rule that finds homes and workplaces.
        corrections: of commuting.
        privacy: smallest panel of devices that is published, and noise.
        posts: what judges posts.
        sources: raw sources by asset; a kind that is not named is simulated when no kind is, else absent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    home: Path = Path(".solarnet")
    lake: str | None = None
    country: str = "CN"
    timezone: str = "Asia/Shanghai"
    first_day: date = FIRST_DAY
    last_day: date | None = None
    scenario: str = "published"
    sites: Path | None = None
    cities: Path | None = None
    home_work: HomeWork = HomeWork()
    corrections: Corrections = Corrections()
    privacy: Privacy = Privacy()
    posts: Posts = Posts()
    sources: dict[str, SourceConfig] | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name[:60]!r} is no IANA time zone")
        return name

    @field_validator("country")
    @classmethod
    def _known_country(cls, code: str) -> str:
        from holidays import list_supported_countries

        if len(code) != 2 or code not in list_supported_countries():
            raise ValueError(f"{code[:60]!r} is no ISO 3166 code of two letters whose holidays are known")
        return code

    @property
    def lake_root(self) -> str:
        """Folder or URL of the lake."""
        return self.lake or str(self.home / "lake")

    @property
    def sql_settings(self) -> dict[str, str]:
        """Values of the SQL seed ``settings`` that the configuration decides."""
        switches = {name: str(int(is_on)) for name, is_on in self.corrections.model_dump().items()}
        return {"country": self.country, **switches}

    @property
    def simulated(self) -> bool:
        """Whether places and raw files come from the simulated country."""
        return self.sources is None or any(source.type == "simulated" for source in self.sources.values())

    def source(self, kind: str) -> SourceConfig | None:
        """Return the source of a raw asset, or None where nothing is configured for it."""
        return SourceConfig() if self.sources is None else self.sources.get(kind)

    def folder(self, kind: str) -> Path | None:
        """Return the folder that raw files of a kind are dropped into, or None where there is none."""
        source = (self.sources or {}).get(kind)
        if source is None or source.type not in ("files", "snscrape"):
            return None
        return source.path or self.home / "drop" / kind

    def hash_key(self) -> bytes:
        """Return the secret that keys the hashes of device and user ids (32 bytes).

        From ``SOLARNET_HASH_KEY``; else, for real data, a random key kept in the home with mode 0600. The
        simulated country has nobody to protect, so its key is fixed and its runs can be repeated.
        """
        given = os.environ.get("SOLARNET_HASH_KEY")
        if given:
            return hashlib.sha256(given.encode()).digest()
        if self.sources is None or all(source.type == "simulated" for source in self.sources.values()):
            return hashlib.sha256(b"simulated").digest()
        return kept_key(self.home / "hash.key")
