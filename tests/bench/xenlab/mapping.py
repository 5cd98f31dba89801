# SPDX-License-Identifier: LGPL-2.1-or-later
"""mapping - one GiB into a guest and out of it, against XEN_DOMCTL_memory_mapping.

That is what iomem= does. The same frames go to the same guest addresses; how
far the two are aligned to each other decides the page size. Calls are made by
labtool, so neither side has a daemon or a library in it; the time is from
the first to the last hypercall.
"""
import statistics
import typing

from driver.dom0 import equal

from . import GFN, GIB, GIGABYTE, REGION, heading, khz, quiet, row, spread, tool

MAP_4K = 1


class Range(typing.NamedTuple):
    """What is mapped: how far gfn is off mfn decides the largest page that fits."""
    page: str
    off: int
    nr: int
    times: int
    want: dict          # the entries that a map must install


# Single pages take seconds for each GiB here, most of them to flush TLBs.
RANGES = [Range("1G", 0, GIB, 9, {"4k": 0, "2m": 0, "1g": 1}),
          Range("2M", 512, GIB, 9, {"4k": 0, "2m": 512, "1g": 0}),
          Range("4K", 1, GIB // 16, 5, {"4k": GIB // 16, "2m": 0, "1g": 0})]


def leaves(dom0, guest, gfn, nr):
    found = tool(dom0, f"leaves {guest.domid} {gfn:#x} {nr}")
    return {k: found[k] for k in ("4k", "2m", "1g")}


def theirs(dom0, guest, gfn, nr, look):
    """(map, unmap, entries) by memory_mapping; entries are counted if @look."""
    dom0.ok(f"labtool permit {guest.domid} {GIGABYTE:#x} {nr} 1")
    where = f"{guest.domid} {gfn:#x} {GIGABYTE:#x} {nr}"
    put = tool(dom0, f"mmio {where} 1")
    entries = leaves(dom0, guest, gfn, nr) if look else None
    take = tool(dom0, f"mmio {where} 0")
    dom0.ok(f"labtool permit {guest.domid} {GIGABYTE:#x} {nr} 0")
    return put, take, entries


def ours(dom0, guest, gfn, nr, look):
    """(map, unmap, entries) by nvdimm_op."""
    dom0.ok("labtool register {0:#x} {1} && labtool arm {0:#x} {1}".format(*REGION))
    put = tool(dom0, f"map {guest.domid} {guest.uuid} {GIGABYTE:#x} {gfn:#x} {nr} {MAP_4K}")
    equal(put["done"], nr, "frames mapped")
    entries = leaves(dom0, guest, gfn, nr) if look else None
    take = tool(dom0, f"unmap {put['map_id']}")
    dom0.ok("labtool unregister {0:#x} {1}".format(*REGION))
    return put, take, entries


def compare(dom0, guest, r):
    pace = khz(dom0)
    mine, other = [], []
    for i in range(r.times + 1):
        pair = [ours, theirs] if i % 2 else [theirs, ours]
        got = {f: f(dom0, guest, GFN + r.off, r.nr, not i) for f in pair}
        if i:
            mine.append(got[ours])
            other.append(got[theirs])
        else:           # it pays for page tables that stay
            entries = [sum(got[f][2].values()) for f in (ours, theirs)]
            equal(got[ours][2], r.want, f"entries installed for {r.page}")
    heading(f"{r.nr >> 8} MiB in pages of {r.page}: nvdimm_op against memory_mapping, "
            f"{r.times} times in turn")
    for k, verb in enumerate(("map", "unmap")):
        row(f"{verb}, time (ours / theirs)",
            spread([m[k]["ticks"] / o[k]["ticks"] for m, o in zip(mine, other)]))
        row("  ms per GiB in this emulation, ours and theirs", "{:.1f} and {:.1f}".format(
            *(statistics.median(s[k]["ticks"] for s in side) * GIB / r.nr / pace
              for side in (mine, other))))
        row("  hypercalls, ours and theirs", "{} and {}".format(
            *(statistics.median_low(s[k]["calls"] for s in side) for side in (mine, other))))
    row("p2m entries written per GiB (counted by QUERY), ours and theirs",
        "{:.0f} and {:.0f}".format(*(n * GIB / r.nr for n in entries)))


def bench(dom0):
    quiet(dom0)
    guest = dom0.guest("map", more="shadow_memory = 32\n")
    for one in RANGES:
        compare(dom0, guest, one)
    guest.destroy()
