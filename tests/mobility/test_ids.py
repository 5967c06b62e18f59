import hashlib
import uuid

import numpy as np
import polars as pl

from solarnet_assets.mobility.ids import Hasher, hash_ids


def expected(ids, key):
    return [int.from_bytes(hashlib.blake2b(i.encode(), digest_size=8, key=key).digest(), "little") for i in ids]


def test_hashes_are_those_of_the_standard_library():
    ids = [*("x" * n for n in (1, 7, 8, 127, 128, 129, 256, 300)), "王", "018f3c1e-77aa-7bbb-8ccc-0123456789ab"]
    for key in (b"k", b"k" * 32, b"k" * 64):
        assert hash_ids(pl.Series(ids), key).to_list() == expected(ids, key)
        assert hash_ids(pl.Series(ids).slice(3, 4), key).to_list() == expected(ids[3:7], key)
    assert hash_ids(pl.Series([], dtype=pl.String), b"k").to_list() == []


def test_what_is_remembered_changes_nothing():
    rng = np.random.default_rng(1)
    known = [str(uuid.UUID(int=n)) for n in range(500)]
    hasher = Hasher(b"key", remembered=64)
    for _ in range(5):
        ids = rng.choice(known, 300).tolist()
        assert hasher(pl.Series(ids)).tolist() == expected(ids, b"key")
