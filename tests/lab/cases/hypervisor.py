# SPDX-License-Identifier: LGPL-2.1-or-later
"""The hypervisor alone: nvdimm_op by hand, no nvdimmd in between."""
import re

from driver.cases import case
from driver.dom0 import check, equal

MFN, NR = 0x140000, 0x10000        # the first region: 256 MiB at 0x140000000
MFN2 = MFN + NR                    # the second follows at once
GFN = 0x4000000                    # 256 GiB up
GPA = GFN << 12
WB = "1"


def ready(dom0, mfn=MFN, nr=NR):
    """A region that may be mapped, and which Dom0 leaves alone; a minute for decisions."""
    dom0.ok(f"labtool register {mfn:#x} {nr:#x} && labtool arm {mfn:#x} {nr:#x} && "
            "labtool deadline 60000")


def map_(dom0, guest, mfn=MFN, nr=NR, gfn=GFN, flags=0, steps=""):
    line = dom0.tool(f"map {guest.domid} {guest.uuid} {mfn:#x} {gfn:#x} {nr:#x} {flags} {steps}")[0]
    return int(line["map_id"])


def query(dom0, guest, gfn):
    return dom0.tool(f"query {guest.domid} {gfn:#x}")[0]


def listed(dom0, kind):
    return dom0.tool(f"list {kind}")


def events(dom0, ack=0):
    return [e for e in dom0.tool(f"events {ack}") if "seq" in e]


@case("map-raw-write-back", fast=True, daemon=False)
def _(dom0):
    """A guest writes pmem through 2M write-back pages; Dom0 reads the same bytes."""
    info = dom0.tool("info")
    equal(info[0]["magic"], "0x314d4d4944564e58", "magic")
    equal(info[0]["virq"], "17", "virq")
    ready(dom0)
    dom0.ok("ndctl disable-namespace all; ndctl destroy-namespace -f all; "
            "ndctl create-namespace -f -m raw -r region0", 60)
    guest = dom0.guest("g1")
    before = query(dom0, guest, GFN)
    equal(before["mfn"], "0xffffffffffffffff", "nothing there before")
    map_(dom0, guest)
    for i in (0, 0x1ff, 0x200, NR - 1):
        q = query(dom0, guest, GFN + i)
        equal(int(q["mfn"], 0), MFN + i, f"frame {i:#x}")
        equal((q["order"], q["cache"]), ("9", WB), f"order and cache of frame {i:#x}")
    guest.do(f"fill {GPA:#x} 16m 42")
    guest.do(f"verify {GPA:#x} 16m 42 2m")
    dom0.ok("labtool verify /dev/pmem0 0 16777216 42")
    guest.destroy()


