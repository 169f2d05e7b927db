"""Figures that are made from records."""
