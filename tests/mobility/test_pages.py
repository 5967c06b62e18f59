import io
from contextlib import suppress

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solarnet_assets.landing import BadInputError
from solarnet_assets.mobility import pages
from solarnet_assets.mobility.parquet import parquet_chunks
from solarnet_assets.mobility.readers import ALIASES

N = 5000
PINGS = pa.table({"uid": [f"u{n % 700}" for n in range(N)], "time": range(N), "lat": [39.9] * N, "lon": [1.5] * N})
WRITERS = {
    "plain": {"compression": "none", "use_dictionary": False},
    "small pages": {"compression": "zstd", "data_page_size": 500, "write_page_checksum": True},
    "version 2": {"compression": "gzip", "data_page_version": "2.0", "write_page_index": True},
    "many row groups": {"row_group_size": 100},
}


def chunks(path):
    found = pq.read_metadata(path)
    groups = [found.row_group(n) for n in range(found.num_row_groups)]
    return {found.schema.column(n).name: [group.column(n) for group in groups] for n in range(found.num_columns)}


@pytest.mark.parametrize("name", [*WRITERS, "polars"])
def test_pages_come_to_what_an_honest_footer_says(tmp_path, name):
    path = tmp_path / "a.parquet"
    if name == "polars":
        pl.from_arrow(PINGS).write_parquet(path)
    else:
        pq.write_table(PINGS, path, **WRITERS[name])
    with path.open("rb") as file:
        for column, chunk in [(column, chunk) for column, some in chunks(path).items() for chunk in some]:
            found = pages.unpacked(file, column, chunk, path.stat().st_size)
            said = chunk.total_uncompressed_size  # with the headers
            assert found.size <= said <= found.size + 200 * len(list(pages._pages(file, chunk, path.stat().st_size)))
            assert found.values == chunk.num_values
            assert found.may_repeat == ("RLE_DICTIONARY" in chunk.encodings)


def test_a_page_that_unpacks_to_too_much_is_refused_whatever_the_footer_says(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    long = PINGS.set_column(0, "uid", [["x" * 100 + str(n) for n in range(N)]])
    pq.write_table(long, path, compression="zstd", use_dictionary=False, row_group_size=N)
    assert sum(batch.height for _, batch in parquet_chunks(path, ALIASES, None)) == N
    monkeypatch.setattr(pages, "MOST_BYTES", 100_000)
    with pytest.raises(BadInputError, match=r"column uid has a page that unpacks to \d"):
        list(parquet_chunks(path, ALIASES, None))


def test_a_chunk_without_rows_has_no_pages(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(PINGS.slice(0, 0), path)
    assert list(parquet_chunks(path, ALIASES, None)) == []


@given(st.binary(max_size=60))
def test_no_header_trips_the_walk(data):
    class Chunk:
        dictionary_page_offset, data_page_offset, total_compressed_size = None, 4, len(data)

    with suppress(BadInputError):
        assert pages.unpacked(io.BytesIO(b"PAR1" + data), "a", Chunk, len(data) + 4).size >= 0