@case("map-raw-1g", large=True, daemon=False)
def _(dom0):
    """A region with an aligned gigabyte in it is mapped with one 1G page."""
    regions = dom0.ok("cat /sys/bus/nd/devices/region*/resource").split()
    sizes = dom0.ok("cat /sys/bus/nd/devices/region*/size").split()
    spa, size = max(zip((int(r, 0) for r in regions), map(int, sizes)), key=lambda x: x[1])
    mfn, nr = spa >> 12, size >> 12
    ready(dom0, mfn, nr)
    first = -(-mfn // 0x40000) * 0x40000
    guest = dom0.guest("g1")
    map_id = map_(dom0, guest, first, 0x40000)
    q = query(dom0, guest, GFN + 12345)
    equal((int(q["mfn"], 0), q["order"], q["cache"]), (first + 12345, "18", WB), "the 1G page")
    guest.do(f"fill {GPA:#x} 1m 7 1g")
    dom0.ok(f"labtool break {first + 0x12345:#x} 1")
    equal(query(dom0, guest, GFN + 0x12345)["mfn"], "0xffffffffffffffff", "the broken frame is out")
    equal(query(dom0, guest, GFN + 0x12346)["order"], "0", "its neighbour is a small page")
    equal(query(dom0, guest, GFN + 0x12400)["order"], "9", "further away pages are 2M")
    seq = events(dom0)[-1]["seq"]
    dom0.ok(f"labtool resolve {seq} resume")
    guest.do(f"verify {GPA:#x} 1m 7 1g")
    dom0.ok(f"labtool unmap {map_id}")
    equal(query(dom0, guest, GFN)["mfn"], "0xffffffffffffffff", "unmapped")
    guest.destroy()


@case("map-raw-refusals", fast=True, daemon=False)
def _(dom0):
    """The hypervisor itself refuses what must not be mapped."""
    guest, other = dom0.guest("g1"), dom0.guest("g2")

    def refused(words, who=guest, mfn=MFN, nr=0x200, gfn=GFN, flags=0, uuid=None, domid=None):
        dom0.refused(f"labtool map {domid or who.domid} {uuid or who.uuid} {mfn:#x} {gfn:#x} "
                     f"{nr:#x} {flags}", words)

    dom0.refused("labtool register 0x100 0x200", "EINVAL")
    dom0.refused(f"labtool register {MFN:#x} 0", "EINVAL")
    refused("ENXIO")
    dom0.ok(f"labtool register {MFN:#x} {NR:#x}")
    dom0.ok(f"labtool register {MFN:#x} {NR:#x}")
    dom0.refused(f"labtool register {MFN + 1:#x} {NR:#x}", "EEXIST")
    refused("EAGAIN")
    dom0.ok(f"labtool arm {MFN:#x} {NR:#x}")
    refused("ENXIO", mfn=MFN2)
    refused("ENXIO", mfn=MFN2 - 0x200, nr=0x400)
    refused("EINVAL", mfn=MFN + 1)
    refused("EINVAL", nr=1)
    refused("EEXIST", gfn=0)
    refused("ERANGE", gfn=1 << 40)
    refused("ESRCH", uuid="00000000-0000-0000-0000-000000000001")
    refused("ESRCH", domid=1234)
    refused("EPERM", domid="0", uuid="00000000-0000-0000-0000-000000000000")
    map_id = map_(dom0, guest, nr=0x400)
    refused("EBUSY", who=other)
    refused("EEXIST", mfn=MFN + 0x1000)
    dom0.refused(f"labtool unregister {MFN:#x} {NR:#x}", "EBUSY")
    dom0.refused(f"labtool scrub {MFN + 0x3ff:#x} 2", "EBUSY")
    dom0.ok(f"labtool unmap {map_id}")
    dom0.refused(f"labtool unmap {map_id}", "ENOENT")
    dom0.ok(f"labtool break {MFN + 5:#x} 1")
    refused("EIO")
    equal(listed(dom0, "extents"), [], "nothing is left of it")
    dom0.ok(f"labtool unregister {MFN:#x} {NR:#x}")
    guest.destroy()
    other.destroy()


@case("map-raw-iomem-refused", daemon=False)
def _(dom0):
    """Registered frames are refused to iomem=, and log-dirty to who has some."""
    ready(dom0)
    dom0.put('name = "g9"\ntype = "pvh"\nmemory = 32\nkernel = "/lab/nvguest"\n'
             f'iomem = [ "{MFN:x},1" ]\n', "/lab/g9.cfg")
    dom0.refused("xl create /lab/g9.cfg", "", 120)
    check("Device or resource busy" in dom0.ok("cat /var/log/xen/xl-g9.log 2>/dev/null; true")
          or dom0.run("xl domid g9")[0] != 0, "g9 must not exist")
    guest = dom0.guest("g1")
    map_(dom0, guest)
    dom0.refused("xl save g1 /lab/save", "", 120)
    guest.do(f"fill {GPA:#x} 1m 3")
    guest.destroy()


@case("map-raw-destroy-releases", fast=True, daemon=False)
def _(dom0):
    """Destroying a guest frees its extents and holds and says RELEASED."""
    ready(dom0)
    guest = dom0.guest("g1")
    map_id = map_(dom0, guest)
    half = dom0.guest("g2")
    dom0.ok(f"labtool unmap {map_id}")
    map_(dom0, guest, nr=0x8000)
    map_(dom0, half, mfn=MFN + 0x8000, nr=0x8000, steps=1)
    dom0.ok(f"labtool hold {half.domid} {half.uuid} 1")
    equal(len(listed(dom0, "holds")), 1, "holds")
    guest.destroy()
    half.destroy()
    equal(listed(dom0, "extents"), [], "extents")
    equal(listed(dom0, "holds"), [], "holds")
    seen = [(e["type"], int(e["domid"])) for e in events(dom0)]
    equal(seen, [("3", guest.domid), ("3", half.domid)], "events")
    dom0.ok(f"labtool unregister {MFN:#x} {NR:#x}")


@case("map-raw-scrub", daemon=False)
def _(dom0):
    """Scrubbed frames are zero for the next guest."""
    ready(dom0)
    guest = dom0.guest("g1")
    map_id = map_(dom0, guest)
    guest.do(f"fill {GPA:#x} 4m 9")
    dom0.ok(f"labtool unmap {map_id}")
    dom0.ok(f"labtool scrub {MFN:#x} {NR:#x}")
    map_(dom0, guest)
    for i in range(0, 4 << 20, 0x9f008):
        equal(int(guest.do(f"read {GPA + i:#x}")["value"], 0), 0, f"word at {i:#x}")
    guest.destroy()


@case("mce-raw-as-mce", fast=True, daemon=False)
def _(dom0):
    """A reported frame is contained, its guest held and told, its touch trapped."""
    ready(dom0)
    guest = dom0.guest("g1")
    map_(dom0, guest)
    guest.do(f"fill {GPA:#x} 2m 1")
    bad = 0x123
    dom0.ok(f"labtool break {MFN + bad:#x} 1 0 0 0")
    e = events(dom0)[-1]
    equal((e["type"], int(e["gfn"], 0), int(e["domid"]), e["nr"]),
          ("1", GFN + bad, guest.domid, "1"), "the event")
    equal(int(e["flags"], 0), 0xa, "held, simulated")
    equal(query(dom0, guest, GFN + bad)["mfn"], "0xffffffffffffffff", "frame is out")
    equal(query(dom0, guest, GFN + bad + 1)["cache"], WB, "the neighbour is still write-back")
    equal([h["state"] for h in listed(dom0, "holds")], ["1"], "held")
    dom0.ok(f"labtool resolve {e['seq']} vmce-srao")
    dom0.refused(f"labtool resolve {e['seq']} vmce-srao", "EALREADY")
    equal(listed(dom0, "holds"), [], "not held any more")
    guest.do("echo 1")
    mce = guest.machine_checks()
    check(any(int(m.get("addr", "0"), 0) == GPA + bad * 4096 for m in mce), f"the guest saw {mce}")

    script = (f"labtool say $(xenstore-read /local/domain/{guest.domid}/console/tty) "
              f"{guest.log} 20 'read {GPA + bad * 4096 + 8:#x}' > /lab/read.out 2>&1 &")
    dom0.ok(script)
    dom0.until("labtool events 0 | grep -q type=2")
    t = events(dom0)[-1]
    equal((t["type"], int(t["gfn"], 0), t["vcpu"], int(t["spa"], 0)),
          ("2", GFN + bad, "0", ((MFN + bad) << 12) + 8), "the touch")
    dom0.ok(f"labtool resolve {t['seq']} vmce-srar")
    guest.await_idle()
    check("trapped" in dom0.until("grep -m1 trapped /lab/read.out"), "the read trapped")
    guest.do(f"verify {GPA:#x} 1m 1")
    guest.destroy()


@case("mce-raw-deadline", daemon=False)
def _(dom0):
    """A hold that nobody resolves crashes the guest, once, and says so."""
    ready(dom0)
    dom0.ok("labtool deadline 3000")
    guest = dom0.guest("g1", on_crash="preserve")
    map_(dom0, guest)
    dom0.ok(f"labtool break {MFN + 1:#x} 1")
    dom0.until("labtool events 0 | grep -q type=4", 20)
    last = events(dom0)[-1]
    equal((last["type"], int(last["domid"])), ("4", guest.domid), "timeout")
    dom0.until("xl list | grep -qE '^g1 .* [r-][b-][p-]sc'", 10)
    equal(listed(dom0, "holds"), [], "no hold is left")
    guest.destroy()


@case("mce-raw-hardware", daemon=False)
def _(dom0):
    """A machine check that the hardware reports on a mapped frame: host up, guest told."""
    ready(dom0)
    guest = dom0.guest("g1")
    map_(dom0, guest)
    guest.do(f"fill {GPA:#x} 1m 5")
    for bad, status, mcg in ((7, 0xbd000000000000c0, 5), (8, 0xbd80000000000134, 5)):
        spa = (MFN + bad) << 12
        dom0.ok(f"labtool mca 0 {mcg} 1 {status:#x} {spa:#x} 0x8c")
        dom0.until(f"labtool events 0 | grep -q spa={spa:#x}")
        e = [x for x in events(dom0) if int(x["spa"], 0) == spa][-1]
        equal((e["type"], int(e["gfn"], 0), int(e["status"], 0)), ("1", GFN + bad, status), "event")
        dom0.ok(f"labtool resolve {e['seq']} vmce-srao")
        guest.do("echo 1")
        check(any(int(m.get("addr", "0"), 0) == GPA + bad * 4096 for m in guest.machine_checks()),
              "the guest was told")
    equal([int(b["mfn"], 0) for b in listed(dom0, "broken")], [MFN + 7], "broken run")
    check("Panic" not in dom0.xen_says(), "no panic")
    guest.do(f"verify {GPA:#x} 4096 5")
    guest.destroy()


@case("map-raw-emulated", daemon=False)
def _(dom0):
    """An emulated instruction with an operand in pmem traps; it does not read ~0."""
    ready(dom0)
    guest = dom0.guest("g1")
    map_(dom0, guest)
    guest.do("out 0x800000")
    answer = guest.say(f"out {GPA:#x}")
    check(any(x.get("vector") == "13" for x in answer), f"#GP: {answer}")
    equal(answer[-1][""][:1], ["error"], "it trapped")
    guest.do(f"fill {GPA:#x} 64k 8")
    guest.do(f"verify {GPA:#x} 64k 8")
    guest.destroy()


@case("mce-raw-queue", daemon=False)
def _(dom0):
    """Three frames at once: one hold, each decided once, three machine checks in turn."""
    ready(dom0)
    guest = dom0.guest("g1")
    map_(dom0, guest)
    bad = (0x10, 0x20, 0x333)
    for b in bad:
        dom0.ok(f"labtool break {MFN + b:#x} 1 0 0 0")
    held = [e["seq"] for e in events(dom0) if int(e["flags"], 0) & 2]
    equal(len(held), 3, "events that hold")
    for n, seq in enumerate(held):
        equal(len(listed(dom0, "holds")), 1, f"held before decision {n}")
        dom0.refused(f"labtool events {seq}", "EBUSY")
        dom0.ok(f"labtool resolve {seq} vmce-srao")
        dom0.refused(f"labtool resolve {seq} resume", "EALREADY")
    equal(listed(dom0, "holds"), [], "goes on after the last")
    guest.do("echo 1")
    guest.do("echo 2")
    told = sorted(int(m["addr"], 0) for m in guest.machine_checks() if "addr" in m)
    equal(told, [GPA + b * 4096 for b in bad], "machine checks")
    dom0.ok(f"labtool events {held[-1]}")
    guest.destroy()


@case("mce-raw-crash", daemon=False)
def _(dom0):
    """A guest that is decided to crash crashes, the others run on, the frame stays bad."""
    ready(dom0)
    guest, other = dom0.guest("g1", on_crash="preserve"), dom0.guest("g2")
    map_(dom0, guest, nr=0x8000)
    map_(dom0, other, mfn=MFN + 0x8000, nr=0x8000)
    dom0.ok(f"labtool break {MFN + 3:#x} 1 0 0 0")
    seq = events(dom0)[-1]["seq"]
    dom0.ok(f"labtool resolve {seq} crash")
    dom0.until("xl list | grep -qE '^g1 .*-sc'", 10)
    other.do(f"fill {GPA:#x} 1m 4")
    guest.destroy()
    again = dom0.guest("g3")
    dom0.refused(f"labtool map {again.domid} {again.uuid} {MFN:#x} {GFN:#x} 0x8000 0", "EIO")
    map_(dom0, again, nr=0x8000, flags=2)
    equal(query(dom0, again, GFN + 3)["mfn"], "0xffffffffffffffff", "the bad frame is left out")
    equal(query(dom0, again, GFN + 0x200)["order"], "9", "the rest is not")
    again.destroy()
    other.destroy()
