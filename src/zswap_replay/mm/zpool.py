"""What the allocators of compressed pages have in common. Models mm/zpool.c."""

import cython

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    ENOSPC = 28


class Zpool:
    """An allocator that is asked for lengths and answers with handles; it accounts for memory and holds none.

    This one has no memory; those that derive from it are the kernel's.
    """

    def zpool_malloc(self, size: cython.int) -> cython.int:
        """Allocate ``size`` bytes; return a handle, or -ENOSPC where the allocator takes no object of that length."""
        return -ENOSPC

    def zpool_free(self, handle: cython.int) -> None:
        """Free an object."""

    def zpool_get_total_pages(self) -> cython.Py_ssize_t:
        """Return how many pages the allocator holds."""
        return 0
