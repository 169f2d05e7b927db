"""The training loop: it climbs, looks, stops, and keeps the best."""

import pytest

torch = pytest.importorskip("torch")

from harness_neural import training  # noqa: E402
from harness_neural.settings import Training  # noqa: E402


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_batches_cover_every_sample_once_per_pass():
    drawn = training.batches(10, 3, seeded())
    passes = [sorted(torch.cat([next(drawn) for _ in range(3)]).tolist()) for _ in range(20)]
    assert all(len(set(p)) == 9 for p in passes)
    assert {i for p in passes for i in p} == set(range(10))


def test_it_climbs_to_the_maximum():
    at = torch.zeros(2, requires_grad=True)
    goal = torch.tensor([1.0, -2.0])

    def value():
        return -((at - goal) ** 2).sum()

    settings = Training(steps=2000, batch=2, learning_rate=0.02, patience=8)
    done = training.fit([at], lambda b: value(), lambda: float(value()), 4, settings, seeded())
    torch.testing.assert_close(at.detach(), goal, atol=1e-3, rtol=0)
    assert done.validation == max(done.history)


def test_it_stops_when_validation_stops_improving_and_keeps_the_best():
    """The objective drives the parameter up for ever; validation peaks where it passes 1."""
    at = torch.zeros(1, requires_grad=True)
    settings = Training(steps=10_000, batch=2, learning_rate=0.01, patience=3)
    done = training.fit(
        [at], lambda b: at.sum(), lambda: -abs(float(at) - 1.0), 4, settings, seeded(), every=10
    )
    assert done.best_step == 100  # Adam moves by the learning rate while the gradient is constant
    assert done.steps == 100 + 3 * 10
    assert float(at.detach()) == pytest.approx(1.0, abs=1e-3)


def test_where_training_only_harms_the_start_is_kept():
    at = torch.full((1,), 0.5, requires_grad=True)
    settings = Training(steps=1000, batch=2, learning_rate=0.01, patience=2)
    done = training.fit(
        [at], lambda b: at.sum(), lambda: -float(at), 4, settings, seeded(), every=10
    )
    assert (done.best_step, done.steps, float(at.detach())) == (0, 20, 0.5)


def test_an_objective_that_runs_away_ends_the_training():
    at = torch.ones(1, requires_grad=True)
    settings = Training(steps=1000, batch=2, learning_rate=0.1, patience=50)

    def breaks_down(batch):
        return (at + 0 * torch.sqrt(1.5 - at)).sum()

    done = training.fit([at], breaks_down, lambda: float(at), 4, settings, seeded(), every=5)
    assert done.diverged
    assert done.steps < 1000
    assert torch.isfinite(at).all()
