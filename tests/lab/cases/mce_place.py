# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where an error may be: borders, ends, nowhere, in what nobody has."""
from driver.cases import case
from driver.dom0 import check, equal
from driver.machine import HostLost

from ._daemon import (MIB, PAGE, SRAO, SRAR, alive_and_well, inject, misc, told,
                      with_pool, with_volume)
from ._hv import (GFN, HELD, MAP_4K, REGION0, event_of, events, extents, gpa,
                  map_volume, query, take)

ADDRV, MISCV = 1 << 58, 1 << 59
ABSENT = str(hex((1 << 64) - 1))


def broken(dom0):
    return [(int(b["mfn"], 0), int(b["nr"])) for b in dom0.tool("list broken")]


def order_at(dom0, guest, gpa_, offset):
    """The page order that maps this byte of a mapping; None for a hole."""
    q = dom0.tool(f"query {guest.domid} {(gpa_ + offset) >> 12:#x}")[0]
    return None if q["mfn"] == ABSENT else int(q["order"])


@case("mce-first-and-last-frame")
def _(dom0):
    """The first and the last frame of a volume: two pages are gone, their neighbours are not."""
    d, guest, mapping = with_volume(dom0)
    at, last = mapping["gpa"], 16 * MIB - PAGE
    guest.do(f"fill {at:#x} 16m 6")
    for n, offset in enumerate((0, last)):
        inject(dom0, mapping["spa"] + offset)
        d.await_faults(n + 1)
        check(told(guest, at + offset), f"the guest saw {guest.machine_checks()}")
    equal([order_at(dom0, guest, at, o) for o in (0, PAGE, 2 * MIB, 14 * MIB - PAGE,
                                                  last - PAGE, last)],
          [None, 0, 9, 9, 0, None], "page orders from the first frame to the last")
    equal(d.volume("v")["bad"], 2 * PAGE, "bad bytes")
    alive_and_well(dom0, guest)


@case("mce-across-volumes")
def _(dom0):
    """An error of 4 MiB over the border of two guests' volumes: each is told its own half."""
    d = with_pool(dom0)
    one, two = dom0.guest("g1"), dom0.guest("g2")
    for volume in ("a", "b"):
        d.ok(f"volume create {volume} 6M")
    a, b = d.map("a", one), d.map("b", two)
    border = b["spa"]
    equal((a["spa"] + 6 * MIB, border % (4 * MIB)), (border, 2 * MIB), "where they meet")
    inject(dom0, border - PAGE, order=22)
    d.await_faults(2)
    for guest, where in ((one, a["gpa"] + 4 * MIB), (two, b["gpa"])):
        seen = told(guest, where)
        equal([(int(m["misc"], 0), int(m["status"], 0)) for m in seen], [(misc(21), SRAO)],
              f"what {guest.name} was told at {where:#x}")
    equal(sum(nr for _, nr in broken(dom0)), 1024, "broken frames")
    equal([d.volume(v)["bad"] for v in "ab"], [2 * MIB, 2 * MIB], "bad bytes of the volumes")
    alive_and_well(dom0, one, two)


@case("mce-across-region-end")
def _(dom0):
    """An error that reaches over the end of a pool is cut off there."""
    d, guest, mapping = with_volume(dom0, "192M", shadow=8)
    pool = d.pool()
    equal((mapping["spa"], pool["size"]), (pool["spa"], 192 * MIB), "the volume is all of it")
    inject(dom0, mapping["spa"] + 192 * MIB - PAGE, order=27)
    d.await_faults(1)
    equal(broken(dom0), [((mapping["spa"] + 128 * MIB) >> 12, 64 * MIB >> 12)], "broken frames")
    seen = told(guest, mapping["gpa"] + 128 * MIB)
    equal([int(m["misc"], 0) for m in seen], [misc(26)], "how far it reaches, for the guest")
    equal(d.volume("v")["bad"], 64 * MIB, "bad bytes")
    alive_and_well(dom0, guest)


@case("mce-without-address")
def _(dom0):
    """A report that does not say where is in the history; nobody is held or told."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"], SRAO & ~ADDRV)
    alive_and_well(dom0, guest)
    equal((broken(dom0), d.events("fault")), ([], []), "what the hardware did not say")
    dom0.ok(f"labtool break {mapping['spa'] >> 12:#x} 1 {SRAO & ~ADDRV:#x} 5 {misc():#x}")
    event = d.await_event("fault")
    check("without an address" in event["text"], f"the event says {event['text']}")
    equal((broken(dom0), d.volume("v")["bad"], guest.machine_checks()), ([], 0, []),
          "broken frames, bad bytes, machine checks")
    alive_and_well(dom0, guest)


@case("mce-without-misc")
def _(dom0):
    """Without MISC an address of the hardware is not known to be physical; the extent is a page."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"], SRAO & ~MISCV)
    alive_and_well(dom0, guest)
    equal((broken(dom0), d.events("fault")), ([], []), "an address of an unknown kind")
    dom0.ok(f"labtool break {(mapping['spa'] >> 12) + 3:#x} 1 {SRAO & ~MISCV:#x} 5 0")
    d.await_faults(1)
    check(told(guest, mapping["gpa"] + 3 * PAGE), "the guest was told")
    equal(broken(dom0), [((mapping["spa"] >> 12) + 3, 1)], "broken frames")


