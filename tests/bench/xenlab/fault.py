# SPDX-License-Identifier: LGPL-2.1-or-later
"""fault - from a machine check to the guest's handler, through nvdimmd in Dom0.

All times are the TSC, which the emulated CPUs share; the guest's is translated.
nvdimmd is the installed one, with tests/bench/stamps.c loaded before the C
library. When the hypercall that raises the machine check has come back the frame
is out of the guest's p2m; it was so already when the VIRQ was sent, for events
are told of after their frames are contained.
"""
import os
import statistics
import struct

from cases import _daemon
from driver.dom0 import check, equal
from driver.machine import patient

from . import heading, khz, numbers, percentile, quiet, row

COUNT = 100
STRIDE = 5 * 4096
WOKE, DURABLE = 1, 2


class Stamped(_daemon.Daemon):
    """nvdimmd that leaves stamps."""

    def start(self):
        self.dom0.ok("rm -f /lab/stamps; mkdir -p /run/nvdimmd; LD_PRELOAD=/lab/stamps.so "
                     "NV_STAMPS=/lab/stamps nvdimmd >>/var/log/nvdimmd.log 2>&1 &")
        self.dom0.until("nvctl status", 60)

    def stop(self):
        self.dom0.ok("kill $(pidof nvdimmd); while pidof nvdimmd >/dev/null; do sleep 0.1; done")


def offset(dom0, guest, spa, gpa):
    """Dom0's TSC less the guest's, and how exactly that is known."""
    guest.type(f"tsc {gpa:#x} 300")
    got = numbers(dom0.tool(f"tsc {spa:#x} 300", 120)[-1])
    check(got["least"] <= got["most"], f"the TSCs agree: {got}")
    return (got["least"] + got["most"]) // 2, got["most"] - got["least"]


def stamps_of(dom0):
    data = dom0.get("/lab/stamps.short")
    nr = struct.unpack_from("=Q", data)[0]
    return sorted((tsc, what) for what, _, tsc in
                  struct.iter_unpack("=QQQ", data[16 : 16 + 24 * nr]))


def first(stamps, what, after, before):
    return next((tsc for tsc, w in stamps if w == what and after <= tsc <= before), None)


def faults(dom0):
    """(raised and contained, the guest's handlers, nvdimmd's stamps), all in Dom0's TSC."""
    d = Stamped(dom0, "grace = 60s\n")
    d.label()
    d.start()
    d.ok("pool add namespace0.0 --name fast")
    d.ok("volume create v 16M")
    # Else Xen emulates its TSC, from a system time that differs between CPUs.
    guest = dom0.guest("fault", more='tsc_mode = "native"\n')
    m = d.map("v", guest)
    shift, exactly = offset(dom0, guest, m["spa"], m["gpa"])
    # Where it is raised it is handled, and softirqs are done before Dom0 goes on.
    dom0.ok("xl vcpu-pin Domain-0 0 0 && xl vcpu-pin Domain-0 1 1")
    lines = dom0.tool("faults {} {:#x} {:#x} {} {} {:#x} 5 0x8c".format(
        guest.domid, m["spa"] + 4096, m["gpa"] + 4096, STRIDE, COUNT, _daemon.SRAO),
        patient(600), first="taskset 1 ")
    sent = [numbers(line) for line in lines]
    told = [int(c["tsc"]) + shift for c in guest.machine_checks()]
    d.stop()
    dom0.ok("dd if=/lab/stamps of=/lab/stamps.short bs=65536 count=16")
    guest.destroy()
    check(not any(s["present"] for s in sent), "each frame is out when the hypercall comes back")
    equal((len(sent), len(told)), (COUNT, COUNT), "raised, told the guest")
    return sent, told, stamps_of(dom0), exactly


def bench(dom0):
    quiet(dom0)
    with open(os.path.join(os.environ["NV_BUILD"], "tests/bench/stamps.so"), "rb") as f:
        dom0.put(f.read(), "/lab/stamps.so")
    sent, told, stamps, exactly = faults(dom0)
    us = khz(dom0) / 1000
    raised = [s["sent"] for s in sent]
    woke = [first(stamps, WOKE, r, t) for r, t in zip(raised, told)]
    durable = [first(stamps, DURABLE, r, t) for r, t in zip(raised, told)]
    kept = [i for i in range(COUNT) if woke[i] and durable[i]]
    check(len(kept) > COUNT * 0.9, f"{COUNT - len(kept)} faults have no stamps")

    heading(f"{len(kept)} machine checks on frames of a guest: p50 and p99, us in this "
            "emulation; share of the whole")
    whole = statistics.median(told[i] - raised[i] for i in kept)
    for what, at in (("back from the hypercall, the frame out of the p2m", [s["back"] for s in sent]),
                     ("nvdimmd woken by the VIRQ", woke), ("durable", durable),
                     ("#MC in the guest", told)):
        took = [at[i] - raised[i] for i in kept]
        row(f"raised to {what}", "{:.0f} and {:.0f}; {:.2f}".format(
            statistics.median(took) / us, percentile(took, 99) / us,
            statistics.median(took) / whole))
    row("the guest's clock is known to, us", f"{exactly / us:.1f}")
