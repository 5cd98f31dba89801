# SPDX-License-Identifier: LGPL-2.1-or-later
"""Volumes and guests, through nvdimmd."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import MIB, UUID, nothing_left, with_pool, with_volume


@case("map-volume", fast="both")
def _(dom0):
    """A guest has its volume: after unmap Dom0, after re-creation the guest finds the bytes."""
    d, guest, mapping = with_volume(dom0)
    gpa = mapping["gpa"]
    equal((mapping["size"], mapping["state"]), (16 * MIB, "mapped"), "size and state")
    q = dom0.tool(f"query {guest.domid} {gpa >> 12:#x}")[0]
    equal((int(q["mfn"], 0), q["order"], q["cache"]), (mapping["spa"] >> 12, "9", "1"),
          "mfn, 2 MiB pages, write-back")
    guest.do(f"fill {gpa:#x} 16m 1234")
    guest.do(f"verify {gpa:#x} 16m 1234 4k")
    d.ok("unmap v")
    nothing_left(d)
    mapping = d.map("v", guest)
    equal(mapping["gpa"], gpa, "the address is stable")
    guest.destroy()
    guest.create()
    mapping = d.map("v", guest)
    guest.do(f"verify {mapping['gpa']:#x} 16m 1234")
    d.ok("unmap v")
    d.ok("volume delete v --no-scrub")
    d.ok("pool release fast")
    dom0.ok(f"labtool verify /dev/pmem0 {mapping['spa'] - 0x140000000} {16 * MIB} 1234")


@case("map-two-guests", fast="both")
def _(dom0):
    """Two guests, two volumes: neither sees the other's, even when nvdimmd is bypassed."""
    d = with_pool(dom0)
    one, two = dom0.guest("g1"), dom0.guest("g2")
    d.ok("volume create a 8M")
    d.ok("volume create b 8M")
    at = {g.name: d.map(v, g) for v, g in (("a", one), ("b", two))}
    one.do(f"fill {at['g1']['gpa']:#x} 8m 1")
    two.do(f"fill {at['g2']['gpa']:#x} 8m 2")
    one.do(f"verify {at['g1']['gpa']:#x} 8m 1")
    d.refused("map a g2", "g1")
    dom0.refused(f"labtool map {two.domid} {two.uuid} {at['g1']['spa'] >> 12:#x} 0x2000000 512 0",
                 "EBUSY")


@case("map-owner", fast=True)
def _(dom0):
    """A volume belongs to a guest's UUID; another guest is refused unless forced."""
    d = with_pool(dom0)
    d.ok(f"volume create v 8M --owner uuid:{UUID.format(1)}")
    one = dom0.guest("g1", uuid=UUID.format(1))
    two = dom0.guest("g2", uuid=UUID.format(2))
    d.refused("map v g2", "owner|belongs")
    mapping = d.map("v", one)
    one.do(f"fill {mapping['gpa']:#x} 8m 3")
    d.ok("unmap v")
    mapping = d.map("v", two, "--force-owner")
    two.do(f"verify {mapping['gpa']:#x} 8m 3")


@case("map-deleted-is-zero", fast=True)
def _(dom0):
    """A deleted volume's bytes are zero for the next tenant."""
    d, guest, mapping = with_volume(dom0)
    guest.do(f"fill {mapping['gpa']:#x} 16m 77")
    d.refused("volume delete v", "mapped")
    d.ok("unmap v")
    spa = d.volume("v")["extents"][0]["spa"]
    d.ok("volume delete v")
    d.ok("volume create w 16M")
    equal(d.volume("w")["extents"][0]["spa"], spa, "the same frames")
    mapping = d.map("w", guest)
    guest.do(f"verify {mapping['gpa']:#x} 16m 0")


@case("map-several-extents")
def _(dom0):
    """A volume of several extents is one range for the guest."""
    d = with_pool(dom0)
    guest = dom0.guest("g1")
    for i in range(12):
        d.ok(f"volume create v{i} 16M")
    for i in (1, 4, 7):
        d.ok(f"volume delete v{i}")
    d.ok("volume create wide 48M")
    equal(len(d.volume("wide")["extents"]), 3, "extents")
    mapping = d.map("wide", guest)
    guest.do(f"fill {mapping['gpa']:#x} 48m 21")
    guest.do(f"verify {mapping['gpa']:#x} 48m 21")
    d.ok("unmap wide")
    nothing_left(d)


@case("map-refusals", fast=True)
def _(dom0):
    """What cannot be is refused with a reason, and nothing is left of the attempt."""
    d = with_pool(dom0)
    guest = dom0.guest("g1")
    d.ok("volume create v 8M")
    d.ok("volume create w 8M")
    d.refused("map v nobody", "nobody")
    d.refused("map x g1", "x")
    d.refused("map v g1 --gpa 0", "0x0")
    d.refused("map v g1 --gpa 0x10000000001000", "")
    d.refused("map v g1 --gpa 0x4000001000", "not aligned to 2 MiB")
    d.refused("map v Domain-0", "HVM|PVH|PV")
    mapping = d.map("v", guest)
    d.refused("map v g1", "already|mapped")
    d.refused(f"map w g1 --gpa {mapping['gpa']:#x}", "")
    d.refused("unmap w", "not")
    d.refused("pool release fast", "volume")
    d.refused("volume create big 1G", "")
    d.ok("unmap v")
    nothing_left(d)


@case("map-destroy-mid-map")
def _(dom0):
    """xl destroy during a map leaves nothing behind."""
    d = with_pool(dom0)
    d.ok("volume create v 128M")
    guest = dom0.guest("g1", paused=True)
    for delay in ("0", "0.02", "0.05", "0.1"):
        dom0.run(f"nvctl map v g1 >/dev/null 2>&1 & sleep {delay}; xl destroy g1; wait")
        dom0.until("! labtool list extents | grep -q mfn")
        dom0.until("! nvctl volume show v --json | grep -q '\"mapping\": *{'")
        nothing_left(d)
        guest.create(paused=True)
    d.map("v", guest)


@case("map-guest-dies", fast=True)
def _(dom0):
    """A guest that shuts itself down gives its frames back; its volume stays."""
    d, guest, mapping = with_volume(dom0)
    guest.do(f"fill {mapping['gpa']:#x} 1m 5")
    guest.say("poweroff")
    dom0.until("! xl domid g1")
    d.await_event("released")
    nothing_left(d)
    check(d.volume("v")["state"] == "ready", "the volume")
