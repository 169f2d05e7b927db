"""What a small network foretells of the tokens after the next one, with the state and without it.

Usable information (Y. Xu et al., ICLR 2020) in place of counts, for states that are vectors: the
difference of two cross-entropies on a test part. It is no bound on the surplus, as both networks
fall short of their laws.
"""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness import Estimate, Floats, Incompatible, Ints, StateFutures, progress, single_threaded
from harness_markov_categories.settings import Probe


@dataclass(frozen=True)
class Inputs:
    """What a network sees of n cases: vectors ``(n, d)`` and codes ``(n, c)`` with their sizes."""

    vectors: Tensor
    codes: Tensor
    sizes: tuple[int, ...]

    def at(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Those of some cases."""
        return self.vectors[rows], self.codes[rows]

    def beside(self, tokens: Ints, v: int) -> Inputs:
        """The same with tokens ``(n, t)`` besides."""
        more = torch.tensor(tokens, device=self.codes.device)
        return Inputs(
            self.vectors, torch.cat([self.codes, more], 1), self.sizes + (v,) * tokens.shape[1]
        )


class Network(nn.Module):
    """A hidden layer over a row for each code and a map of the vectors, then logits of a token."""

    def __init__(self, inputs: Inputs, hidden: int, v: int) -> None:
        super().__init__()
        self.rows = nn.ModuleList([nn.Embedding(size, hidden) for size in inputs.sizes])
        self.map = nn.Linear(inputs.vectors.shape[1], hidden)
        self.out = nn.Linear(hidden, v)

    def forward(self, vectors: Tensor, codes: Tensor) -> Tensor:
        """Logits ``(n, v)``."""
        inner = self.map(vectors)
        for place, row in enumerate(self.rows):
            inner = inner + row(codes[:, place])
        out: Tensor = self.out(torch.relu(inner))
        return out


class _Probe(Probe):
    def _parts(self, data: StateFutures, rng: np.random.Generator) -> list[Ints]:
        """Positions that train, validate and test."""
        if data.split is not None and len(data.split.train) and len(data.split.test):
            train, valid, test = data.split.train, data.split.valid, data.split.test
        else:
            order = rng.permutation(data.n)
            a, b = 3 * data.n // 5, 4 * data.n // 5
            train, valid, test = order[:a], order[a:b], order[b:]
        if not len(valid):
            train, valid = np.split(rng.permutation(train), [4 * len(train) // 5])
        if min(map(len, (train, valid, test))) < 2:
            raise Incompatible(f"{data.n} states; wants 2 at least to train, to validate, to test")
        return [train, valid, test]

    def _states(self, data: StateFutures, train: Ints, device: torch.device) -> Inputs:
        """Vectors standardized on the training part, or codes, of which those that it lacks are
        one.
        """
        if data.state_kind == "continuous":
            mean, spread = data.state[train].mean(0), data.state[train].std(0)
            x = (data.state - mean) / np.where(spread > 0, spread, 1.0)
            none = np.zeros((data.n, 0), np.int64)
            return Inputs(_tensor(x, device), torch.tensor(none, device=device), ())
        columns, sizes = [], []
        for column in data.state.T:
            known = np.unique(column[train])
            place = np.minimum(np.searchsorted(known, column), len(known) - 1)
            columns.append(np.where(known[place] == column, place, len(known)))
            sizes.append(len(known) + 1)
        return Inputs(
            _nothing(data.n, device),
            torch.tensor(np.stack(columns, 1), device=device),
            tuple(sizes),
        )

    def _log_p(
        self, inputs: Inputs, target: Ints, v: int, cuts: list[Ints], device: torch.device
    ) -> Tensor:
        """ln of the laws of the target on the test part ``(test, v)``, as trained."""
        network = Network(inputs, self.hidden, v).to(device)
        adam = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        goal = torch.tensor(target, device=device)
        train, valid, test = (torch.tensor(cut, device=device) for cut in cuts)
        best, kept, waited = np.inf, copy.deepcopy(network.state_dict()), 0
        for epoch in range(self.epochs):
            for rows in train[torch.randperm(len(train)).to(device)].split(self.batch):
                adam.zero_grad()
                nn.functional.cross_entropy(network(*inputs.at(rows)), goal[rows]).backward()
                adam.step()
            with torch.no_grad():
                loss = nn.functional.cross_entropy(network(*inputs.at(valid)), goal[valid]).item()
            progress(epoch + 1, self.epochs, "passes at most")
            waited += 1
            if loss < best:
                best, kept, waited = loss, copy.deepcopy(network.state_dict()), 0
            elif waited >= self.patience:
                break
        network.load_state_dict(kept)
        with torch.no_grad():
            found: Tensor = network(*inputs.at(test)).double().log_softmax(1).cpu()
        return found

    def _both(
        self, data: StateFutures, steps: int, rng: np.random.Generator
    ) -> list[tuple[Ints, Floats, Floats]]:
        """For each of the first ``steps`` tokens of the future, on the test part: the token, and
        ln of its laws without the state and with it ``(test, v)``, given the tokens before it.
        """
        cuts = self._parts(data, rng)
        before = np.concatenate([data.next[:, None], data.future], 1)
        found = []
        with single_threaded(self.device, rng) as device:
            states = self._states(data, cuts[0], device)
            blind = Inputs(_nothing(data.n, device), states.codes[:, :0], ())
            for step in range(steps):
                target = data.future[:, step]
                without, given = (
                    self._log_p(
                        known.beside(before[:, : step + 1], data.vocab_size),
                        target,
                        data.vocab_size,
                        cuts,
                        device,
                    ).numpy()
                    for known in (blind, states)
                )
                found.append((target[cuts[2]], without, given))
        return found


def _tensor(x: Floats, device: torch.device) -> Tensor:
    return torch.tensor(x, dtype=torch.float32, device=device)


def _nothing(n: int, device: torch.device) -> Tensor:
    """Vectors that say nothing: one constant column."""
    return torch.zeros((n, 1), device=device)


def _mean(data: StateFutures, local: Floats, notes: dict[str, float]) -> Estimate:
    found = Estimate.from_local(local, notes)
    return found if data.split is not None else Estimate(found.value, found.stderr, None, notes)


def _chosen(log_p: Floats, tokens: Ints) -> Floats:
    return np.asarray(np.take_along_axis(log_p, tokens[:, None], 1)[:, 0])


def _without_error(found: Estimate) -> Estimate:
    """The estimate without a standard error: that given the two networks, which the diagnostics
    keep, knows nothing of how other trainings end.
    """
    given = {} if found.stderr is None else {"error_given_training": found.stderr}
    return dataclasses.replace(found, stderr=None, diagnostics={**found.diagnostics, **given})


class SurplusProbe(_Probe):
    """The sum over future tokens of what the state takes off the cross-entropy."""

    def estimate(self, data: StateFutures, *, rng: np.random.Generator) -> Estimate:
        """The usable surplus in nats on the test part; it may be negative. Pointwise values are
        those of the split, where the data have one.

        Data without one are cut at random, 3/5 for training. No standard error is stated
        (`_without_error`). Raises `Incompatible` for parts
        of fewer than two states.
        """
        found = self._both(data, data.future.shape[1], rng)
        blind = -np.sum([_chosen(without, token) for token, without, _ in found], axis=0)
        seen = -np.sum([_chosen(given, token) for token, _, given in found], axis=0)
        local = np.asarray(blind - seen)
        notes = {"future": float(blind.mean()), "test": len(local)}
        return _without_error(_mean(data, local, notes))


class DraftAccuracy(_Probe):
    """How often the most likely token after the next one is right, given the state and the next."""

    def estimate(self, data: StateFutures, *, rng: np.random.Generator) -> Estimate:
        """The share on the test part; that without the state is in the diagnostics.

        Raises as `SurplusProbe.estimate`.
        """
        without, given = self._right(data, rng)
        return _mean(data, given, {"blind": float(without.mean())})

    def _right(self, data: StateFutures, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Whether each token is foretold without the state, and with it ``(test,)``."""
        ((token, *laws),) = self._both(data, 1, rng)
        without, given = ((law.argmax(1) == token).astype(np.float64) for law in laws)
        return without, given


class DraftGain(DraftAccuracy):
    """How much of that is the state's: the share with it, less the share without."""

    def estimate(self, data: StateFutures, *, rng: np.random.Generator) -> Estimate:
        """The difference on the test part. Raises as `SurplusProbe.estimate`."""
        without, given = self._right(data, rng)
        return _without_error(_mean(data, given - without, {"accuracy": float(given.mean())}))
