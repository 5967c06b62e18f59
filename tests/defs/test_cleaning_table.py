import polars as pl

from solarnet_assets.defs.social import reasons_table


def test_reasons_stand_in_a_table_with_shares():
    labels = pl.DataFrame({"user": [1, 1, 2, 3], "dropped": ["copy", "copy", "repost", None]})
    assert reasons_table(labels).split("\n") == [
        "| does not count | posts | % of posts | users | % of users |",
        "| :-- | --: | --: | --: | --: |",
        "| copy | 2 | 50.00 | 1 | 33.33 |",
        "| repost | 1 | 25.00 | 1 | 33.33 |",
    ]
