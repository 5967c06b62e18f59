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
    monkeypatch.setattr("solarnet_assets.mobility.parquet.FEW_ROWS", 10)


@pytest.mark.parametrize("written", WRITTEN)
def test_usual_ids_are_read_whatever_their_encoding(tmp_path, written):
    path = write(tmp_path / "a.parquet", [f"device-{n % 700}" for n in range(N)], written)
    assert tallest(path)[0] == N


@pytest.mark.parametrize("written", ["DELTA_BYTE_ARRAY", "dictionary"])
def test_row_groups_share_a_chunk_only_while_they_fit_into_memory(tmp_path, written):
    path = write(tmp_path / "a.parquet", ["x" * 900] * N, written, rows=20)
    assert path.stat().st_size < 500_000
    records, most, _ = tallest(path)
    assert records == N
    assert most <= 100_000


def test_row_groups_of_usual_ids_share_a_chunk(tmp_path):
    path = write(tmp_path / "a.parquet", [f"device-{n}" for n in range(N)], "dictionary", rows=100)
    records, _, chunks = tallest(path)
    assert (records, chunks <= 5) == (N, True), "of 50 row groups"


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


@pytest.mark.parametrize("wrapped", [lambda text: [text], lambda text: {"a": text}])
def test_long_texts_in_lists_and_structs_are_refused(tmp_path, wrapped):
    pq.write_table(pa.table({"a": [wrapped("x" * 900)] * N}), tmp_path / "a.parquet")
    with pytest.raises(BadInputError, match="unpacks to more than the limit"):
        read_parquet(tmp_path / "a.parquet", 1_000_000)
    pq.write_table(pa.table({"a": [wrapped("short")] * 9}), tmp_path / "a.parquet")
    assert read_parquet(tmp_path / "a.parquet", 1_000_000).height == 9


def test_long_bytes_of_fixed_length_are_refused(tmp_path):
    uid = pa.array([b"x" * 900] * N, pa.binary(900))
    path = write(tmp_path / "a.parquet", uid, "dictionary")
    with pytest.raises(BadInputError, match="column uid has 900 bytes in each row"):
        tallest(path)
    with pytest.raises(BadInputError, match="unpacks to more than the limit"):
        read_parquet(path, 1_000_000)


def test_rows_keep_their_numbers_where_row_groups_are_left_out(tmp_path):
    day = 86_400_000_000
    times = [n % 2 * 10 * day + n for n in range(6) for _ in range(3)]  # row groups of two days by turns
    table = pa.table({"uid": ["a"] * 18, "lat": [39.0] * 18, "lon": [1.5] * 18})
    table = table.append_column("time", pa.array([1_580_000_000_000_000 + t for t in times], pa.timestamp("us", "UTC")))
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=3)
    second = (1_580_000_000_000_000 + 9 * day, 1_580_000_000_000_000 + 11 * day)
    found = list(parquet_chunks(tmp_path / "a.parquet", ALIASES, second))
    assert [(row, chunk.height) for row, chunk in found] == [(3, 3), (9, 3), (15, 3)]
    assert [(row, chunk.height) for row, chunk in parquet_chunks(tmp_path / "a.parquet", ALIASES, None)] == [(0, 18)]
