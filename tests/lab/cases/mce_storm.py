# SPDX-License-Identifier: LGPL-2.1-or-later
"""More machine checks than anybody can keep: counted, and the truth is read anew."""
import time

from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import Daemon, PAGE, alive_and_well

CONF = "deadline = 60s\n"
STORM = 50000                   # frames of each of the two pools


def two_pools(dom0):
    """nvdimmd, and a guest "g1" that has 200 MiB of each DIMM; a "g2" with 16."""
    d = Daemon(dom0, CONF)
    d.label(((0, 256), (1, 256)))
    d.start()
    one, two = dom0.guest("g1", shadow=8), dom0.guest("g2", shadow=8)
    at = {}
    for pool, namespace in (("p", "namespace0.0"), ("q", "namespace1.0")):
        d.ok(f"pool add {namespace} --name {pool}")
        d.ok(f"volume create {pool}1 200M --pool {pool}")
        at[pool] = d.map(pool + "1", one)
    d.ok("volume create other 16M --pool q")
    at["other"] = d.map("other", two)
    two.do(f"fill {at['other']['gpa']:#x} 16m 21")
    return d, one, two, at


def watch(guest, mapping):
    """@guest verifies its volume over and over from now on."""
    guest.type(f"watch {mapping['gpa']:#x} 16m 21")


def watched(guest):
    """It found nothing wrong, at least once all through."""
    done = guest.do("echo 1", 120)
    found = [line for line in guest.lines() if line.get("verb") == "watch"][-1]
    check(found[""][:1] == ["done"] and int(found["passes"]) > 0, f"it found {found}; {done}")


def tallied(guest):
    """What it counted, once no more machine checks come; they come one by one."""
    before, now = None, guest.do("tallied", 120)
    while now != before:
        time.sleep(2)
        before, now = now, guest.do("tallied", 120)
    return now


def lost(d):
    return int(d.dom0.tool("events 0")[-1]["lost"])


@case("mce-storm-distinct", seconds=600)
def _(dom0):
    """100,000 frames fail at once: those past the ring are counted, LIST tells them, all live."""
    d, one, two, at = two_pools(dom0)
    one.do(f"tally {at['p']['gpa']:#x} 200m")
    watch(two, at["other"])
    dom0.ok("kill -STOP $(pidof nvdimmd)")
    for pool in "pq":
        dom0.ok(f"labtool storm {at[pool]['spa'] >> 12:#x} {STORM}", 120)
    check(lost(d) > 2 * STORM - 2049, f"{lost(d)} events were lost")
    equal([h["domid"] for h in dom0.tool("list holds")], [str(one.domid)], "who is held")
    dom0.ok("kill -CONT $(pidof nvdimmd)")
    dom0.until("test -z \"$(labtool list holds)\"", 50)
    equal([d.volume(v)["bad"] for v in ("p1", "q1", "other")], [STORM * PAGE, STORM * PAGE, 0],
          "bad bytes in the book")
    equal([(int(b["mfn"], 0), int(b["nr"])) for b in dom0.tool("list broken")],
          [(at[p]["spa"] >> 12, STORM) for p in "pq"], "broken frames in the hypervisor")
    d.await_event("events-lost")
    tally = tallied(one)
    equal(tally["more"], "0", "pages that were told twice")
    check(int(tally["pages"]) > 1000, f"the guest was told {tally}")
    watched(two)
    alive_and_well(dom0, one, two)


@case("mce-storm-one-frame", seconds=600)
def _(dom0):
    """100,000 reports of one frame: one fault to decide, one machine check, no news kept out."""
    d, one, two, at = two_pools(dom0)
    one.do(f"tally {at['p']['gpa']:#x} 200m")
    watch(two, at["other"])
    dom0.ok("kill -STOP $(pidof nvdimmd)")
    frame = (at["p"]["spa"] >> 12) + 77
    dom0.ok(f"labtool storm {frame:#x} 1 {2 * STORM}", 120)
    check(lost(d) > STORM, f"{lost(d)} events were lost")
    dom0.ok(f"labtool break {frame + 1:#x} 1 0 0 0")
    dom0.ok("kill -CONT $(pidof nvdimmd)")
    dom0.until("test -z \"$(labtool list holds)\"", 50)
    tally = tallied(one)
    equal((tally["total"], tally["pages"]), ("2", "2"), "machine checks and pages")
    equal(d.volume("p1")["bad"], 2 * PAGE, "bad bytes in the book")
    watched(two)
    alive_and_well(dom0, one, two)


@case("mce-storm-drained", seconds=600)
def _(dom0):
    """The same with nvdimmd at work meanwhile: nobody is told twice, nothing is missing."""
    d, one, two, at = two_pools(dom0)
    one.do(f"tally {at['p']['gpa']:#x} 200m")
    watch(two, at["other"])
    for start in range(0, 8000, 2000):
        dom0.ok(f"labtool storm {(at['p']['spa'] >> 12) + start:#x} 2000", 120)
    dom0.until("test -z \"$(labtool list holds)\"", 50)
    dom0.until("test $(nvctl --json volume show p1 | grep -o '\"bad\":[0-9]*' | head -n 1"
               f" | cut -d: -f2) = {8000 * PAGE}", 50)
    tally = tallied(one)
    equal(tally["more"], "0", "pages that were told twice")
    if not lost(d):
        equal(tally["pages"], "8000", "pages that were told")
    watched(two)
    alive_and_well(dom0, one, two)
