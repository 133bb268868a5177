"""The size of a page as C constants. Models include/asm-generic/page.h."""

import cython

from zswap_replay import units

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    PAGE_SHIFT = 12
    PAGE_SIZE = units.PAGE_SIZE
    """Bytes of a page: 1 << PAGE_SHIFT."""
