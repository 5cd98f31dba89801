# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests with two vCPUs."""
import time

from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import PAGE, SRAR, alive_and_well, inject, told, with_volume


@case("mce-two-vcpus")
def _(dom0):
    """Two vCPUs touch bad pages at once: one hold, each touch is decided once, each is told its own."""
    d, guest, mapping = with_volume(dom0, conf="grace = 60s\ndeadline = 30s\n", vcpus=2)
    gpa, spa = mapping["gpa"], mapping["spa"]
    guest.do(f"both {gpa:#x} {gpa + PAGE:#x}")
    for n, frame in enumerate((2, 7)):
        inject(dom0, spa + frame * PAGE)
        d.await_faults(n + 1)
    guest.do("echo 1")
    mark = len(guest.lines())
    done = guest.do(f"both {gpa + 2 * PAGE + 8:#x} {gpa + 7 * PAGE + 16:#x}")
    equal((done["first"], done["second"]), ("1", "1"), "both reads trapped")
    srar = [m for m in guest.lines()[mark:] if m.get("status") == f"{SRAR:#x}"]
    equal(sorted(int(m["addr"], 0) for m in srar), [gpa + 2 * PAGE + 8, gpa + 7 * PAGE + 16],
          "machine checks of consumed errors")
    touches = d.events("touch")
    equal([e["action"] for e in touches], ["vmce", "vmce"], "what was decided")
    equal(sorted(e["place"]["gpa"] for e in touches), [gpa + 2 * PAGE, gpa + 7 * PAGE],
          "the touched pages")
    alive_and_well(dom0, guest)


@case("mce-two-vcpus-one-frame")
def _(dom0):
    """Two vCPUs touch the same bad page at once: both reads trap, the guest lives."""
    d, guest, mapping = with_volume(dom0, conf="grace = 60s\ndeadline = 30s\n", vcpus=2)
    where = mapping["gpa"] + 5 * PAGE
    inject(dom0, mapping["spa"] + 5 * PAGE)
    d.await_faults(1)
    guest.do("echo 1")
    done = guest.do(f"both {where:#x} {where + 64:#x}")
    equal((done["first"], done["second"]), ("1", "1"), "both reads trapped")
    check({e["action"] for e in d.events("touch")} == {"vmce"}, "nobody is killed for it")
    check(len(d.events("touch")) <= 2, f"each vCPU touched once: {d.events('touch')}")
    alive_and_well(dom0, guest)


@case("mce-vcpu-offline")
def _(dom0):
    """A vCPU that the guest has taken offline keeps no machine check from the others."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 5s\n", vcpus=2)
    guest.do("leave")
    dom0.until("xl vcpu-list g1 | grep -qE '^g1 +[0-9]+ +1 .* --p '", 20)
    for n in range(3):
        inject(dom0, mapping["spa"] + 3 * n * PAGE)
        d.await_faults(n + 1)
        # past the deadline of the one before
        time.sleep(6)
        equal(len(told(guest, mapping["gpa"] + 3 * n * PAGE)), 1, f"machine checks for fault {n}")
    equal(d.events("timeout"), [], "deadlines that passed")
    equal(dom0.tool("list holds"), [], "holds")
    alive_and_well(dom0, guest)
