"""The command ``harness``, and ``python -m harness``."""

import signal
import sys

# Until there is somebody to say it in words, Ctrl-C ends the process without any.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from harness.cli import main  # noqa: E402

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
