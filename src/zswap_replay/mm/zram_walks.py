"""What is done to the pages of a zram device by hand, slot by slot: idle marks, writeback, recompression.

Models the files ``idle``, ``writeback`` and ``recompress`` of drivers/block/zram/zram_drv.c, v6.12. Later releases walk
over the slots in another order.
"""

import cython

from zswap_replay.mm.zcomp import Zcomp
from zswap_replay.mm.zram_drv import Zram

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.zpool import ENOSPC
    from zswap_replay.mm.zram_drv import (
        ZRAM_ALLOCATED,
        ZRAM_BYTES_KEPT,
        ZRAM_COMP_PRIORITY_SHIFT,
        ZRAM_HUGE,
        ZRAM_IDLE,
        ZRAM_INCOMPRESSIBLE,
        ZRAM_SAME,
        ZRAM_WB,
    )
    from zswap_replay.mm.zswap import EINVAL

    EIO = 5
    ENODEV = 19
    # the marks that a page must have
    IDLE_WRITEBACK = 1
    HUGE_WRITEBACK = 2
    INCOMPRESSIBLE_WRITEBACK = 4


def idle_store(zram: Zram, now: cython.ulonglong, age: cython.longlong) -> None:
    """Mark slots as idle that were last written or read more than ``age`` ns ago, and younger ones as not.

    -1: all. Same-filled slots and those on the backing device have no mark. Models mark_idle().
    """
    slot: cython.int
    flags: cython.int
    for slot in range(zram.top):
        flags = zram.flags[slot]
        if not flags & ZRAM_ALLOCATED or flags & (ZRAM_WB | ZRAM_SAME):
            continue
        if age < 0 or zram.ac_time[slot] + age < now:
            zram.flags[slot] |= ZRAM_IDLE
        else:
            zram.flags[slot] &= ~ZRAM_IDLE


def writeback_store(zram: Zram, mode: cython.int, index: cython.longlong) -> cython.int:
    """Write pages to the backing device, in the order of their slots; return 0 or a negative error.

    ``mode`` is the marks that a page must have, together; ``index`` the one slot, or -1 for all. -EIO:
    writeback_limit is used up; -ENOSPC: so are the blocks; both also where no page is left that would be written.
    Models writeback_store().
    """
    slot: cython.longlong = 0
    stop: cython.longlong = zram.nr_pages
    block: cython.int = 0
    error: cython.int = 0
    flags: cython.int
    if index >= zram.nr_pages:
        return -EINVAL
    if not zram.backing_pages:
        return -ENODEV
    if index >= 0:
        slot = index
        stop = index + 1
    while slot < stop:
        if zram.wb_limit_enable and not zram.bd_wb_limit:
            error = -EIO
            break
        if not block:
            block = zram.alloc_block_bdev()
            if not block:
                error = -ENOSPC
                break
        if slot >= zram.top:
            break  # the others are empty, and change nothing
        flags = zram.flags[slot]
        if (
            flags & ZRAM_ALLOCATED
            and not flags & (ZRAM_WB | ZRAM_SAME)
            and not (mode & IDLE_WRITEBACK and not flags & ZRAM_IDLE)
            and not (mode & HUGE_WRITEBACK and not flags & ZRAM_HUGE)
            and not (mode & INCOMPRESSIBLE_WRITEBACK and not flags & ZRAM_INCOMPRESSIBLE)
        ):
            zram.zram_free_page(slot)
            zram.flags[slot] = ZRAM_ALLOCATED | ZRAM_WB
            zram.block[slot] = block
            block = 0
            zram.pages_stored += 1
            zram.bd_writes += 1
            zram.charge(slot, zram.charged_to[slot])
            if zram.wb_limit_enable and zram.bd_wb_limit > 0:
                zram.bd_wb_limit -= 1
        slot += 1
    if block:
        zram.free_block_bdev(block)
    zram.account()
    return error


def recompress_store(
    zram: Zram,
    mode: cython.int,
    threshold: cython.int,
    max_pages: cython.longlong,
    priority: cython.int,
    end: cython.int,
) -> cython.int:
    """Try compressors of the priorities from ``priority`` to ``end`` - 1 on pages; return 0 or -EINVAL.

    ``mode`` is the marks that a page must have, ``threshold`` its least length in bytes, ``max_pages`` how many
    are tried, -1 for all. Models recompress_store().
    """
    slot: cython.int
    flags: cython.int
    if threshold >= zram.huge_class_size:
        return -EINVAL
    for slot in range(zram.top):
        if max_pages == 0:
            break
        flags = zram.flags[slot]
        if (
            not flags & ZRAM_ALLOCATED
            or (mode & IDLE_WRITEBACK and not flags & ZRAM_IDLE)
            or (mode & HUGE_WRITEBACK and not flags & ZRAM_HUGE)
            or flags & (ZRAM_WB | ZRAM_SAME | ZRAM_INCOMPRESSIBLE)
        ):
            continue
        if zram_recompress(zram, slot, threshold, priority, end) and max_pages > 0:
            max_pages -= 1
    zram.account()
    return 0


def zram_recompress(
    zram: Zram, slot: cython.int, threshold: cython.int, priority: cython.int, end: cython.int
) -> cython.bint:
    """Try compressors on a page until its size class is smaller; return whether any was tried.

    A page that none of all compressors made smaller is marked incompressible. Models zram_recompress().
    """
    old_length: cython.int = zram.length[slot]
    old_priority: cython.int = zram.flags[slot] >> ZRAM_COMP_PRIORITY_SHIFT
    old_class: cython.int
    new_class: cython.int = 0
    new_length: cython.int = 0
    kept: cython.int = 0
    had: cython.int
    tried: cython.int = 0
    comp: Zcomp
    content: cython.ulonglong = zram.content[slot]
    if old_length < threshold:
        return False
    zram.flags[slot] &= ~ZRAM_IDLE
    old_class = zram.mem_pool.zs_lookup_class_index(old_length)
    priority = max(priority, old_priority + 1)
    if priority >= end:
        return False
    had = zram.flags[slot] & ZRAM_BYTES_KEPT
    while priority < end:
        if zram.comps[priority] is not None:
            comp = zram.comps[priority]
            tried += 1
            zram.flags[slot] &= ~ZRAM_BYTES_KEPT
            new_length = zram.zcomp_compress(comp, slot, content)
            new_class = zram.mem_pool.zs_lookup_class_index(new_length)
            if new_class < old_class and not (threshold and new_length >= threshold):
                kept = zram.flags[slot] & ZRAM_BYTES_KEPT
                break
            zram.drop_bytes(slot, priority)
        priority += 1
    zram.flags[slot] = (zram.flags[slot] & ~ZRAM_BYTES_KEPT) | had
    if tried == 0:
        return False
    if new_class >= old_class:
        if tried == zram.num_active_comps - 1:
            zram.flags[slot] |= ZRAM_INCOMPRESSIBLE
        return True
    if threshold and new_length >= threshold:
        return True
    handle: cython.int = zram.mem_pool.zs_malloc(new_length)
    zram.zram_free_page(slot)
    zram.flags[slot] = ZRAM_ALLOCATED | kept | (priority << ZRAM_COMP_PRIORITY_SHIFT)
    zram.length[slot] = new_length
    zram.handle[slot] = handle
    zram.compr_data_size += new_length
    zram.pages_stored += 1
    zram.charge(slot, zram.charged_to[slot])
    return True
