"""The user's folders, as the platform has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data() -> Path:
    """The folder for what is to be kept."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "infoharness"
    if sys.platform == "win32":
        return _local() / "infoharness"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "infoharness"


def cache() -> Path:
    """``HARNESS_CACHE``, or the folder for what can be made again."""
    if given := os.environ.get("HARNESS_CACHE"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "infoharness"
    if sys.platform == "win32":
        return _local() / "infoharness" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "infoharness"


def _local() -> Path:
    return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
