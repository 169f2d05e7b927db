"""What machine a result was made on."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any


@functools.cache
def facts(card: str = "") -> dict[str, Any]:
    """Processor, cores, memory, system and Python of this machine, and the GPU that was used.

    No names, no addresses. Nobody may change what is returned.
    """
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    } | ({"gpu": card} if card else {})


@functools.cache
def name(card: str = "") -> str:
    """A short name for `facts`, by which records point to them."""
    text = json.dumps(facts(card), sort_keys=True)
    return "m-" + hashlib.sha256(text.encode()).hexdigest()[:8]


def card() -> str:
    """The name of the GPU that torch has used in this process; empty where it used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return ""
    return str(torch.cuda.get_device_name())


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _memory_gib() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (ValueError, OSError, AttributeError):
        return None
