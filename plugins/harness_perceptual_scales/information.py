"""Estimators of Fisher information along a path: by formula, and from scores of samples."""

from __future__ import annotations

import numpy as np

from harness import DataError, Estimate, Floats, Incompatible, StimulusPath
from harness_perceptual_scales import fisher, settings


class GaussianFisher(settings.Laws):
    """Fisher information of the Gaussian law at every step, by formula."""

    def estimate(self, data: StimulusPath, *, rng: np.random.Generator | None = None) -> Estimate:
        """The mean over the steps, in 1 / s^2, with the value of each step.

        The steps are no sample, so there is no standard error. Raises `Incompatible` for a path
        without laws.
        """
        values = fisher.along(data, self.ridge, self.q)
        return Estimate(float(values.mean()), local=values)


class ScoreFisher(settings.Draws):
    """Fisher information from samples: the mean square of d ln p(x | s) / ds."""

    def estimate(self, data: StimulusPath, *, rng: np.random.Generator) -> Estimate:
        """The mean over the steps, in 1 / s^2, the value of each step, the error of drawing.

        The score is a difference of log-densities between neighbouring steps, so steps have to be
        small beside what changes the law. Raises `Incompatible` for a path without laws.
        """
        slopes = fisher.derivative(data.s)
        scores = self._gaussian if data.cov is not None else self._spectral
        squares = scores(data, slopes, rng) ** 2
        error = np.sqrt((squares.var(axis=1, ddof=1) / self.draws).sum()) / data.n
        values = squares.mean(1)
        return Estimate(float(values.mean()), float(error), values, {"draws": self.draws})

    def _gaussian(self, data: StimulusPath, slopes: Floats, rng: np.random.Generator) -> Floats:
        """Scores ``(n, draws)`` of samples of Gaussian vectors."""
        assert data.cov is not None
        mean = np.zeros(data.cov.shape[:2]) if data.mean is None else data.mean
        roots = [fisher.factor(cov, self.ridge, "StimulusPath.cov") for cov in data.cov]
        scores = np.zeros((data.n, self.draws))
        for row, root in enumerate(roots):
            x = mean[row] + rng.normal(size=(self.draws, len(root))) @ root.T
            for near in np.flatnonzero(slopes[row]):
                white = np.linalg.solve(roots[near], (x - mean[near]).T)
                log_p = -0.5 * (white**2).sum(0) - np.log(np.diag(roots[near])).sum()
                scores[row] += slopes[row, near] * log_p
        return self._finite(scores)

    def _spectral(self, data: StimulusPath, slopes: Floats, rng: np.random.Generator) -> Floats:
        """Scores ``(n, draws)`` of samples of Gaussian fields, bin by bin."""
        if data.spectrum is None:
            raise Incompatible("reads covariances or spectra at the steps; this path has neither")
        power = fisher.noisy(data.spectrum, self.q)
        inverse = (slopes @ (1.0 / power).reshape(data.n, -1)).reshape(power.shape)
        logs = slopes @ np.log(power).reshape(data.n, -1).sum(1)
        level = np.zeros(data.n) if data.level is None else data.level
        up = np.sqrt(power[0].size) * level
        scores = np.empty((data.n, self.draws))
        for row in range(data.n):
            for draw in range(self.draws):
                white = np.fft.fft2(rng.normal(size=power[row].shape), norm="ortho")
                square = power[row] * np.abs(white) ** 2
                score = -0.5 * (logs[row] + (inverse[row] * square).sum())
                lowest = np.sqrt(power[row, 0, 0]) * white[0, 0].real
                apart = (lowest + up[row] - up) ** 2 / power[:, 0, 0]
                known = lowest**2 / power[:, 0, 0]
                scores[row, draw] = score - 0.5 * slopes[row] @ (apart - known)
        return self._finite(scores)

    @staticmethod
    def _finite(scores: Floats) -> Floats:
        if not np.isfinite(scores).all():
            raise DataError("StimulusPath", "log-densities beyond the range", "smaller steps")
        return scores
