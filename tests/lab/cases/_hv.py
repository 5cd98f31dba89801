# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hypervisor alone: its regions, extents and events, past nvdimmd."""
from driver.dom0 import check, equal

# The two DIMMs of the lab, in frames.
REGION0 = (0x140000, 0x10000)
REGION1 = (0x150000, 0x10000)
M2 = 512                       # frames in 2 MiB
GFN = 0x4000000                # 256 GiB: clear of RAM, within 40 address bits
ABSENT = (1 << 64) - 1

HELD, REPEAT, CRASHED = 2, 1, 16
MCE, TOUCH, RELEASED, TIMEOUT = 1, 2, 3, 4
MAP_4K, MAP_SKIP = 1, 2

# MCi_STATUS as the Intel SDM, volume 3, 15.9.3 has it: VAL UC EN MISCV ADDRV S,
# and AR for the one that the running program has consumed. MISC: a 4 KiB page.
SRAO = 0xbd000000000000c0
SRAR = 0xbd80000000000134
MISC = 0x8c


def gpa(frame=0):
    return (GFN + frame) << 12


def take(dom0, region=REGION0):
    """Register a region and let it be mapped; decisions have a minute."""
    dom0.ok("labtool register {0} {1} && labtool arm {0} {1} && labtool deadline 60000"
            .format(*region))


def map_volume(dom0, guest, mfn, nr, gfn=GFN, flags=0):
    """Map frames into @guest; return the map_id."""
    last = dom0.tool(f"map {guest.domid} {guest.uuid} {mfn:#x} {gfn:#x} {nr} {flags}")[-1]
    equal(int(last["done"]), nr, "frames mapped")
    return int(last["map_id"])


def refuse_map(dom0, guest, mfn, nr, error, gfn=GFN, flags=0):
    dom0.refused(f"labtool map {guest.domid} {guest.uuid} {mfn:#x} {gfn:#x} {nr} {flags}",
                 rf"\({error}\)")


def query(dom0, guest, gfn=GFN):
    """{'mfn', 'order', 'cache', ...} of a guest frame, as numbers."""
    line = dom0.tool(f"query {guest.domid} {gfn:#x}")[0]
    return {k: int(v, 0) for k, v in line.items() if k}


def events(dom0, acknowledge=0):
    """The events that wait, as dictionaries of numbers."""
    result = []
    for line in dom0.tool(f"events {acknowledge}"):
        if "seq" in line:
            result.append({k: int(v, 0) for k, v in line.items() if k not in ("", "handle")})
    return result


def extents(dom0):
    return dom0.tool("list extents")


def holds(dom0):
    return dom0.tool("list holds")


def inject(dom0, spa, status=SRAO, mcg=5, bank=1, cpu=0):
    dom0.ok(f"labtool mca {cpu} {mcg} {bank} {status:#x} {spa:#x} {MISC:#x}")


def event_of(dom0, kind, seconds=10):
    """Wait for an event of @kind; return it."""
    dom0.until(f"labtool events 0 | grep -q 'type={kind} '", seconds)
    found = [e for e in events(dom0) if e["type"] == kind]
    check(found, f"no event of type {kind}")
    return found[0]
