# SPDX-License-Identifier: LGPL-2.1-or-later
"""nvdimmd killed at a certain hypercall, and what its next life makes of it."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import MIB, nothing_left, with_pool

UNREGISTER, MAP, UNMAP, SCRUB = 2, 4, 5, 13    # include/public/nvdimm.h


def wide(d):
    """A volume of three extents: each is a hypercall of its own."""
    for i in range(12):
        d.ok(f"volume create v{i} 16M")
    for i in (1, 4, 7):
        d.ok(f"volume delete v{i} --no-scrub")
    d.ok("volume create wide 48M")
    equal(len(d.volume("wide")["extents"]), 3, "extents")


def extents(d):
    return len(d.dom0.tool("list extents"))


@case("daemon-killed-mid-map", seconds=400)
def _(dom0):
    """Killed between a volume's extents, before or after the hypercall: nothing stays half mapped."""
    d = with_pool(dom0)
    guest = dom0.guest("g1")
    wide(d)
    for when, left in (("before", 1), ("after", 2)):
        d.kill_at(MAP, 2, when, "map wide g1")
        equal(extents(d), left, f"extents when it died {when} the second")
        d.start()
        dom0.until("! labtool list extents | grep -q mfn")
        dom0.until("nvctl volume show wide | grep -qi ready")
        nothing_left(d)
    mapping = d.map("wide", guest)
    guest.do(f"fill {mapping['gpa']:#x} 48m 8")
    guest.do(f"verify {mapping['gpa']:#x} 48m 8")


@case("daemon-killed-mid-unmap", seconds=400)
def _(dom0):
    """Killed between a volume's extents, it goes on unmapping in its next life."""
    d = with_pool(dom0)
    guest = dom0.guest("g1")
    wide(d)
    for when, left in (("before", 2), ("after", 1)):
        mapping = d.map("wide", guest)
        guest.do(f"fill {mapping['gpa']:#x} 48m 9")
        d.kill_at(UNMAP, 2, when, "unmap wide")
        equal(extents(d), left, f"extents when it died {when} the second")
        d.start()
        dom0.until("! labtool list extents | grep -q mfn")
        dom0.until("nvctl volume show wide | grep -qi ready")
        nothing_left(d)
        mapping = d.map("wide", guest)
        guest.do(f"verify {mapping['gpa']:#x} 48m 9")
        d.ok("unmap wide")


@case("daemon-killed-mid-scrub", seconds=400)
def _(dom0):
    """Killed while a deleted volume is zeroed, it is zeroed all the same before anybody has it."""
    d = with_pool(dom0)
    guest = dom0.guest("g1")
    for when in ("before", "after"):
        d.ok("volume create v 16M")
        mapping = d.map("v", guest)
        guest.do(f"fill {mapping['gpa']:#x} 16m 5")
        d.ok("unmap v")
        d.kill_at(SCRUB, 1, when, "volume delete v")
        d.start()
        dom0.until("! nvctl volume show v", 60)
        equal(d.pool()["free"], 192 * MIB, "free space after the deletion")
        d.ok("volume create w 16M")
        equal(d.volume("w")["extents"][0]["spa"], mapping["spa"], "the same frames")
        mapping = d.map("w", guest)
        guest.do(f"verify {mapping['gpa']:#x} 16m 0")
        d.ok("unmap w")
        d.ok("volume delete w --no-scrub")


@case("daemon-killed-mid-release", seconds=400)
def _(dom0):
    """Killed while a pool goes back to the kernel, it has the pool still, and can give it back."""
    d = with_pool(dom0)
    for when, left in (("before", 1), ("after", 0)):
        d.kill_at(UNREGISTER, 1, when, "pool release fast")
        equal(len(dom0.tool("list regions")), left, f"regions when it died {when} the call")
        d.start()
        equal(d.pool()["state"], "online", "the pool")
        equal(len(dom0.tool("list regions")), 1, "regions")
    check(dom0.run("test -b /dev/pmem0")[0] != 0, "the pool is not the kernel's")
    d.ok("pool release fast")
    dom0.ok("test -b /dev/pmem0")
