# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest is told, when, and what becomes of one that does not listen."""
import time

from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import (PAGE, SRAO, SRAR, alive_and_well, crashed, inject, misc, nothing_left,
                      told, with_volume)

RIPV, EIPV, MCIP = 1, 2, 4


def banks(machine_check):
    return {k: int(machine_check[k], 0) for k in ("bank", "status", "addr", "misc", "mcg_status")}


@case("mce-banks", fast=True)
def _(dom0):
    """The guest's banks say its own address, how far it reaches, and whether it was consumed."""
    d, guest, mapping = with_volume(dom0)
    gpa, spa = mapping["gpa"], mapping["spa"]
    for n, (offset, status, order, mcg) in enumerate((
            (5 * PAGE, SRAO, 12, MCIP | RIPV),
            (6 * PAGE, SRAR, 12, MCIP | RIPV | EIPV),
            (4 << 20, SRAO, 21, MCIP | RIPV),
            (8 << 20, SRAR, 16, MCIP | RIPV | EIPV))):
        # the address is anywhere in what the extent says; the guest hears its beginning
        inject(dom0, spa + offset + (1 << order) - PAGE, status, order=order)
        d.await_faults(n + 1)
        seen = told(guest, gpa + offset)
        equal([banks(m) for m in seen],
              [{"bank": 1, "status": status, "addr": gpa + offset, "misc": misc(order),
                "mcg_status": mcg}], f"banks for {offset:#x}")
    alive_and_well(dom0, guest)


@case("mce-queued")
def _(dom0):
    """A second fault waits in Xen until the guest has done with the first."""
    d, guest, mapping = with_volume(dom0)
    gpa, spa = mapping["gpa"], mapping["spa"]
    guest.do("keep 1")
    for frame in (1, 2, 3):
        inject(dom0, spa + frame * PAGE)
        d.await_faults(frame)
    guest.do("echo 1")
    equal([int(m["addr"], 0) for m in guest.machine_checks()], [gpa + PAGE], "told so far")
    guest.do("banks")
    check([x for x in guest.lines() if x[""][:1] == ["mcg"]][-1]["status"] != "0x0", "MCIP is set")
    guest.do("keep 0")
    guest.do("clear")
    guest.do("echo 2")
    equal([int(m["addr"], 0) for m in guest.machine_checks()],
          [gpa + frame * PAGE for frame in (1, 2, 3)], "told in turn, each once")
    alive_and_well(dom0, guest)


@case("mce-stuck")
def _(dom0):
    """A guest that never clears MCIP is crashed at the deadline of its second fault."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 4s\n", on_crash="preserve")
    other = dom0.guest("g2")
    guest.do("keep 1")
    inject(dom0, mapping["spa"])
    d.await_faults(1)
    time.sleep(6)
    check(not crashed(dom0, "g1"), "one machine check that is not done is no crime")
    inject(dom0, mapping["spa"] + PAGE)
    d.await_event("timeout", 30)
    check(crashed(dom0, "g1"), "xl says that the guest crashed")
    guest.destroy()
    d.await_event("released")
    nothing_left(d)
    alive_and_well(dom0, other)


@case("mce-touched-again-why")
def _(dom0):
    """Touched again: xl says that it crashed, 'nvctl why' tells both hits, the range stays bad."""
    d, guest, mapping = with_volume(dom0, conf="grace = 0s\n", on_crash="preserve")
    other = dom0.guest("g2")
    inject(dom0, mapping["spa"] + 3 * PAGE)
    d.await_faults(1)
    check(told(guest, mapping["gpa"] + 3 * PAGE), "the guest was told")
    guest.type(f"read {mapping['gpa'] + 3 * PAGE:#x}")
    d.await_event("touch")
    dom0.until("xl list | grep -qE '^g1 .* [r-][b-][p-]sc'", 10)
    check(crashed(dom0, "g1"), "xl says that the guest crashed")
    equal(dom0.tool("list holds"), [], "holds")
    guest.destroy()
    d.await_event("released")
    answer = d.json(f"why v+{3 * PAGE}")
    kinds = [(e["kind"], e.get("action")) for e in answer["events"] if e["kind"] in ("fault", "touch")]
    equal(kinds, [("fault", "vmce"), ("touch", "kill")], "hits that 'nvctl why' tells")
    equal(answer["bad"], PAGE, "bad bytes at the place")
    nothing_left(d)
    alive_and_well(dom0, other)


@case("mce-one-frame-twice")
def _(dom0):
    """Two reports of one frame: one hold, one machine check, both are in the book."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 60s\n")
    dom0.ok("kill -STOP $(pidof nvdimmd)")
    inject(dom0, mapping["spa"] + 9 * PAGE)
    inject(dom0, mapping["spa"] + 9 * PAGE)
    dom0.until("test $(labtool events 0 | grep -c type=1) = 2")
    equal([e["flags"] for e in dom0.tool("events 0") if "seq" in e], ["0x2", "0x1"],
          "held, repeated")
    dom0.ok("kill -CONT $(pidof nvdimmd)")
    equal([e["action"] for e in d.await_faults(2)], ["vmce", "note"], "what was decided")
    equal(len(told(guest, mapping["gpa"] + 9 * PAGE)), 1, "machine checks")
    alive_and_well(dom0, guest)


@case("mce-two-cpus")
def _(dom0):
    """Two CPUs take a machine check at once: one hold, each frame is decided once."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 60s\n")
    tool = "labtool mca {0} 5 1 " + f"{SRAO:#x} " + "{1:#x} " + f"{misc():#x}"
    dom0.ok("kill -STOP $(pidof nvdimmd)")
    dom0.ok(" & ".join(tool.format(cpu, mapping["spa"] + (40 + cpu) * PAGE) for cpu in (0, 1))
            + " & wait")
    dom0.until("test $(labtool events 0 | grep -c type=1) = 2")
    equal(len(dom0.tool("list holds")), 1, "holds")
    dom0.ok("kill -CONT $(pidof nvdimmd)")
    d.await_faults(2)
    for frame in (40, 41):
        equal(len(told(guest, mapping["gpa"] + frame * PAGE)), 1, f"machine checks for {frame}")
    alive_and_well(dom0, guest)
