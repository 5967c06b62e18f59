"""The front comment of a SQL file: ``-- key: value`` lines that say what the file makes.

``description``   what a row is; required
``partition``     required for models: ``none``, or the DATE column that says to which day a row belongs; of a check:
                  the column of the failing rows that names the day
``unique``        columns that identify a row, comma-separated
``owner``         who answers for it
``lookback``,     ``N days``: a changed day D of an input changes rows of D - lookback .. D + lookahead
``lookahead``
``history``       ``N days``: rows of a day are made of the lake's days back to N before; drawn as lineage
``plot``          columns of series, day, value, lower and upper limit that a picture shows
``plot_where``    condition on the rows of the picture
``column NAME``   what a column holds
``asset``         of a check: the model that is judged
``severity``      of a check: ``error`` or ``warn``
``blocking``      of a check: ``yes``: a refresh that fails it is not served

A comment line without a key continues the value above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from solarnet_assets.landing import BadInputError

KEYS = frozenset(
    {"description", "partition", "unique", "owner", "lookback", "lookahead", "history", "plot", "plot_where"}
    | {"asset", "severity", "blocking"}
)
_ENTRY = re.compile(r"^(?:column\s+(?P<column>\w+)|(?P<key>[a-z_]+))\s*:\s*(?P<value>.*)$")
_DAYS = re.compile(r"^(\d+)(?:\s+days?)?$")


@dataclass(frozen=True)
class Front:
    """A parsed front comment; see the module for the keys."""

    values: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def partition(self) -> str | None:
        """The column that says to which day a row belongs; None: rows have no day."""
        name = self.values.get("partition", "none")
        return None if name == "none" else name

    def days(self, key: str, file: str) -> int:
        """Return a number of days (``21 days``), 0 where the key is absent.

        Raises:
            BadInputError: the value is not a whole number of days.
        """
        match = _DAYS.match(self.values.get(key, "0"))
        if match is None:
            raise BadInputError(f"{file}: {key} must read like '21 days', not '{self.values[key]}'")
        return int(match[1])

    def choice(self, key: str, allowed: tuple[str, ...], file: str) -> str:
        """Return a value out of a few, the first one where the key is absent.

        Raises:
            BadInputError: another value stands there.
        """
        value = self.values.get(key, allowed[0])
        if value not in allowed:
            raise BadInputError(f"{file}: {key} must be one of {', '.join(allowed)}, not '{value}'")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """Return a comma-separated list."""
        return tuple(name.strip() for name in self.values.get(key, "").split(",") if name.strip())


def parse_front(text: str, file: str) -> Front:
    """Return the front comment of a SQL file.

    Args:
        text: the whole file.
        file: its name, for messages.

    Raises:
        BadInputError: an unknown key, a key said twice, or a comment that starts without a key.
    """
    front = Front()
    last: tuple[dict[str, str], str] | None = None
    for line in text.splitlines():
        if not line.strip():
            continue
        if not line.startswith("--"):
            break
        body = line[2:].strip()
        match = _ENTRY.match(body)
        if match and (match["column"] or match["key"] in KEYS):
            last = (front.columns, match["column"]) if match["column"] else (front.values, match["key"])
            if last[1] in last[0]:
                raise BadInputError(f"{file}: the front comment says '{last[1]}' twice")
            last[0][last[1]] = match["value"].strip()
        elif match and not line.startswith("--  "):
            raise BadInputError(f"{file}: the front comment has the unknown key '{match['key']}'")
        elif last is None:
            raise BadInputError(f"{file}: the front comment must start with a key such as 'description:'")
        elif body:
            last[0][last[1]] = f"{last[0][last[1]]} {body}".strip()
    return front
