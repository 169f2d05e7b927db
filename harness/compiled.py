"""``njit`` of numba, with the same bits in the process that compiles as in those that load.

Numba optimizes a function alone, and again wherever it is linked in: a helper into its callers, the
body of a ``prange`` loop into its function. Each time the optimizer may reorder the sums that
``fastmath={"reassoc"}`` leaves to it. In the process that compiles, the copies share a name and the
first of them serves all callers; a process that loads from the cache sees only the last. Here each
function keeps its own copies: the last, in every process, whatever was compiled or loaded before.

numba has no option for it, so a method of its code libraries is replaced, for the whole process;
`tests/test_compiled.py` fails where a new numba no longer calls it.
"""

from __future__ import annotations

from typing import Any

from llvmlite.binding import Linkage
from numba import njit, prange
from numba.core.codegen import CPUCodeLibrary

__all__ = ["njit", "prange"]

_SHARED = {Linkage.linkonce_odr, Linkage.weak_odr}
_finalize: Any = CPUCodeLibrary._finalize_final_module


def _finalize_apart(library: Any) -> None:
    """Emit machine code in which copies of other libraries' functions are private."""
    copies = [
        (function, function.linkage)
        for function in library._final_module.functions
        if not function.is_declaration and function.linkage in _SHARED
    ]
    for function, _ in copies:
        function.linkage = Linkage.internal
    _finalize(library)
    for function, linkage in copies:  # libraries that link this one still merge equal names
        function.linkage = linkage


CPUCodeLibrary._finalize_final_module = _finalize_apart  # type: ignore[method-assign]
