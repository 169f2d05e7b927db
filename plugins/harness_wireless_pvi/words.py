"""What a word is."""

WORDS = r"(?u)\b\w+\b"
"""What a word is to the vectorizers: single letters and digits count."""
