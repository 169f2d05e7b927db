"""Names that the task writes and the picture reads."""

PAIRS = {"x": "I(X;L)", "y": "I(L;Y)"}
"""What a case of ``ib-plane`` measures, by the end of its id."""
