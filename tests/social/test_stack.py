import numpy as np
import pytest

from solarnet_assets.social import stack
from solarnet_assets.social.held_out import calibration
from solarnet_assets.social.model import LABELS, LANGS, load

N = len(LABELS)


def evidence(strength=0, terms=0, length=60, odds=0.0, best=0.0, probed=None):
    """One text whose first label has this evidence."""
    given = np.zeros((1, N), dtype=np.int8)
    given[0, 0] = strength
    listed = np.full((1, N), best, dtype=np.float32)
    listed[0, 0] = odds
    probe = None if probed is None else np.full((1, N), probed, dtype=np.float32)
    return stack.evidence(given, np.full((1, N), terms, dtype=np.int16), np.array([length]), listed, probe)


@pytest.mark.parametrize("lang", LANGS)
def test_more_evidence_never_lowers_a_probability(lang):
    judge = load().judges[lang]
    for one in (judge.cheap, judge.full):
        if one is None:
            continue
        by_name = [one.probability(evidence(s, 1, probed=0.0))[0, 0] for s in (0, 1, 2, 3)]
        by_many = [one.probability(evidence(3, n, probed=0.0))[0, 0] for n in (1, 2, 5, 20)]
        by_odds = [one.probability(evidence(odds=o, best=9.0, probed=0.0))[0, 0] for o in (-9, -1, 0, 1, 9)]
        assert by_name == sorted(by_name)
        assert by_many == sorted(by_many)
        assert by_odds == sorted(by_odds)
        assert by_name[3] > by_name[0]
    if judge.full is not None:
        by_probe = [judge.full.probability(evidence(probed=p))[0, 0] for p in (-9, -1, 0, 1, 9)]
        assert by_probe == sorted(by_probe)
        assert by_probe[-1] > by_probe[0]


def drawn(rng, count):
    """Evidence and truth of texts whose labels follow a known logistic law."""
    inputs = np.zeros((count, 2, 6), dtype=np.float32)
    inputs[:, :, 2] = rng.random((count, 2)) < 0.3
    inputs[:, :, 5] = rng.normal(size=(count, 2))
    odds = -1.0 + 2.0 * inputs[:, :, 2] + 1.0 * inputs[:, :, 5]
    return inputs, rng.random((count, 2)) < 1 / (1 + np.exp(-odds))


def test_the_stack_learns_a_known_law_and_is_calibrated():
    rng = np.random.default_rng(1)
    learnt = stack.fit(*drawn(rng, 4000))
    inputs, truth = drawn(rng, 4000)
    assert np.allclose(learnt.intercept, -1.0, atol=0.25)
    assert np.allclose(learnt.slopes[:, 2], 2.0, atol=0.3)
    assert np.allclose(learnt.slopes[:, 5], 1.0, atol=0.2)
    assert calibration(learnt.probability(inputs), truth)["ece"] < 0.03


def test_misleading_evidence_gets_no_negative_slope():
    inputs, truth = drawn(np.random.default_rng(2), 1000)
    inputs[:, :, 2] = ~truth
    assert (stack.fit(inputs, truth).slopes[:, 2] == 0).all()


def test_calibration_of_known_probabilities():
    p = np.array([[0.05], [0.05], [0.95], [0.95]], dtype=np.float32)
    right = np.array([[False], [False], [True], [True]])
    assert calibration(p, right)["ece"] == pytest.approx(0.05, abs=1e-6)
    assert calibration(p, ~right)["ece"] == pytest.approx(0.95, abs=1e-6)
    assert calibration(p, right)["brier"] == pytest.approx(0.0025, abs=1e-6)
