"""``make bench``: run every ``benchmarks/*/run.py``, or those named.

Peers live in environments of their own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run them one after the other; the worst exit status."""
    names = sys.argv[1:] or sorted(p.parent.name for p in HERE.glob("*/run.py"))
    worst = 0
    for name in names:
        print(f"== {name}", flush=True)
        worst = max(
            worst,
            subprocess.run([sys.executable, str(HERE / name / "run.py")], check=False).returncode,
        )
    return worst


if __name__ == "__main__":
    sys.exit(main())
