"""Read the configuration from a YAML file and a few environment variables, and keep it in its home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from solarnet_assets.config.model import KINDS, Config
from solarnet_assets.landing import BadInputError
from solarnet_assets.sources.live import check_live

MAX_SETTINGS = 100_000
"""Values of a configuration, those that anchors repeat counted each time."""


WANTED = {
    "dict_type": "settings by name are wanted, as in 'name: value',",
    "model_type": "settings by name are wanted, as in 'name: value',",
    "string_type": "a text is wanted,",
    "path_type": "a path is wanted,",
    "date_from_datetime_inexact": "a day is wanted, as in 2020-02-09,",
    "date_from_datetime_parsing": "a day is wanted, as in 2020-02-09,",
    "date_type": "a day is wanted, as in 2020-02-09,",
}
"""What the person who wrote the file should know of pydantic's errors; others are told as they are."""


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
    if "SOLARNET_HOME" in os.environ or "home" not in fields:
        fields["home"] = str(home)
    config = validated(file, fields)
    return config.model_copy(update={"home": config.home.resolve()})


def save_config(config: Config) -> Path:
    """Keep the configuration in its home, so that the UI and later runs use the same one."""
    config.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold people's traces and words
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
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInputError(f"configuration file {file} is not readable YAML: {error}") from error
    if not isinstance(fields, dict):
        raise BadInputError(f"configuration file {file} must hold named settings, not {type(fields).__name__}")
    _check_size(file, fields)
    for name in ("home", "sites", "cities", "lake", "scenario"):
        if isinstance(fields.get(name), str) and _is_path(name, fields[name]):
            fields[name] = str(_beside(file, fields[name]))
    posts = fields.get("posts")
    for name in ("weights", "gazetteer"):
        if isinstance(posts, dict) and isinstance(posts.get(name), str):
            posts[name] = str(_beside(file, posts[name]))
    sources = fields.get("sources")
    for source in sources.values() if isinstance(sources, dict) else ():
        if isinstance(source, dict) and isinstance(source.get("path"), str):
            source["path"] = str(_beside(file, source["path"]))
    return fields


def _check_size(file: Path, fields: dict[str, Any]) -> None:
    """Refuse a file whose few anchors stand for more settings than anybody writes, or contain themselves."""
    waiting: list[Any] = [fields]
    for _ in range(MAX_SETTINGS):
        if not waiting:
            return
        value = waiting.pop()
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    raise BadInputError(f"configuration file {file} stands for more than {MAX_SETTINGS:,} settings")


def _is_path(name: str, value: str) -> bool:
    """Whether a setting that may be something else names a file or folder."""
    if name == "scenario":
        return value.endswith((".yaml", ".yml"))
    return name != "lake" or "://" not in value


def _beside(file: Path, path: str) -> Path:
    """Read a relative path as the user means it: from the configuration file's own folder."""
    return (file.parent / Path(path).expanduser()).resolve()


def validated(file: Path | None, fields: dict[str, Any]) -> Config:
    """Return settings as a configuration.

    Args:
        file: that they come from; what messages name.
        fields: by name.

    Raises:
        BadInputError: a field does not fit; names it.
    """
    try:
        config = Config.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        wanted = WANTED.get(first["type"])
        reason = (
            first["msg"].removeprefix("Value error, ") if wanted is None else f"{wanted} not {_short(first['input'])}"
        )
        raise BadInputError(f"configuration {file or '(defaults)'}: {where}: {reason}") from error
    if config.last_day and config.last_day < config.first_day:
        raise BadInputError(
            f"configuration {file}: last_day {config.last_day} lies before first_day {config.first_day}"
        )
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


def _short(value: object) -> str:
    return {type(None): "nothing", list: "a list"}.get(type(value), repr(value)[:60])
