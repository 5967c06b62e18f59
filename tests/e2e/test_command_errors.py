"""What the command says when it cannot go on: one paragraph and exit code 1, or 2 for bad arguments."""

import subprocess
import sys
from pathlib import Path

import pytest

import solarnet_assets.world.scenario as scenario_module
from solarnet_assets.home import only_command


def command(folder, *arguments):
    program = Path(sys.executable).with_name("solarnet")
    return subprocess.run(
        [str(program), *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "100"},
    )  # fmt: skip


SPAN = ("--start", "2020-02-09", "--end", "2020-02-09")
POSTS = "home: h\nsources:\n  posts: {type: files, path: in%s}\n"


@pytest.mark.parametrize(
    ("text", "span", "says"),
    [
        (None, SPAN, "config.yaml does not exist"),
        ("home: [", SPAN, "not readable YAML"),
        ("sources: {pinks: {type: files, path: in}}", SPAN, "unknown pinks; known are steel_scenes"),
        ("sources: {pings: {type: files, path: nowhere}}", SPAN, "nowhere does not exist"),
        ("first_day: soon", SPAN, "first_day"),
        (POSTS % "", ("--start", "2008-02-09", "--end", "2020-02-09"), "set first_day in the configuration"),
        (POSTS % "", ("--start", "2020-02-09", "--end", "2999-01-01"), "2999-01-01 is not over yet"),
        (POSTS % ", options: {timezone: 'Mars/[red]'}", SPAN, "posts of 2020-02-09"),
    ],
)
def test_the_command_fails_with_one_paragraph(tmp_path, text, span, says):
    (tmp_path / "in").mkdir()
    if text is not None:
        (tmp_path / "config.yaml").write_text(text)
    done = command(tmp_path, "run", "--config", "config.yaml", *span)
    assert done.returncode == 1, done.stderr
    assert says in done.stderr
    assert done.stderr.startswith("solarnet: ")
    assert len(done.stderr.strip().splitlines()) == 1, "one paragraph"
    assert "Traceback" not in done.stderr + done.stdout
    if "Mars" in (text or ""):
        assert "The time zone 'Mars/[red]' is not known." in done.stderr
        assert "posts" in done.stderr.split("The time zone")[0]


def test_a_scenario_of_nowhere_is_told_in_one_paragraph(tmp_path):
    shipped = Path(scenario_module.__file__).parent / "scenarios" / "quiet.yaml"
    (tmp_path / "own.yaml").write_text(shipped.read_text(encoding="utf-8").replace("country: CN", "country: XX"))
    done = command(tmp_path, "demo", "--scenario", "own.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("solarnet: configuration own.yaml: country: 'XX' is no ISO 3166 code")


def test_a_second_command_on_a_home_changes_nothing_in_it(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "config.yaml").write_text(POSTS % "")
    with only_command(tmp_path / "h"):
        done = command(tmp_path, "run", "--config", "config.yaml", *SPAN)
        assert [file.name for file in (tmp_path / "h").iterdir()] == ["command.lock"]
    assert (done.returncode, done.stdout) == (1, "")
    assert "another solarnet command is at work on" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "--config", "c.yaml", "--start", "yesterday", "--end", "2020-02-09"),
        ("run", "--config", "c.yaml", "--start", "2020-02-10", "--end", "2020-02-09"),
        ("walk",),
    ],
)
def test_bad_arguments_exit_with_2(tmp_path, arguments):
    (tmp_path / "c.yaml").write_text("sources: {}")
    done = command(tmp_path, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
