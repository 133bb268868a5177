"""The size of a page as C constants. Models include/asm-generic/page.h."""

import cython

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    PAGE_SHIFT = 12
    PAGE_SIZE = 1 << PAGE_SHIFT
    """Bytes of a page, as units.PAGE_SIZE has them."""
