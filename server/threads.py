"""How the many threads of a server share the processor, and Python's lock."""

from __future__ import annotations

import os
import sys

from threadpoolctl import threadpool_limits

_SWITCH_S = 0.001  # a thread that has an answer to send waits this long for one that computes; Python's own is 5 ms


def share_processor() -> None:
    """Let this process multiply in one thread a caller, and hand over Python's lock soon; this holds until it ends.

    By itself each product of each caller takes every core, and sixteen callers get a twentieth of what one gets. The
    environment is for the copy of BLAS that SciPy brings: it is loaded later, and reads it then.
    """
    threadpool_limits(1, user_api="blas")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    sys.setswitchinterval(_SWITCH_S)
