"""Reports made from records."""
