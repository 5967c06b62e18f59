"""Sources that have gone: a share that is not mounted looks like a day without data, and must not replace one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from solarnet_assets.storage.stream import footer

if TYPE_CHECKING:
    from solarnet_assets.sources import Source
    from solarnet_assets.storage.lake import Lake


class SourceAwayError(OSError):
    """Raised for a source that cannot be reached now; the message is one sentence, and trying again may help."""


def check_there(source: Source, kind: str, lake: Lake) -> None:
    """Make sure that a source which offers nothing for a day has not gone as a whole.

    Args:
        source: of the kind.
        kind: raw asset.
        lake: what was landed before.

    Raises:
        SourceAwayError: the source holds no file at all, and the lake has records that came from it.
    """
    if source.since() < date.max:
        return
    for day in reversed(lake.days(kind)):
        notes, _ = footer(lake.table(kind, day))  # alone: refused records may have been read and thrown away
        if n_in := int(notes["n_in"]):
            raise SourceAwayError(
                f"the source of {kind} holds no file at all, yet {n_in} records of {day} came from it: is its folder "
                f"mounted? Nothing was replaced; to start over without it, remove lake/{kind} or its source"
            )
