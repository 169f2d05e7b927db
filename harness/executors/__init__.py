"""Where units run: in this process, or in supervised worker processes.

An executor has ``outcomes(units, ask, show)``, a generator of outcomes in any order, and
``in_flight()``, the units that an interruption would lose. Closing the generator ends the work.
"""

from harness.executors.inline import Inline
from harness.executors.local import Local

__all__ = ["Inline", "Local"]
