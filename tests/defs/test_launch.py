from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from solarnet_assets.defs.launch import RunFailedError, _outcome


def ended(error):
    future = Future()
    future.set_exception(error)
    return future


def test_a_killed_worker_is_told_in_one_sentence():
    with pytest.raises(RunFailedError, match="a worker process ended"):
        _outcome(ended(BrokenProcessPool("terminated abruptly")))


def test_a_worker_that_cannot_start_its_task_says_why():
    assert _outcome(ended(ImportError("no module x"))) == "ImportError: no module x"
