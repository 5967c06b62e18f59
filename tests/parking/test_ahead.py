import threading
import time

import pytest

from solarnet_assets.parking.ahead import ordered


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_whatever_takes_longest(threads):
    def work(n):
        time.sleep(0.003 * (5 - n % 5))
        return n * n

    assert list(ordered(work, range(20), threads)) == [n * n for n in range(20)]


def test_items_are_read_only_a_little_ahead():
    taken = []

    def items():
        for n in range(50):
            taken.append(n)
            yield n

    results = ordered(lambda n: n, items(), 2)
    assert next(results) == 0
    assert len(taken) <= 3
    results.close()


def test_what_a_worker_raises_comes_in_its_turn_and_threads_end():
    def work(n):
        if n == 3:
            raise ValueError("three")
        return n

    results = ordered(work, range(9), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lots")]
