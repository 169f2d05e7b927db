"""Reports: figures and tables of findings, made from records. Nothing here computes a result."""
