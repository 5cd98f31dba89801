# SPDX-License-Identifier: LGPL-2.1-or-later
"""fault - from a machine check to the guest's handler, through nvdimmd in Dom0.

All times are Xen's system time: events carry it, the guest reads it in its
handler, and Dom0's clock is translated. nvdimmd is the installed one, with
tests/bench/stamps.c loaded before the C library.
"""
import os
import sqlite3
import statistics
import struct
import tempfile

from cases import _daemon
from driver.dom0 import check, equal
from driver.machine import patient

from . import heading, numbers, percentile, quiet, row

COUNT = 200
STRIDE = 5 * 4096
WOKE, DURABLE = 1, 2
BOOK = "/var/lib/nvdimmd/nvdimmd.db"


class Stamped(_daemon.Daemon):
    """nvdimmd that leaves stamps."""

    def start(self):
        self.dom0.ok("rm -f /lab/stamps; mkdir -p /run/nvdimmd; LD_PRELOAD=/lab/stamps.so "
                     "NV_STAMPS=/lab/stamps nvdimmd >>/var/log/nvdimmd.log 2>&1 &")
        self.dom0.until("nvctl status", 60)

    def stop(self):
        self.dom0.ok("kill $(pidof nvdimmd); while pidof nvdimmd >/dev/null; do sleep 0.1; done")


def offset(dom0):
    """Xen's time less Dom0's, and how exactly that is known, in ns."""
    best = numbers(dom0.tool("clock")[-1])
    return best["xen"] - best["dom0"], best["within"]


def events_in_book(dom0):
    """When the hypervisor had contained each, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal"):
            if dom0.run(f"test -s {BOOK}{end}")[0] == 0:
                with open(f"{folder}/book{end}", "wb") as f:
                    f.write(dom0.get(BOOK + end))
        db = sqlite3.connect(os.path.join(folder, "book"))
        try:
            return [ns for ns, in db.execute("SELECT boot_ns FROM fault ORDER BY seq")]
        finally:
            db.close()


def stamps_of(dom0):
    data = dom0.get("/lab/stamps.short")
    nr = struct.unpack_from("=Q", data)[0]
    return sorted(struct.iter_unpack("=QQ", data[16 : 16 + 16 * nr]))


def first(stamps, what, after, before):
    return next((ns for ns, w in stamps if w == what and after <= ns <= before), None)


def percentiles(what, values):
    row(what, "{:.0f} and {:.0f}".format(statistics.median(values) / 1000,
                                       percentile(values, 99) / 1000))


def bench(dom0):
    quiet(dom0)
    with open(os.path.join(os.environ["NV_BUILD"], "tests/bench/stamps.so"), "rb") as f:
        dom0.put(f.read(), "/lab/stamps.so")
    d = Stamped(dom0, "grace = 60s\n")
    d.label()
    d.start()
    d.ok("pool add namespace0.0 --name fast")
    d.ok("volume create v 16M")
    guest = dom0.guest("fault")
    spa = d.map("v", guest)["spa"]
    before, exactly = offset(dom0)
    sent = [numbers(line) for line in dom0.tool(
        f"faults {spa:#x} {STRIDE} {COUNT} {_daemon.SRAO:#x} 5 0x8c", patient(600))]
    after, _ = offset(dom0)
    told = [int(m["at"]) for m in guest.machine_checks()]
    d.stop()
    dom0.ok("dd if=/lab/stamps of=/lab/stamps.short bs=65536 count=16")
    event = events_in_book(dom0)
    equal((len(sent), len(event), len(told)), (COUNT,) * 3, "sent, in the book, told the guest")
    shift = (before + after) // 2
    stamps = [(ns + shift, what) for ns, what in stamps_of(dom0)]
    woke = [first(stamps, WOKE, e, t) for e, t in zip(event, told)]
    durable = [first(stamps, DURABLE, e, t) for e, t in zip(event, told)]
    kept = [i for i in range(COUNT) if woke[i] and durable[i]]
    check(len(kept) > COUNT * 0.9, f"{COUNT - len(kept)} faults have no stamps")

    heading(f"{len(kept)} machine checks on frames of a guest, p50 and p99, us in this emulation")
    percentiles("raised to contained (out of the p2m)",
                [event[i] - sent[i]["sent"] - shift for i in kept])
    percentiles("contained to nvdimmd's event loop woken", [woke[i] - event[i] for i in kept])
    percentiles("contained to durable", [durable[i] - event[i] for i in kept])
    percentiles("contained to #MC in the guest", [told[i] - event[i] for i in kept])
    percentiles("  of which after the book was durable", [told[i] - durable[i] for i in kept])
    row("the clocks are known to, and drifted meanwhile, us",
        f"{exactly / 1000:.0f} and {(after - before) / 1000:.0f}")
    guest.destroy()
