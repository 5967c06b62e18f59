"""The secret of a home that keys the hashes of device and user ids."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from solarnet_assets.landing import BadInputError

KEY_BYTES = 32


def kept_key(file: Path) -> bytes:
    """Return the key that a file holds (32 bytes); a random one is made first, with mode 0600, where there is none.

    Raises:
        BadInputError: the file holds something else.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(draft, file)  # the first of two starting processes wins, both then read the same key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = file.read_bytes()
    if len(key) != KEY_BYTES:  # BLAKE2b with an empty key is a hash that anybody can repeat
        raise BadInputError(f"{file} holds {len(key)} bytes, not the {KEY_BYTES} of a key: restore it, or ids change")
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return key
