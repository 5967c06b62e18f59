import duckdb
import polars as pl

from solarnet_assets.sql.publish import _inert
from solarnet_assets.storage.spreadsheet import inert

TEXTS = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1", "\r=1", "Beijing", "a=1", "", None, "北京"]
SHOWN = [f"'{text}" if text and text[0] in "=+-@\t\r" else text for text in TEXTS]


def test_no_text_is_taken_for_a_formula():
    frame = pl.DataFrame({"region": TEXTS, "value": [-1.0] * len(TEXTS)})
    assert inert(frame)["region"].to_list() == SHOWN
    assert inert(frame)["value"].to_list() == [-1.0] * len(TEXTS)
    with duckdb.connect() as con:
        con.register("given", frame)
        made = con.sql(_inert(con, "select * from given")).pl()
    assert made.equals(inert(frame))
