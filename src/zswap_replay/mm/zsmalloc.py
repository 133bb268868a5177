"""The zsmalloc allocator: size classes, zspages of several pages, fullness groups. Models mm/zsmalloc.c, v6.6 to v6.18.

A function that has the name of one of the kernel's models it. Which object of a zspage is handed out does not
change what is allocated, so that a handle is its zspage.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, UINT, USHORT, Fields, Records, column
from zswap_replay.lib.list_head import ListHeads
from zswap_replay.mm.zpool import Zpool

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.bits import lowest_bit
    from zswap_replay.mm.page import PAGE_SIZE
    from zswap_replay.mm.zpool import ENOSPC

    ZS_MIN_ALLOC_SIZE = 32
    ZS_MAX_ALLOC_SIZE = PAGE_SIZE
    ZS_SIZE_CLASS_DELTA = 16
    ZS_SIZE_CLASSES = 255
    ZS_HANDLE_SIZE = 8
    ZS_MAX_PAGES_PER_ZSPAGE = 8
    # enum fullness_group: by share of objects in use, in steps of ten percent, those of a full zspage last
    ZS_INUSE_RATIO_0 = 0
    ZS_INUSE_RATIO_10 = 1
    ZS_INUSE_RATIO_99 = 10
    ZS_INUSE_RATIO_100 = 11
    NR_FULLNESS_GROUPS = 12
    # lists of zspages: by class and fullness group; and freed, the last first
    FREED = ZS_SIZE_CLASSES * NR_FULLNESS_GROUPS

ZSPAGE: Fields = {"size_class": USHORT, "inuse": USHORT, "group": UCHAR}
"""struct zspage: its class, its objects in use, and the fullness group that it is on."""


def calculate_zspage_chain_size(class_size: cython.int) -> cython.int:
    """Return how many pages a zspage has for objects of ``class_size`` bytes: the fewest of those that waste least."""
    if class_size & (class_size - 1) == 0:
        return 1
    chain: cython.int = 1
    min_waste: cython.int = PAGE_SIZE
    pages: cython.int
    waste: cython.int
    for pages in range(1, ZS_MAX_PAGES_PER_ZSPAGE + 1):
        waste = (pages * PAGE_SIZE) % class_size
        if waste < min_waste:
            min_waste = waste
            chain = pages
    return chain


def group_bit(group: cython.int) -> cython.uint:
    """Return the bit of a fullness group among those of its class."""
    return 1 << (ZS_INUSE_RATIO_100 - group)


class ZsPool(Zpool):
    """A zs_pool: 255 sizes that share 119 classes, each with its zspages by fullness."""

    def __init__(self) -> None:
        self.pages_allocated = 0
        # by size class index: the class that serves it (the widest of those with the same zspages)
        self.size_class = column(ZS_SIZE_CLASSES, INT)
        self.pages_per_zspage = column(ZS_SIZE_CLASSES, INT)
        self.objs_per_zspage = column(ZS_SIZE_CLASSES, INT)
        # fullness groups by objects in use, those of a class from its ``first_group`` on
        self.first_group = column(ZS_SIZE_CLASSES, INT)
        self.group = column(0, INT)
        # by size class a bit for each fullness group that has zspages, that of the fullest the lowest
        self.filled = column(ZS_SIZE_CLASSES, UINT)
        # by zspage
        self.records = Records(64, ZSPAGE)
        self.zspage = self.records.array
        self.lists = ListHeads(FREED + 1, 64)
        self.nr_zspages = 0
        self.zs_create_pool()

    def zs_create_pool(self) -> None:
        """Lay out the classes from the widest down, merging each that equals the one before it."""
        index: cython.int
        widest: cython.int = ZS_SIZE_CLASSES - 1
        for index in range(ZS_SIZE_CLASSES - 1, -1, -1):
            size: cython.int = min(ZS_MIN_ALLOC_SIZE + index * ZS_SIZE_CLASS_DELTA, ZS_MAX_ALLOC_SIZE)
            pages: cython.int = calculate_zspage_chain_size(size)
            objects: cython.int = pages * PAGE_SIZE // size
            if pages != self.pages_per_zspage[widest] or objects != self.objs_per_zspage[widest]:
                widest = index
                self.pages_per_zspage[index] = pages
                self.objs_per_zspage[index] = objects
            self.size_class[index] = widest
        inuse: cython.int
        count: cython.int = 0
        for index in range(ZS_SIZE_CLASSES):
            self.first_group[index] = count
            count += self.objs_per_zspage[index] + 1
        self.group = column(count, INT)
        for index in range(ZS_SIZE_CLASSES):
            for inuse in range(self.objs_per_zspage[index] + 1):
                self.group[self.first_group[index] + inuse] = self.calculate_fullness_group(index, inuse)

    def get_size_class_index(self, size: cython.int) -> cython.int:
        """Return the index of the narrowest size class that holds ``size`` bytes, the handle included."""
        if size <= ZS_MIN_ALLOC_SIZE:
            return 0
        index: cython.int = (size - ZS_MIN_ALLOC_SIZE + ZS_SIZE_CLASS_DELTA - 1) // ZS_SIZE_CLASS_DELTA
        return min(index, ZS_SIZE_CLASSES - 1)

    def calculate_fullness_group(self, class_index: cython.int, inuse: cython.int) -> cython.int:
        """Return the group of a zspage of a class with ``inuse`` objects in use."""
        if inuse == 0:
            return ZS_INUSE_RATIO_0
        if inuse == self.objs_per_zspage[class_index]:
            return ZS_INUSE_RATIO_100
        return 100 * inuse // self.objs_per_zspage[class_index] // 10 + 1

    def get_fullness_group(self, zspage: cython.int) -> cython.int:
        """Return the group that a zspage belongs to by its objects in use."""
        group: cython.int = self.group[
            self.first_group[self.zspage[zspage].size_class] + self.zspage[zspage].inuse
        ]
        return group

    def find_get_zspage(self, class_index: cython.int) -> cython.int:
        """Return the zspage to allocate from: the fullest that has room, of those the one moved last; -1 for none."""
        with_room: cython.uint = self.filled[class_index] & ~group_bit(ZS_INUSE_RATIO_100)
        if not with_room:
            return -1
        group: cython.int = ZS_INUSE_RATIO_100 - lowest_bit(with_room)
        return self.lists.list_first_entry_or_null(class_index * NR_FULLNESS_GROUPS + group)

    def alloc_zspage(self, class_index: cython.int) -> cython.int:
        """Return a new, empty zspage, on no list as yet."""
        zspage: cython.int = self.lists.list_pop(FREED)
        if zspage < 0:
            zspage = self.nr_zspages
            self.nr_zspages += 1
            if zspage == self.records.size:
                self.grow()
        self.zspage[zspage].size_class = class_index
        self.zspage[zspage].inuse = 0
        self.pages_allocated += self.pages_per_zspage[class_index]
        return zspage

    def grow(self) -> None:
        """Make room for twice as many zspages."""
        self.zspage = None
        self.records.resize(2 * self.records.size)
        self.zspage = self.records.array
        self.lists.resize_items(self.records.size)

    def insert_zspage(self, zspage: cython.int, group: cython.int) -> None:
        """Put a zspage at the head of a fullness group of its class."""
        class_index: cython.int = self.zspage[zspage].size_class
        self.zspage[zspage].group = group
        self.lists.list_add(class_index * NR_FULLNESS_GROUPS + group, zspage)
        self.filled[class_index] |= group_bit(group)

    def remove_zspage(self, zspage: cython.int) -> None:
        """Take a zspage off its fullness group."""
        class_index: cython.int = self.zspage[zspage].size_class
        group: cython.int = self.zspage[zspage].group
        self.lists.list_del(zspage)
        if self.lists.list_first_entry_or_null(class_index * NR_FULLNESS_GROUPS + group) < 0:
            self.filled[class_index] &= ~group_bit(group)

    def fix_fullness_group(self, zspage: cython.int) -> cython.int:
        """Move a zspage to the group that it belongs to now, which is returned."""
        group: cython.int = self.get_fullness_group(zspage)
        if group != self.zspage[zspage].group:
            self.remove_zspage(zspage)
            self.insert_zspage(zspage, group)
        return group

    def zpool_malloc(self, size: cython.int) -> cython.int:
        """Allocate ``size`` bytes and a handle of eight bytes; return the zspage, or -ENOSPC. Models zs_malloc()."""
        if size > ZS_MAX_ALLOC_SIZE:
            return -ENOSPC
        class_index: cython.int = self.size_class[self.get_size_class_index(size + ZS_HANDLE_SIZE)]
        zspage: cython.int = self.find_get_zspage(class_index)
        if zspage >= 0:
            self.zspage[zspage].inuse += 1
            self.fix_fullness_group(zspage)
        else:
            zspage = self.alloc_zspage(class_index)
            self.zspage[zspage].inuse = 1
            self.insert_zspage(zspage, self.get_fullness_group(zspage))
        return zspage

    def zpool_free(self, handle: cython.int) -> None:
        """Free an object, and its zspage at once where that has no other. Models zs_free()."""
        zspage: cython.int = handle
        self.zspage[zspage].inuse -= 1
        if self.fix_fullness_group(zspage) == ZS_INUSE_RATIO_0:
            self.free_zspage(zspage)

    def free_zspage(self, zspage: cython.int) -> None:
        """Give an empty zspage back.

        Models free_zspage().
        """
        self.remove_zspage(zspage)
        self.pages_allocated -= self.pages_per_zspage[self.zspage[zspage].size_class]
        self.lists.list_add(FREED, zspage)

    def zpool_get_total_pages(self) -> cython.Py_ssize_t:
        """Return how many pages the pool holds. Models zs_get_total_pages()."""
        return self.pages_allocated
