"""Models that write an answer or a summary, and how near it is to the one that was wanted."""
