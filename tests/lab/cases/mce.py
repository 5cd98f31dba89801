# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks, from the hypervisor through nvdimmd to the guest."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import (PAGE, SRAO, SRAR, inject, nothing_left, told, with_pool,
                      with_volume)

@case("mce-srao", fast="both")
def _(dom0):
    """An error in a guest's page costs that page: the guest is told where, the host is up."""
    d, guest, mapping = with_volume(dom0)
    other = dom0.guest("g2")
    gpa, spa = mapping["gpa"], mapping["spa"]
    guest.do(f"fill {gpa:#x} 16m 4")
    bad = 1000
    inject(dom0, spa + bad * PAGE, SRAO)
    event = d.await_event("fault")
    equal((event["place"]["volume"], event["place"]["volume_offset"], event["place"]["gpa"]),
          ("v", bad * PAGE, gpa + bad * PAGE), "volume, offset and guest address of the event")
    check(told(guest, gpa + bad * PAGE), f"the guest saw {guest.machine_checks()}")
    equal(dom0.tool("list holds"), [], "holds")
    q = dom0.tool(f"query {guest.domid} {(gpa >> 12) + bad:#x}")[0]
    equal(int(q["mfn"], 0), (1 << 64) - 1, "the bad frame")
    equal(dom0.tool(f"query {guest.domid} {gpa >> 12:#x}")[0]["order"], "9",
          "the first 2 MiB are still one page")
    guest.do(f"verify {gpa:#x} {bad * PAGE} 4")
    other.do("echo 3")
    equal(d.volume("v")["bad"], PAGE, "bad bytes of the volume")
    check("Panic" not in dom0.xen_says(), "no panic")


@case("mce-srar", fast=True)
def _(dom0):
    """The same for an error that the program has consumed."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"] + 5 * PAGE, SRAR)
    d.await_event("fault")
    check(told(guest, mapping["gpa"] + 5 * PAGE), f"the guest saw {guest.machine_checks()}")
    equal(dom0.tool("list holds"), [], "holds")
    check("Panic" not in dom0.xen_says(), "no panic")


@case("mce-remembered", fast=True)
def _(dom0):
    """A bad page is left out of the next map, after a restart of the daemon too."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"] + 7 * PAGE)
    d.await_event("fault")
    d.ok("unmap v")
    d.restart()
    equal(d.volume("v")["bad"], PAGE, "bad bytes after the restart")
    equal(len(dom0.tool("list broken")), 1, "broken ranges in the hypervisor")
    mapping = d.map("v", guest)
    equal(mapping["bad"], PAGE, "bad bytes of the mapping")
    offset = mapping["spa"] - d.pool()["spa"]
    d.ok("unmap v")
    d.refused(f"map g1 --pool fast --offset {offset} --size 2M", "")


@case("mce-remembered-by-host", seconds=600)
def _(dom0, reset):
    """After a reset of the machine the bad page is still known and left out."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"] + 7 * PAGE)
    d.await_event("fault")
    reset()
    d.start()
    equal(d.volume("v")["bad"], PAGE, "bad bytes")
    equal(len(dom0.tool("list broken")), 1, "broken ranges in the hypervisor")
    guest.create()
    equal(d.map("v", guest)["bad"], PAGE, "bad bytes of the mapping")


@case("mce-touched-again", fast=True)
def _(dom0):
    """A guest that touches its bad page again is killed; the others live."""
    d, guest, mapping = with_volume(dom0, conf="grace = 0s\n")
    other = dom0.guest("g2")
    inject(dom0, mapping["spa"] + 3 * PAGE)
    d.await_event("fault")
    check(told(guest, mapping["gpa"] + 3 * PAGE), "the guest was told")
    guest.type(f"read {mapping['gpa'] + 3 * PAGE:#x}")
    dom0.until("! xl domid g1", 30)
    d.await_event("touch")
    d.await_event("released")
    other.do("echo 1")
    nothing_left(d)
    equal(d.volume("v")["bad"], PAGE, "still bad")


@case("mce-touched-in-grace")
def _(dom0):
    """A touch so soon after the first counts with it: the read traps, the guest lives."""
    d, guest, mapping = with_volume(dom0, conf="grace = 60s\n")
    inject(dom0, mapping["spa"] + 3 * PAGE)
    d.await_event("fault")
    check(told(guest, mapping["gpa"] + 3 * PAGE), "the guest was told")
    answer = guest.say(f"read {mapping['gpa'] + 3 * PAGE:#x}")[-1]
    check("trapped" in answer[""], f"the read answered {answer}")
    guest.do("echo 1")
    equal(dom0.tool("list holds"), [], "holds")


@case("mce-daemon-dead")
def _(dom0):
    """A fault while nvdimmd is dead waits for it: back in time, nobody dies."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 30s\n")
    d.kill()
    inject(dom0, mapping["spa"] + 9 * PAGE)
    dom0.until("labtool list holds | grep -q domid")
    d.start()
    d.await_event("fault")
    check(told(guest, mapping["gpa"] + 9 * PAGE), "the guest was told")
    equal(len(d.events("fault")), 1, "faults in the book")
    equal(dom0.tool("list holds"), [], "holds")


@case("mce-daemon-too-late")
def _(dom0):
    """A fault that nobody decides in time costs its guest, and is in the book once."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 2s\n")
    d.kill()
    inject(dom0, mapping["spa"] + 9 * PAGE)
    dom0.until("! xl domid g1", 40)
    d.start()
    equal(len(d.events("fault")), 1, "faults in the book")
    nothing_left(d)
    equal(d.volume("v")["bad"], PAGE, "bad bytes")


@case("mce-free-space", fast=True)
def _(dom0):
    """An error in free space or outside every pool kills nobody and is remembered."""
    d = with_pool(dom0)
    guest = dom0.guest("g1")
    spa = d.pool()["spa"]
    inject(dom0, spa)
    inject(dom0, spa + d.pool()["size"] - PAGE)
    d.await_event("fault")
    dom0.until("test $(labtool list broken | wc -l) = 2")
    equal(d.pool()["bad"], 2 * PAGE, "bad bytes: the first and the last frame")
    inject(dom0, 0x150000000)
    guest.do("echo 1")
    check("Panic" not in dom0.xen_says(), "no panic")


@case("mce-two-at-once")
def _(dom0):
    """Two faults on one guest: each is decided, one hold, nobody resumes early."""
    d, guest, mapping = with_volume(dom0)
    spa, gpa = mapping["spa"], mapping["gpa"]
    dom0.ok(f"labtool break {(spa >> 12) + 2:#x} 1 0 0 0; labtool break {(spa >> 12) + 600:#x} 1 0 0 0")
    dom0.until("test $(nvctl --json events | grep -o '\"kind\":\"fault\"' | wc -l) -ge 2", 20)
    for frame in (2, 600):
        check(told(guest, gpa + frame * PAGE), f"frame {frame}: the guest saw "
              f"{guest.machine_checks()}")
    equal(dom0.tool("list holds"), [], "holds")