@case("mce-dom0-visible")
def _(dom0):
    """An error in a namespace that Dom0 uses is logged as ever; no guest and no book is touched."""
    d, guest, _ = with_volume(dom0)
    spa = int(dom0.ok("cat /sys/block/pmem1/device/resource"), 0)
    inject(dom0, spa + 5 * PAGE)
    dom0.ok("dd if=/dev/pmem1 of=/dev/null bs=1M count=8 iflag=direct")
    check("MCE" in dom0.xen_says(), "Xen's log has it")
    equal((broken(dom0), d.events("fault")), ([], []), "nvdimmd's business")
    alive_and_well(dom0, guest)


@case("mce-free-srar-panics")
def _(dom0):
    """Consumed by the host itself, in a frame that no guest has: the host panics, as ever."""
    d = with_pool(dom0)
    try:
        dom0.run(f"labtool mca 0 5 1 {SRAR:#x} {d.pool()['spa'] + 7 * PAGE:#x} {misc():#x}", 20)
        dom0.run("sleep 5")
    except HostLost as e:
        check("Panic on CPU" in str(e), f"it ended with {e}")
        check("Software recovery failed for the UCR" in dom0.xen_says(), "the panic's reason")
        return
    check(False, "the host survived")


@case("mce-raw-while-unmapping", daemon=False)
def _(dom0):
    """Half unmapped: an error in what the guest still has is told, in the rest only kept."""
    take(dom0)
    guest, mfn, nr = dom0.guest("g1", shadow=8), *REGION0
    nr -= 512
    # one frame askew, so that it is 65,024 small pages and takes many steps
    map_id = map_volume(dom0, guest, mfn, nr, gfn=GFN + 1, flags=MAP_4K)
    dom0.tool(f"unmap {map_id} 1")
    left = int(extents(dom0)[0]["done"])
    check(0 < left < nr, f"{left} of {nr} frames are left: it is half way")
    equal(extents(dom0)[0]["state"], "3", "state of the extent")
    inject(dom0, (mfn + nr - 1) << 12)
    inject(dom0, mfn << 12)
    held = event_of(dom0, 1)
    dom0.until("test $(labtool events 0 | grep -c type=1) = 2")
    by_spa = {e["spa"] >> 12: e for e in events(dom0)}
    equal({m: e["flags"] & HELD for m, e in by_spa.items()}, {mfn: HELD, mfn + nr - 1: 0},
          "who is held for which frame")
    equal(by_spa[mfn]["gfn"], GFN + 1, "where the guest has it")
    dom0.ok(f"labtool resolve {by_spa[mfn]['seq']} vmce-srao")
    check(told(guest, gpa(1)), f"the guest saw {guest.machine_checks()} for {held}")
    dom0.ok(f"labtool unmap {map_id}")
    equal((extents(dom0), dom0.tool("list holds")), ([], []), "extents and holds")
    equal(broken(dom0), [(mfn, 1), (mfn + nr - 1, 1)], "broken frames")
    equal(query(dom0, guest, GFN + 100)["mfn"], (1 << 64) - 1, "nothing is mapped")
    alive_and_well(dom0, guest)


@case("mce-raw-superpages", large=True, daemon=False)
def _(dom0):
    """The hardware reports one frame of a gigabyte page: it is out, all others stay as large as can be."""
    starts = dom0.ok("cat /sys/bus/nd/devices/region*/resource").split()
    sizes = dom0.ok("cat /sys/bus/nd/devices/region*/size").split()
    spa, size = max(zip((int(r, 0) for r in starts), map(int, sizes)), key=lambda x: x[1])
    take(dom0, (spa >> 12, size >> 12))
    first = -(-(spa >> 12) // 0x40000) * 0x40000
    guest = dom0.guest("g1")
    map_volume(dom0, guest, first, 0x40000)
    equal(query(dom0, guest)["order"], 18, "order before")
    inject(dom0, (first + 0x12345) << 12, SRAR)
    event = event_of(dom0, 1)
    equal([(query(dom0, guest, GFN + f)["order"], query(dom0, guest, GFN + f)["mfn"])
           for f in (0, 0x12200, 0x12344, 0x12346, 0x12400, 0x3ffff)],
          [(9, first), (0, first + 0x12200), (0, first + 0x12344), (0, first + 0x12346),
           (9, first + 0x12400), (9, first + 0x3ffff)], "orders and frames around it")
    equal(query(dom0, guest, GFN + 0x12345)["mfn"], (1 << 64) - 1, "the bad frame")
    dom0.ok(f"labtool resolve {event['seq']} vmce-srar")
    check(told(guest, gpa(0x12345)), f"the guest saw {guest.machine_checks()}")
    alive_and_well(dom0, guest)
