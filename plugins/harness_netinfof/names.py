"""Names that specs and implementations share. Nothing is imported here."""

COMPONENTS = ("u", "r", "f", "p", "s")
"""Structure, neighbourhoods, features, propagated features without and with the node itself."""
