"""Predictive families: labelled texts, or vectors, to held-out log-probabilities of the classes."""
