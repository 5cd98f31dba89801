# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest without memory for page tables."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import alive_and_well, crashed
from ._hv import GFN, HELD, CRASHED, events, map_volume, query, take

SPLITS = 500


@case("mce-raw-no-memory-for-split", large=True, daemon=False)
def _(dom0):
    """No page table left to split a superpage: the owner is crashed, not left with the frame."""
    starts = dom0.ok("cat /sys/bus/nd/devices/region*/resource").split()
    sizes = dom0.ok("cat /sys/bus/nd/devices/region*/size").split()
    spa, size = max(zip((int(r, 0) for r in starts), map(int, sizes)), key=lambda x: x[1])
    take(dom0, (spa >> 12, size >> 12))
    first = -(-(spa >> 12) // 0x40000) * 0x40000
    # one MiB: 256 tables, fewer than one for each 2 MiB of a gigabyte
    guest, other = dom0.guest("g1", shadow=1, on_crash="preserve"), dom0.guest("g2")
    map_volume(dom0, guest, first, 0x40000)
    equal(query(dom0, guest)["order"], 18, "order before")
    dom0.ok(f"labtool storm {first + 1:#x} {SPLITS} 1 512")
    seen = events(dom0)
    equal([e["spa"] >> 12 for e in seen[:SPLITS]], [first + 1 + 512 * i for i in range(SPLITS)],
          "frames that were reported")
    refused = [i for i, e in enumerate(seen[:SPLITS]) if e["flags"] & CRASHED]
    check(refused and refused[0] > 10, f"splits that were refused: {refused}")
    check(all(e["flags"] & HELD for e in seen[:refused[0]]), "until then each split succeeded")
    for i in (0, refused[0] - 1):
        equal(query(dom0, guest, GFN + 1 + 512 * i)["mfn"], (1 << 64) - 1, f"frame of split {i}")
    check(crashed(dom0, "g1"), "xl says that the guest crashed")
    equal(sum(int(b["nr"]) for b in dom0.tool("list broken")), SPLITS, "broken frames")
    guest.destroy()
    equal(dom0.tool("list extents"), [], "extents")
    alive_and_well(dom0, other)
