"""The gazetteer as a file: reading it, joining a user's own to the packaged one, refusing what cannot be meant so.

Two parts. ``contexts``: group -> language -> terms. ``sectors``: sector -> entries, each with a ``name``, terms by
language ('en', 'zh'), and optionally ``needs`` and ``unless``, lists of groups. '{a,b} c' spells out 'a c' and 'b c'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import yaml

from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.schemas import SECTORS

LANGUAGES = ("en", "zh")
PACKAGED = "gazetteer.yaml"

MOST_TERMS = 10_000
"""Terms that alternatives in braces may spell out."""

Data = Mapping[str, Mapping[str, Any]]
Terms = Mapping[str, Sequence[Any]]

_KNOWN = (*SECTORS, "home_office", "office", "first_person")
_KEYS = ("name", "needs", "unless")
_LETTER = re.compile(r"\w")
_BRACES = re.compile(r"\{([^}]*)\}")


def expand(term: str) -> Iterator[str]:
    """Yield the terms that a term with alternatives in braces stands for: '{a,b} c' -> 'a c', 'b c'."""
    parts = _BRACES.split(term)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    if prod(map(len, choices)) > MOST_TERMS:
        raise BadInputError(f"The term '{term[:60]}' of a gazetteer spells out more than {MOST_TERMS:,} others.")
    for combination in product(*choices):
        yield re.sub(r"\s+", " ", "".join(combination)).strip()


def read(extra: Path | None = None) -> Data:
    """Return the packaged gazetteer, with the groups and entries of another file added to it.

    Raises:
        BadInputError: the other file is absent, no YAML, or has an entry that cannot be meant so: an unknown sector,
            language, key or group; no name or term; an empty term; or a term that speaks for two sectors without
            any context.
    """
    data = _packaged()
    if extra is None:
        return data
    try:
        more = _parts(extra.read_text(encoding="utf-8"), extra.name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"The gazetteer {extra} cannot be read: {error}.") from None
    joined = _joined(data, more)
    _check(joined, extra.name)
    return joined


@lru_cache(maxsize=1)
def _packaged() -> Data:
    data = _parts(files(__package__).joinpath(PACKAGED).read_text(encoding="utf-8"), PACKAGED)
    _check(data, PACKAGED)
    return data


def _parts(text: str, name: str) -> Data:
    """Return the two parts of a gazetteer's YAML, of the right shape."""
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadInputError(f"The gazetteer {name} is no YAML: {str(error).splitlines()[0]}.") from None
    parts = data if isinstance(data, dict) else {"": data}
    if not parts.keys() <= {"contexts", "sectors"} or not all(isinstance(part, dict) for part in parts.values()):
        raise BadInputError(f"The gazetteer {name} must have the parts 'contexts' and 'sectors' and nothing else.")
    for group, terms in parts.get("contexts", {}).items():
        if not isinstance(terms, dict):
            raise BadInputError(f"In the gazetteer {name}, the context '{group}' must list terms by language.")
    for sector, entries in parts.get("sectors", {}).items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise BadInputError(f"In the gazetteer {name}, the sector '{sector}' must have a list of entries.")
    return {"contexts": parts.get("contexts", {}), "sectors": parts.get("sectors", {})}


def _joined(data: Data, more: Data) -> Data:
    """Return one gazetteer from two: groups of context by language, entries by sector, the second one's last."""
    groups, listed = dict(data["contexts"]), dict(data["sectors"])
    for name, terms in more["contexts"].items():
        old = groups.get(name, {})
        groups[name] = {lang: [*old.get(lang, []), *terms.get(lang, [])] for lang in {**old, **terms}}
    for sector, entries in more["sectors"].items():
        listed[sector] = [*listed.get(sector, []), *entries]
    return {"contexts": groups, "sectors": listed}


def _check(data: Data, name: str) -> None:
    """Refuse a gazetteer with an entry that cannot be meant so."""
    owner: dict[tuple[str, str], str] = {}
    for group, terms in data["contexts"].items():
        _check_terms(terms, f"the context '{group}'", name)
    for sector, entries in data["sectors"].items():
        if sector not in _KNOWN:
            raise BadInputError(f"The gazetteer {name} has entries of an unknown sector '{sector}'.")
        for entry in entries:
            where = f"the entry '{entry.get('name')}' of {sector}"
            unknown = {*entry.get("needs", []), *entry.get("unless", [])} - data["contexts"].keys()
            if unknown or not entry.get("name"):
                reason = f"names unknown context: {sorted(unknown)}" if unknown else "has no name"
                raise BadInputError(f"In the gazetteer {name}, {where} {reason}.")
            terms = {key: value for key, value in entry.items() if key not in _KEYS}
            _check_terms(terms, where, name)
            if sector in SECTORS and "needs" not in entry:
                _check_owner(terms, sector, owner, name)


def _check_terms(terms: Terms, where: str, name: str) -> None:
    if not terms.keys() <= {*LANGUAGES}:
        raise BadInputError(f"In the gazetteer {name}, {where} has a key that is no language: {[*terms]}.")
    if not all(isinstance(listed, list) for listed in terms.values()):
        raise BadInputError(f"In the gazetteer {name}, {where} must have a list of terms.")
    every = [str(term) for listed in terms.values() for term in listed]
    if not every or not all(_LETTER.search(term) for term in every):
        raise BadInputError(f"In the gazetteer {name}, {where} has no term, or an empty one.")


def _check_owner(terms: Terms, sector: str, owner: dict[tuple[str, str], str], name: str) -> None:
    """Refuse a term that another sector has as well, where neither needs any context."""
    for lang, listed in terms.items():
        for term in (t.lower() for one in listed for t in expand(str(one))):
            if owner.setdefault((lang, term), sector) != sector:
                both = f"{owner[lang, term]} and {sector}"
                raise BadInputError(f"In the gazetteer {name}, '{term}' speaks for {both}: say what it needs.")
