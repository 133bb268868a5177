"""Objects of zsmalloc by their place, which compaction moves. Models mm/zsmalloc.c, v6.12.

zsmalloc.py counts what is allocated, for which it does not matter which object of a zspage is handed out. Compaction
takes the objects of a zspage in the order of their places, so that here each has one.
"""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.mm.zsmalloc import ZsPool

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.zsmalloc import (
        NR_FULLNESS_GROUPS,
        ZS_HANDLE_SIZE,
        ZS_INUSE_RATIO_0,
        ZS_INUSE_RATIO_10,
        ZS_INUSE_RATIO_99,
        ZS_MIN_ALLOC_SIZE,
        ZS_SIZE_CLASS_DELTA,
        ZS_SIZE_CLASSES,
    )


class ZsObjects:
    """A zs_pool whose objects have places: a handle names an object wherever compaction puts it."""

    def __init__(self) -> None:
        self.pool = ZsPool()
        # by size class: objects in use, zspages, and where the places of the zspage that was freed last begin, -1 for
        # none; the first of them names those freed before
        self.objs_inuse = column(ZS_SIZE_CLASSES, INT)
        self.zspages = column(ZS_SIZE_CLASSES, INT)
        self.spare = column(ZS_SIZE_CLASSES, INT, -1)
        # by zspage: where its places begin, and the free one that is handed out next, -1 for none
        self.places = column(64, INT)
        self.freeobj = column(64, INT, -1)
        # by place: the handle of the object, or, where it is free, -2 less the free place behind it
        self.object = column(1024, INT)
        self.nr_places = 0
        # by handle: its zspage and place; a free handle has the next free one in the place
        self.zspage_of = column(1024, INT)
        self.place_of = column(1024, INT)
        self.nr_handles = 0
        self.free_handle = -1
        # pages that compaction gave back
        self.pages_compacted = 0

    def zs_huge_class_size(self) -> cython.int:
        """Return the length from which on an object has a zspage of one page to itself.

        Models zs_huge_class_size() and where zs_create_pool() sets it.
        """
        index: cython.int
        for index in range(ZS_SIZE_CLASSES - 1, -1, -1):
            widest: cython.int = self.pool.size_class[index]
            if self.pool.pages_per_zspage[widest] != 1 and self.pool.objs_per_zspage[widest] != 1:
                return ZS_MIN_ALLOC_SIZE + index * ZS_SIZE_CLASS_DELTA - (ZS_HANDLE_SIZE - 1)
        return 0

    def zs_lookup_class_index(self, size: cython.int) -> cython.int:
        """Return the size class of an object of ``size`` bytes, its handle included.

        Models zs_lookup_class_index().
        """
        index: cython.int = self.pool.size_class[self.pool.get_size_class_index(size + ZS_HANDLE_SIZE)]
        return index

    def zs_malloc(self, size: cython.int) -> cython.int:
        """Allocate an object of ``size`` bytes, at most a page; return its handle.

        Models zs_malloc().
        """
        zspage: cython.int = self.pool.zpool_malloc(size)
        class_index: cython.int = self.pool.zspage[zspage].size_class
        if self.pool.zspage[zspage].inuse == 1:
            self.init_zspage(zspage, class_index)
        handle: cython.int = self.cache_alloc_handle()
        self.obj_malloc(zspage, handle)
        self.objs_inuse[class_index] += 1
        return handle

    def zs_free(self, handle: cython.int) -> None:
        """Free an object and its handle.

        Models zs_free().
        """
        zspage: cython.int = self.zspage_of[handle]
        class_index: cython.int = self.pool.zspage[zspage].size_class
        self.obj_free(zspage, self.place_of[handle])
        self.place_of[handle] = self.free_handle
        self.free_handle = handle
        self.objs_inuse[class_index] -= 1
        self.pool.zpool_free(zspage)
        if self.pool.zspage[zspage].inuse == 0:
            self.note_freed(zspage, class_index)

    def cache_alloc_handle(self) -> cython.int:
        """Return a handle that is free."""
        handle: cython.int = self.free_handle
        if handle >= 0:
            self.free_handle = self.place_of[handle]
            return handle
        handle = self.nr_handles
        self.nr_handles += 1
        if handle == len(self.zspage_of):
            self.grow_handles()
        return handle

    def grow_handles(self) -> None:
        """Make room for twice as many handles."""
        self.zspage_of = grown(self.zspage_of, 2 * len(self.zspage_of))
        self.place_of = grown(self.place_of, 2 * len(self.place_of))

    def init_zspage(self, zspage: cython.int, class_index: cython.int) -> None:
        """Give a zspage its places, all of them free, the first to be handed out first.

        Models init_zspage().
        """
        objects: cython.int = self.pool.objs_per_zspage[class_index]
        begin: cython.int
        place: cython.int
        if zspage >= len(self.places):
            self.grow_zspages(zspage)
        if self.spare[class_index] >= 0:
            begin = self.spare[class_index]
            self.spare[class_index] = self.object[begin]
        else:
            begin = self.nr_places
            self.nr_places += objects
            if self.nr_places > len(self.object):
                self.grow_places()
        for place in range(objects - 1):
            self.object[begin + place] = -2 - (begin + place + 1)
        self.object[begin + objects - 1] = -1
        self.places[zspage] = begin
        self.freeobj[zspage] = begin
        self.zspages[class_index] += 1

    def grow_zspages(self, zspage: cython.int) -> None:
        """Make room for a zspage, and as many more."""
        self.places = grown(self.places, 2 * zspage)
        self.freeobj = grown(self.freeobj, 2 * zspage, -1)

    def grow_places(self) -> None:
        """Make room for the places that are taken, and for as many more."""
        self.object = grown(self.object, 2 * self.nr_places)

    def note_freed(self, zspage: cython.int, class_index: cython.int) -> None:
        """Keep the places of a zspage that was freed for the next one of its class."""
        begin: cython.int = self.places[zspage]
        self.object[begin] = self.spare[class_index]
        self.spare[class_index] = begin
        self.zspages[class_index] -= 1

    def obj_malloc(self, zspage: cython.int, handle: cython.int) -> None:
        """Put an object into the place that was freed last, or was never used.

        Models obj_malloc().
        """
        place: cython.int = self.freeobj[zspage]
        self.freeobj[zspage] = -2 - self.object[place]
        self.object[place] = handle
        self.zspage_of[handle] = zspage
        self.place_of[handle] = place

    def obj_free(self, zspage: cython.int, place: cython.int) -> None:
        """Free a place, which is the next to be handed out.

        Models obj_free().
        """
        self.object[place] = -2 - self.freeobj[zspage]
        self.freeobj[zspage] = place

    # ---- compaction ----

    def zs_compact(self) -> cython.Py_ssize_t:
        """Move objects out of the emptiest zspages, class by class from the widest; return the pages given back.

        Models zs_compact().
        """
        freed: cython.longlong = 0
        index: cython.int
        for index in range(ZS_SIZE_CLASSES - 1, -1, -1):
            if self.pool.size_class[index] == index:
                freed += self.compact_class(index)
        self.pages_compacted += freed
        return freed

    def compact_class(self, class_index: cython.int) -> cython.Py_ssize_t:
        """Move the objects of one class: as long as its free objects make up a zspage. Models __zs_compact()."""
        freed: cython.longlong = 0
        dst: cython.int = -1
        src: cython.int
        while self.zs_can_compact(class_index):
            if dst < 0:
                dst = self.isolate_dst_zspage(class_index)
                if dst < 0:
                    break
            src = self.isolate_src_zspage(class_index)
            if src < 0:
                break
            self.migrate_zspage(src, dst)
            if self.putback_zspage(src) == ZS_INUSE_RATIO_0:
                self.pool.free_zspage(src)
                self.note_freed(src, class_index)
                freed += self.pool.pages_per_zspage[class_index]
            if self.pool.zspage[dst].inuse == self.pool.objs_per_zspage[class_index]:
                self.putback_zspage(dst)
                dst = -1
        if dst >= 0:
            self.putback_zspage(dst)
        return freed

    def zs_can_compact(self, class_index: cython.int) -> cython.bint:
        """Tell whether the free objects of a class make up a whole zspage.

        Models zs_can_compact().
        """
        objects: cython.int = self.pool.objs_per_zspage[class_index]
        return self.zspages[class_index] * objects - self.objs_inuse[class_index] >= objects

    def isolate_src_zspage(self, class_index: cython.int) -> cython.int:
        """Take a zspage of the emptiest group off its list; -1 for none."""
        group: cython.int
        for group in range(ZS_INUSE_RATIO_10, ZS_INUSE_RATIO_99 + 1):
            zspage: cython.int = self.pool.lists.list_first_entry_or_null(
                class_index * NR_FULLNESS_GROUPS + group
            )
            if zspage >= 0:
                self.pool.remove_zspage(zspage)
                return zspage
        return -1

    def isolate_dst_zspage(self, class_index: cython.int) -> cython.int:
        """Take a zspage of the fullest group that is not full off its list; -1 for none."""
        zspage: cython.int = self.pool.find_get_zspage(class_index)
        if zspage >= 0:
            self.pool.remove_zspage(zspage)
        return zspage

    def putback_zspage(self, zspage: cython.int) -> cython.int:
        """Put an isolated zspage on the list of its group, which is returned.

        Models putback_zspage().
        """
        group: cython.int = self.pool.calculate_fullness_group(
            self.pool.zspage[zspage].size_class, self.pool.zspage[zspage].inuse
        )
        self.pool.insert_zspage(zspage, group)
        return group

    def migrate_zspage(self, src: cython.int, dst: cython.int) -> None:
        """Move objects in the order of their places until one is full or the other empty.

        Models migrate_zspage().
        """
        class_index: cython.int = self.pool.zspage[src].size_class
        objects: cython.int = self.pool.objs_per_zspage[class_index]
        begin: cython.int = self.places[src]
        place: cython.int
        for place in range(begin, begin + objects):
            handle: cython.int = self.object[place]
            if handle < 0:
                continue
            self.obj_malloc(dst, handle)
            self.obj_free(src, place)
            self.pool.zspage[dst].inuse += 1
            self.pool.zspage[src].inuse -= 1
            if self.pool.zspage[dst].inuse == objects or self.pool.zspage[src].inuse == 0:
                return
