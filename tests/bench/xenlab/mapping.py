# SPDX-License-Identifier: LGPL-2.1-or-later
"""mapping - one GiB into a guest and out of it, against XEN_DOMCTL_memory_mapping.

That is what iomem= does. The same frames go to the same guest addresses; how
far the two are aligned to each other decides the page size. Calls are made by
labtool, so neither side has a daemon or a library in it; the time is from
the first to the last hypercall.
"""
import statistics

from driver.dom0 import check, equal

from . import GFN, GIB, GIGABYTE, REGION, heading, quiet, row, spread, tool

# (what, how far gfn is off mfn, how often, the entries that a map must install)
ORDERS = [("4K", 1, 5, {"4k": GIB, "2m": 0, "1g": 0}),
          ("2M", 512, 9, {"4k": 0, "2m": 512, "1g": 0}),
          ("1G", 0, 9, {"4k": 0, "2m": 0, "1g": 1})]
MAP_4K = 1


def leaves(dom0, guest, gfn):
    found = tool(dom0, f"leaves {guest.domid} {gfn:#x} {GIB}")
    return {k: found[k] for k in ("4k", "2m", "1g")}


def theirs(dom0, guest, gfn):
    """(map, unmap, entries) by memory_mapping."""
    dom0.ok(f"labtool permit {guest.domid} {GIGABYTE:#x} {GIB} 1")
    where = f"{guest.domid} {gfn:#x} {GIGABYTE:#x} {GIB}"
    put = tool(dom0, f"mmio {where} 1")
    entries = leaves(dom0, guest, gfn)
    take = tool(dom0, f"mmio {where} 0")
    dom0.ok(f"labtool permit {guest.domid} {GIGABYTE:#x} {GIB} 0")
    return put, take, entries


def ours(dom0, guest, gfn):
    """(map, unmap, entries) by nvdimm_op."""
    dom0.ok("labtool register {0:#x} {1} && labtool arm {0:#x} {1}".format(*REGION))
    put = tool(dom0, f"map {guest.domid} {guest.uuid} {GIGABYTE:#x} {gfn:#x} {GIB} {MAP_4K}")
    equal(put["done"], GIB, "frames mapped")
    entries = leaves(dom0, guest, gfn)
    take = tool(dom0, f"unmap {put['map_id']}")
    dom0.ok("labtool unregister {0:#x} {1}".format(*REGION))
    return put, take, entries


def order(dom0, guest, what, off, times, want):
    gfn = GFN + off
    mine, other = [], []
    for i in range(times + 1):
        pair = [ours, theirs] if i % 2 else [theirs, ours]
        got = {f: f(dom0, guest, gfn) for f in pair}
        if i:           # the first of each pays for page tables that stay
            mine.append(got[ours])
            other.append(got[theirs])
    equal(mine[0][2], want, f"entries installed at {what}")
    check(all(m[2] == want for m in mine), f"the same entries each time at {what}")
    heading(f"1 GiB in pages of {what}: nvdimm_op against memory_mapping, {times} times in turn")
    for k, verb in enumerate(("map", "unmap")):
        row(f"{verb}, time (ours / theirs)",
            spread([m[k]["ns"] / o[k]["ns"] for m, o in zip(mine, other)]))
        row("  ms in this emulation, ours and theirs", "{:.1f} and {:.1f}".format(
            *(statistics.median(s[k]["ns"] for s in side) / 1e6 for side in (mine, other))))
        row("  hypercalls, ours and theirs", "{} and {}".format(
            *(statistics.median_low(s[k]["calls"] for s in side) for side in (mine, other))))
    row("p2m entries written (counted by QUERY), ours and theirs", "{} and {}".format(
        *(sum(s[0][2].values()) for s in (mine, other))))


def bench(dom0):
    quiet(dom0)
    guest = dom0.guest("g1", more="shadow_memory = 32\n")
    for one in ORDERS:
        order(dom0, guest, *one)
