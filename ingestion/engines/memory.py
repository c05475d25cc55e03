"""Memory that a page needed, given back before the next one."""

import ctypes
from functools import cache


def give_back() -> None:
    """Return freed memory to the system. Without it the rasters of large scans leave holes
    in the heap, some 180 MB each time, until the child is restarted for its size."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> "ctypes._NamedFuncPointer | None":
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None  # not glibc
