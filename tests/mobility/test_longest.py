"""Parquet files whose few bytes stand for many: read, or refused, in bounded memory."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from solarnet_assets.landing import BadInputError, RawFile
from solarnet_assets.mobility import longest, tables
from solarnet_assets.mobility.parquet import parquet_chunks
from solarnet_assets.mobility.readers import ALIASES
from solarnet_assets.mobility.tables import read_parquet, read_table

N = 5000
DELTAS = ("DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY")
WRITTEN = {
    **{kind: {"use_dictionary": False, "column_encoding": {"uid": kind}} for kind in (*DELTAS, "PLAIN")},
    "dictionary": {"use_dictionary": ["uid"]},
    "dictionary that is given up": {"use_dictionary": ["uid"], "dictionary_pagesize_limit": 200, "data_page_size": 900},
}


def write(path, uid, written, rows=N):
    columns = {"time": list(range(N)), "lat": [39 + n / N for n in range(N)], "lon": [1.5] * N}
    table = pa.table({"uid": uid, **columns})
    pq.write_table(table, path, compression="zstd", row_group_size=rows, write_statistics=False, **WRITTEN[written])
    return path


def tallest(path):
    """Return (records, most bytes of text in a chunk, how many chunks)."""
    sizes = [(batch.height, batch["id"].str.len_bytes().sum()) for _, batch in parquet_chunks(path, ALIASES, None)]
    return sum(height for height, _ in sizes), max(size for _, size in sizes), len(sizes)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(longest, "MOST_MULTIPLIED", 100_000)
    monkeypatch.setattr("solarnet_assets.mobility.parquet.MOST_MULTIPLIED", 100_000)


@pytest.mark.parametrize("written", WRITTEN)
def test_usual_ids_are_read_whatever_their_encoding(tmp_path, written):
    path = write(tmp_path / "a.parquet", [f"device-{n % 700}" for n in range(N)], written)
    assert tallest(path)[::2] == (N, 1)


def test_row_groups_share_a_chunk_only_while_they_fit_into_memory(tmp_path):
    path = write(tmp_path / "a.parquet", ["x" * 900] * N, "DELTA_BYTE_ARRAY", rows=20)
    assert path.stat().st_size < 500_000
    records, most, _ = tallest(path)
    assert records == N
    assert most <= 100_000


def test_a_text_that_deltas_repeat_is_read_some_rows_at_a_time(tmp_path):
    path = write(tmp_path / "a.parquet", ["short"] * 10 + ["x" * 900] * (N - 10), "DELTA_BYTE_ARRAY")
    records, most, chunks = tallest(path)
    assert (records, most <= 100_000) == (N, True)
    assert chunks > 10


@pytest.mark.parametrize("written", ["DELTA_BYTE_ARRAY", "dictionary"])
def test_a_table_that_is_held_whole_is_refused_where_its_texts_repeat(tmp_path, monkeypatch, written):
    path = write(tmp_path / "a.parquet", ["x" * 900] * N, written, rows=1000)
    assert read_parquet(path).height == N
    with pytest.raises(BadInputError, match="unpacks to more than the limit of 1,000,000 bytes"):
        read_table(RawFile(path, "a"), 1_000_000)
    usual = write(tmp_path / "b.parquet", [f"a usual name {n % 700}" for n in range(N)], written, rows=100)
    assert read_parquet(usual, 1_000_000).height == N


def test_a_table_of_lists_without_end_is_refused(tmp_path):
    """One row, and a page that says a million nulls in a few bytes."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [[None] * 1_000_000]}, schema=pa.schema([("a", pa.list_(pa.int8()))])), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(BadInputError, match="unpacks to more than the limit"):
        read_parquet(path, 1_000_000)
    assert tables.read_parquet(path).height == 1
