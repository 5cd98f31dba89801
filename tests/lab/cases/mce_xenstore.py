# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks while xenstored is dead or hangs."""
import time

from driver.cases import case
from driver.dom0 import check, equal
from driver.machine import patient

from ._daemon import PAGE, alive_and_well, inject, with_volume


def without_xenstored(dom0, signal):
    """Faults while xenstored has got @signal; decided at once, and told."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 60s\n")
    guest.do("echo 1")
    store = dom0.ok("pidof xenstored oxenstored")
    dom0.ok(f"kill -{signal} {store}")
    took = []
    for frame in range(3):
        mark = len(dom0.xen_says())
        started = time.monotonic()
        inject(dom0, mapping["spa"] + frame * PAGE)
        d.await_faults(frame + 1, 10)
        took.append(time.monotonic() - started)
        # Xen's word for it: the guest's own would have to pass xenstored
        where = f"rd MC1_ADDR {mapping['gpa'] + frame * PAGE:#x}"
        end = time.monotonic() + patient(10)
        while where not in dom0.xen_says()[mark:] and time.monotonic() < end:
            time.sleep(0.1)
        check(where in dom0.xen_says()[mark:], f"the guest was told of frame {frame}")
    check(max(took) < patient(5), f"decided within {took} s")
    check("Panic" not in dom0.xen_says(), "no panic")
    return d, guest, store


@case("mce-xenstored-hangs")
def _(dom0):
    """A xenstored that hangs delays no decision; when it goes on all is as ever."""
    d, guest, store = without_xenstored(dom0, "STOP")
    dom0.ok(f"kill -CONT {store}")
    alive_and_well(dom0, guest)
    equal(d.volume("v")["bad"], 3 * PAGE, "bad bytes")


@case("mce-xenstored-dead")
def _(dom0):
    """A xenstored that is dead delays no decision."""
    d, _, _ = without_xenstored(dom0, "KILL")
    equal((dom0.tool("list holds"), d.volume("v")["bad"]), ([], 3 * PAGE), "holds, bad bytes")
