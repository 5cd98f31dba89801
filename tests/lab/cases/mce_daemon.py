# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks while nvdimmd hangs or is slow."""
import time

from driver.cases import case
from driver.dom0 import equal

from ._daemon import (PAGE, SRAR, alive_and_well, inject, nothing_left, told,
                      with_volume)

@case("mce-daemon-stopped")
def _(dom0):
    """A fault while nvdimmd hangs waits for it: it goes on in time, nobody dies."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 60s\n")
    other = dom0.guest("g2")
    dom0.ok("kill -STOP $(pidof nvdimmd)")
    for frame in (9, 10):
        inject(dom0, mapping["spa"] + frame * PAGE)
    dom0.until("labtool list holds | grep -q domid")
    other.do("echo 1")
    time.sleep(2)
    equal([h["domid"] for h in dom0.tool("list holds")], [str(guest.domid)], "who is held")
    dom0.ok("kill -CONT $(pidof nvdimmd)")
    equal(len(d.await_faults(2)), 2, "faults in the book")
    for frame in (9, 10):
        equal(len(told(guest, mapping["gpa"] + frame * PAGE)), 1, f"machine checks for {frame}")
    alive_and_well(dom0, guest, other)


@case("mce-daemon-stopped-too-long")
def _(dom0):
    """It hangs for too long: the guest is crashed, nothing of it is left, the book has it once."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 2s\n")
    other = dom0.guest("g2")
    dom0.ok("kill -STOP $(pidof nvdimmd)")
    inject(dom0, mapping["spa"] + 9 * PAGE)
    dom0.until("! xl domid g1", 40)
    equal((dom0.tool("list holds"), dom0.tool("list extents")), ([], []), "what Xen keeps of it")
    dom0.ok("kill -CONT $(pidof nvdimmd)")
    d.await_event("released")
    equal((len(d.events("fault")), len(d.events("timeout"))), (1, 1), "fault and timeout")
    nothing_left(d)
    equal(d.volume("v")["bad"], PAGE, "bad bytes")
    guest.create()
    equal(d.map("v", guest)["bad"], PAGE, "bad bytes of the next life's mapping")
    alive_and_well(dom0, guest, other)


@case("mce-daemon-slow")
def _(dom0):
    """A disk that takes a second for each commit delays the decision, and changes nothing else."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 60s\n", preload=True)
    dom0.ok("touch /lab/slow")
    inject(dom0, mapping["spa"])
    dom0.until("labtool list holds | grep -q domid")
    inject(dom0, mapping["spa"] + PAGE, SRAR)
    equal(len(d.await_faults(2, 30)), 2, "faults in the book")
    for frame in (0, 1):
        equal(len(told(guest, mapping["gpa"] + frame * PAGE)), 1, f"machine checks for {frame}")
    alive_and_well(dom0, guest)
