import os
import signal
import subprocess
import sys
import threading
import time

import duckdb
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.warehouse import Limits, reader, rewrite


def number(path):
    with reader(path) as con:
        return con.sql("select n from t").fetchall()[0][0]


def write(path, n):
    with rewrite(path) as con:
        con.execute(f"create or replace table t as select {n} as n")


def leftovers(path):
    return sorted(p.name for p in path.parent.iterdir() if p.name not in (path.name, f".{path.name}.lock"))


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "w.duckdb", 1)
    return tmp_path / "w.duckdb"


def test_readers_see_the_old_file_until_the_new_one_is_whole(path):
    with reader(path) as before, rewrite(path) as con:
        con.execute("update t set n = 2")
        assert number(path) == 1
        assert before.sql("select n from t").fetchall() == [(1,)]
    assert number(path) == 2
    assert leftovers(path) == []


def test_an_open_reader_keeps_its_file_while_new_readers_get_the_new_one(path):
    with reader(path) as before:
        write(path, 2)
        assert before.sql("select n from t").fetchall() == [(1,)]
        assert number(path) == 2


def test_an_error_leaves_the_old_file(path):
    with pytest.raises(duckdb.CatalogException):
        write(path, "2; select * from nowhere")
    assert number(path) == 1
    assert leftovers(path) == []


def test_readers_cannot_write(path):
    with reader(path) as con, pytest.raises(duckdb.InvalidInputException):
        con.execute("update t set n = 5")


def test_a_missing_or_foreign_file_is_said_in_words(tmp_path):
    with pytest.raises(BadInputError, match="no warehouse at"), reader(tmp_path / "none"):
        pass
    (tmp_path / "w").write_text("not a database at all")
    with pytest.raises(BadInputError, match="not a warehouse that this DuckDB reads"), reader(tmp_path / "w"):
        pass


def test_a_foreign_file_is_made_anew(tmp_path):
    (tmp_path / "w").write_bytes(b"x" * 9000)
    write(tmp_path / "w", 3)
    assert number(tmp_path / "w") == 3


def test_writers_wait_for_each_other_and_lose_nothing(path):
    def add():
        with rewrite(path) as con:
            before = con.sql("select n from t").fetchall()[0][0]
            time.sleep(0.05)
            con.execute("update t set n = $1", [before + 1])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert number(path) == 5


def test_an_impatient_writer_says_who_is_in_the_way(path):
    with (
        rewrite(path),
        pytest.raises(BadInputError, match=f"process {os.getpid()}, which did not finish within 0.1 s"),
        rewrite(path, Limits(wait_seconds=0.1)),
    ):
        pass


def test_a_kill_leaves_the_old_file_and_no_lock(path):
    code = (
        "import sys, time; from pathlib import Path; from solarnet_assets.storage.warehouse import rewrite\n"
        "with rewrite(Path(sys.argv[1])) as con:\n"
        "    con.execute('update t set n = 2'); print('half', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert number(path) == 1
    write(path, 3)
    assert number(path) == 3
    assert leftovers(path) == []
