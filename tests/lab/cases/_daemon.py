# SPDX-License-Identifier: LGPL-2.1-or-later
"""nvdimmd in Dom0: start it, kill it, ask it."""
import json
import time

from driver.dom0 import Failed, check, equal
from driver.machine import patient

MIB = 1 << 20
PAGE = 4096
UUID = "3f0e7a52-8d3c-4c56-9a57-c1f6f9f0a7b{}"
CRASHED = "3"                   # SHUTDOWN_crash, Xen's public/sched.h
SRAO, SRAR = 0xbd000000000000c0, 0xbd80000000000134


class Daemon:
    """nvdimmd of this Dom0, with its pools.

    With @preload it is run by hand, dom0/dieat.c inside.
    """

    def __init__(self, dom0, conf="", preload=False):
        self.dom0 = dom0
        self.preload = preload
        self.systemd = dom0.xen == "4.20" and not preload
        dom0.ok("mkdir -p /etc/nvdimmd /var/lib/nvdimmd /run/nvdimmd")
        dom0.put(conf, "/etc/nvdimmd/nvdimmd.conf")

    def label(self, namespaces=((0, 192), (1, 64), (1, 128))):
        """Two labelled DIMMs, with these MiB of each as namespaces."""
        self.dom0.ok("ndctl disable-region all && ndctl init-labels -f all && "
                     "ndctl enable-region all")
        for region, size in namespaces:
            self.dom0.ok(f"ndctl create-namespace -m raw -r region{region} -s {size}M")

    def start(self):
        if self.systemd:
            self.dom0.ok("systemctl start nvdimmd")
        else:
            preload = "LD_PRELOAD=/lab/dieat.so" if self.preload else ""
            self.dom0.ok(f"mkdir -p /run/nvdimmd; {preload} nvdimmd >>/var/log/nvdimmd.log 2>&1 &")
        self.dom0.until("nvctl status", 30)

    def kill(self, signal="KILL"):
        """End it without a word. (What the lab adds to the unit keeps systemd from starting it again.)"""
        self.dom0.ok(f"kill -{signal} $(pidof nvdimmd); "
                     "while pidof nvdimmd >/dev/null; do sleep 0.05; done")
        self._close()

    def kill_at(self, cmd, n, when, arguments):
        """Run nvctl ARGUMENTS; nvdimmd dies @when ("before", "after") its @n-th nvdimm_op @cmd."""
        self.dom0.ok(f"labtool kill-at $(pidof nvdimmd) {cmd} {n} {when} >/run/killer 2>&1 & "
                     "until grep -q watching /run/killer; do sleep 0.05; done; "
                     f"timeout 60 nvctl --yes {arguments} >/run/killed 2>&1; "
                     "wait; cat /run/killer; grep -q ^killed /run/killer", 90)
        self._close()
        self.dom0.ok("! pidof nvdimmd")

    def _close(self):
        if self.systemd:
            self.dom0.ok("systemctl stop nvdimmd.socket nvdimmd.service")

    def restart(self):
        self.kill()
        self.start()

    def json(self, arguments, seconds=60):
        """The result of nvctl --json ARGUMENTS, which must succeed."""
        return json.loads(self.dom0.ok(f"nvctl --json {arguments}", seconds))["result"]

    def ok(self, arguments, seconds=60):
        return self.dom0.ok(f"nvctl --yes {arguments}", seconds)

    def refused(self, arguments, words):
        return self.dom0.refused(f"nvctl --yes {arguments}", words)

    def status(self):
        return self.json("status")["status"]

    def volume(self, name):
        return self.json(f"volume show {name}")["volume"]

    def pool(self, name="fast"):
        return [p for p in self.json("pool list")["pools"] if p["name"] == name][0]

    def events(self, kind=None):
        found = self.json("events -n 1000")["events"]
        return [e for e in found if kind in (None, e["kind"])]

    def await_event(self, kind, seconds=15):
        end = time.monotonic() + patient(seconds)
        while True:
            found = self.events(kind)
            if found:
                return found[-1]
            if time.monotonic() > end:
                raise Failed(f"no event '{kind}' within {seconds} s: {self.events()}")
            time.sleep(0.2)

    def await_faults(self, nr, seconds=15):
        """Wait until @nr faults are in the book and nobody is held any more."""
        self.dom0.until(f"test $(nvctl --json events -n 1000 | grep -o '\"kind\":\"fault\"' "
                        f"| wc -l) -ge {nr} && test -z \"$(labtool list holds)\"", seconds)
        return self.events("fault")

    def map(self, volume, guest, more=""):
        """Map @volume; return its mapping, as status has it."""
        self.ok(f"map {volume} {guest.domid} {more}")
        return self.volume(volume)["mapping"]


def with_pool(dom0, conf="", preload=False):
    """nvdimmd with the pool "fast" of 192 MiB."""
    d = Daemon(dom0, conf, preload)
    d.label()
    d.start()
    d.ok("pool add namespace0.0 --name fast")
    return d


def with_volume(dom0, size="16M", conf="", preload=False, **options):
    """The same, a volume "v" and a guest "g1" that has it: (daemon, guest, mapping)."""
    d = with_pool(dom0, conf, preload)
    d.ok(f"volume create v {size}")
    guest = dom0.guest("g1", **options)
    return d, guest, d.map("v", guest)


def nothing_left(d):
    """The hypervisor and the daemon agree that nothing is mapped or held."""
    equal(d.dom0.tool("list extents"), [], "extents in the hypervisor")
    equal(d.dom0.tool("list holds"), [], "holds in the hypervisor")
    equal(d.status()["mappings"], [], "mappings that nvdimmd knows")
    check(all(p["mapped"] == 0 for p in d.status()["pools"]), "nothing counts as mapped")


def misc(order=12):
    """MCi_MISC of a physical address whose lowest valid bit is @order."""
    return 0x80 | order


def inject(dom0, spa, status=SRAO, mcg=5, order=12):
    """The hardware reports an error of 2^@order bytes at @spa."""
    dom0.ok(f"labtool mca 0 {mcg} 1 {status:#x} {spa:#x} {misc(order):#x}")


def told(guest, gpa):
    """The machine checks that @guest saw at the page of @gpa."""
    guest.do("echo 1")
    return [m for m in guest.machine_checks()
            if int(m.get("addr", "0"), 0) & ~(PAGE - 1) == gpa & ~(PAGE - 1)]


def alive_and_well(dom0, *guests):
    """The host has not panicked, and each guest answers."""
    check("Panic" not in dom0.xen_says(), "no panic")
    for guest in guests:
        guest.do("echo 1")
    equal(dom0.tool("list holds"), [], "holds")


def crashed(dom0, name):
    """Does xl say that it is shut down, and for the reason of a crash?"""
    words = dom0.ok(f"xl list -v | grep '^{name} '").split()
    return words[4][3:5] == "sc" and words[7] == CRASHED
