# SPDX-License-Identifier: LGPL-2.1-or-later
"""memory - what the hypervisor itself needs, from its free heap before and after.

To be run before anything else was ever registered: the first one allocates more.

Xen allocates by the number of frames and touches none of them, so the ranges
here have no DIMM behind them: addresses above the machine's memory, 512 GiB.
"""
from driver.dom0 import check

from . import GFN, GIB, heading, quiet, row, tool

BASE = 0x8000000               # 512 GiB, in frames
REGISTERED = 512 * GIB
MAP_4K = 1
# struct page_info is 32 bytes and an entry of the machine-to-physical table 8.
PAGE_INFO_GIB = (32 + 8) * (1 << 40 >> 12) / (1 << 30)


def heap(dom0):
    return tool(dom0, "heap")["free"]


def pages_of(dom0, before):
    return before - heap(dom0)


def registered(dom0):
    """Pages for REGISTER of all, and those that the first one since boot brings along."""
    before = heap(dom0)
    dom0.ok(f"labtool register {BASE - GIB:#x} {GIB}")
    first = pages_of(dom0, before) - GIB // 8 // 4096
    before = heap(dom0)
    dom0.ok("labtool register {0:#x} {1} && labtool arm {0:#x} {1}".format(BASE, REGISTERED))
    return first, pages_of(dom0, before)


def trim(dom0, guest):
    """Only page tables in use stay in the guest's pool; the rest is heap again."""
    # ENOMEM is how Xen says that it gave back all it could, which is what is wanted.
    dom0.ok(f"labtool pool {guest.domid} 1 >/lab/pool.out || grep -q ENOMEM /lab/pool.out")
    return heap(dom0)


def table_pages(dom0, guest, mfn, gfn, nr):
    """Pages that a mapping holds, and those that stay after it is gone."""
    before = trim(dom0, guest)
    dom0.ok(f"labtool pool {guest.domid} 64")
    done = tool(dom0, f"map {guest.domid} {guest.uuid} {mfn:#x} {gfn:#x} {nr} {MAP_4K}")
    after = trim(dom0, guest)
    dom0.ok(f"labtool unmap {done['map_id']}")
    return before - after, before - trim(dom0, guest)


def bench(dom0):
    quiet(dom0)
    first, region = registered(dom0)
    guest = dom0.guest("memory", more="shadow_memory = 64\n")
    # More tables than the pool's smallest size of 256 pages, for all that follows.
    hold = tool(dom0, f"map {guest.domid} {guest.uuid} {BASE:#x} {GFN + 1:#x} {GIB} {MAP_4K}")
    check(hold["done"] == GIB, "the mapping that stays is there")
    rest = BASE + 2 * GIB

    heading("Hypervisor memory, from Xen's free heap")
    per_tib = region * 1024 * GIB / REGISTERED / 256
    row("registered, MiB per TiB", f"{per_tib:.1f}")
    row("  against page_info and M2P, MiB per TiB", f"{PAGE_INFO_GIB * 1024:.0f}")
    row("  ours / theirs", f"{per_tib / (PAGE_INFO_GIB * 1024):.4f}")
    row("once, at the first region after boot, KiB", first * 4)
    for what, off, nr in (("1G", 0, 256 * GIB), ("2M", 512, 64 * GIB), ("4K", 1, 8 * GIB)):
        gfn = GFN + 2 * GIB + off
        held, left = table_pages(dom0, guest, rest, gfn, nr)
        row(f"mapping of {nr // GIB} GiB in pages of {what}, pages of 4 KiB", held)
        row("  per TiB, MiB", f"{held * 1024 * GIB / nr / 256:.2f}")
        row("  pages that stay until the guest goes", left)
    one = heap(dom0)
    ids = [tool(dom0, f"map {guest.domid} {guest.uuid} {rest + 2 * i * 512:#x} "
                      f"{GFN + 2 * GIB + 2 * i * 512:#x} 512 0")["map_id"] for i in range(64)]
    row("64 more mappings of 2 MiB each, bytes of heap for one",
        f"{pages_of(dom0, one) * 4096 / len(ids):.0f}")
    guest.destroy()
    dom0.until("! labtool list extents | grep -q .")
    dom0.ok(f"labtool unregister {BASE:#x} {REGISTERED} && "
            f"labtool unregister {BASE - GIB:#x} {GIB}")
