import io

import pytest
from rich.table import Table

from solarnet_assets.landing import BadInputError, reject
from solarnet_assets.screen import Screen
from solarnet_assets.social.gazetteer_file import expand
from solarnet_assets.world.scenario import load_scenario

HOSTILE = "[/red]\x1b[2J\x1b]0;title\x07\u202e:smile: 北京"
SHIPPED = "solarnet_assets/world/scenarios/quiet.yaml"


def shown(*things):
    screen = Screen(file=io.StringIO(), width=200, force_terminal=False)
    for thing in things:
        screen.print(thing)
    return screen.file.getvalue()


def test_what_strangers_say_is_shown_as_text_and_nothing_else():
    table = Table("city", HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE, "one\ntwo")
    text = shown(HOSTILE, table)
    assert text.count("[/red]?[2J?]0;title??:smile: 北京") == 4
    assert "one" in text
    assert "two" in text
    assert not set(text) & set("\x1b\x07\u202e")


def test_a_reject_is_short_and_fits_every_table():
    made = reject("\udcff.csv", "because\x1b[2J\n" + "x" * 9999, sample="\ud800" * 999)
    assert made["file"] == "\\udcff.csv"
    assert made["reason"].startswith("because?[2J x")
    assert len(made["reason"]) == 400
    for text in (made["file"], made["reason"], made["sample"]):
        text.encode()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: shanghai", "id: ../../../tmp/x", "cities.0.id"),
        ("id: shanghai", 'id: "x\'; drop table y"', "cities.0.id"),
        ("lon: 121.47", "lon: .nan", "cities.0.lon"),
        ("lat: 31.23", "lat: .inf", "cities.0.lat"),
        ("panel: 600", "panel: 99999999999", "cities.0.panel"),
        ("timezone: Asia/Shanghai", "timezone: ../../etc/passwd", "no IANA time zone"),
        ("seed: ", "seed: -1 #", "seed"),
        ("end: ", "end: 9999-12-31 #", "must lie in 1950 to 2150"),
        ("name: quiet", "name: " + "[" * 3000, "is not YAML"),
        ("name: quiet", "name: !!python/object/apply:os.system [id]", "is not YAML"),
    ],
)
def test_a_hostile_scenario_is_one_sentence(tmp_path, request, old, new, says):
    text = (request.config.rootpath / SHIPPED).read_text()
    assert old in text
    (tmp_path / "s.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(BadInputError, match=says):
        load_scenario(tmp_path / "s.yaml")


def test_a_term_that_spells_out_too_many_is_refused():
    with pytest.raises(BadInputError, match="spells out more than"):
        list(expand("{a,b}" * 60))
