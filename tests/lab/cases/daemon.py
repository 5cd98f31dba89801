# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon on a real kernel and a real hypervisor."""
import json

from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import MIB, Daemon, nothing_left, with_pool, with_volume


@case("daemon-discovers", fast=True)
def _(dom0):
    """nvdimmd finds the namespaces; taking one takes its disk from Dom0."""
    d = Daemon(dom0)
    d.label()
    d.start()
    found = {c["device"]: c for c in d.json("pool list")["candidates"]}
    equal(sorted(c["size"] for c in found.values()), [64 * MIB, 128 * MIB, 192 * MIB], "sizes")
    equal(found["namespace0.0"]["spa"], 0x140000000, "SPA of the first")
    dom0.ok("test -b /dev/pmem0")
    d.ok("pool add namespace0.0 --name fast")
    dom0.ok("! test -b /dev/pmem0")
    equal(d.pool()["size"], 192 * MIB, "the pool's size")
    equal(len(dom0.tool("list regions")), 1, "regions in the hypervisor")
    d.ok("pool release fast")
    dom0.ok("test -b /dev/pmem0")


@case("daemon-busy-refused", fast=True)
def _(dom0):
    """A namespace that is mounted or open is refused, and by whom is said."""
    d = Daemon(dom0)
    d.label()
    d.start()
    dom0.ok("mke2fs -q /dev/pmem0 && mount /dev/pmem0 /mnt")
    d.refused("pool add namespace0.0", "/mnt")
    dom0.ok("umount /mnt")
    dom0.ok("sleep 1000 </dev/pmem0 >/dev/null 2>&1 & echo $! >/run/holder")
    d.refused("pool add namespace0.0", "sleep")
    dom0.ok("kill $(cat /run/holder); sleep 0.2")
    d.ok("pool add namespace0.0")


@case("daemon-restart-keeps", fast=True)
def _(dom0):
    """Killed and started again, nvdimmd finds everything as it was."""
    d, guest, mapping = with_volume(dom0)
    guest.do(f"fill {mapping['gpa']:#x} 16m 11")
    before = d.status()
    d.restart()
    after = d.status()
    for key in ("mappings", "alarms", "holds"):
        equal(after[key], before[key], f"{key} of status")
    equal(d.pool()["free"], before["pools"][0]["free"], "free space")
    guest.do(f"verify {mapping['gpa']:#x} 16m 11")
    d.ok("unmap v")
    nothing_left(d)


@case("daemon-systemd-restarts", xen="4.20", fast="both", seconds=240)
def _(dom0):
    """Killed under systemd, nvdimmd is back by itself at the same socket; stopped, it comes when called."""
    dom0.ok("rm -r /run/systemd/system/nvdimmd.service.d; systemctl daemon-reload")
    d, _, _ = with_volume(dom0)
    mappings = d.status()["mappings"]
    for signal in ("KILL", "ABRT"):
        before = dom0.ok("pidof nvdimmd")
        dom0.ok(f"kill -{signal} {before}")
        dom0.until(f"p=$(pidof nvdimmd) && [ $p != {before} ] && nvctl status", 60)
        equal(d.status()["mappings"], mappings, f"the mappings after SIG{signal}")
    dom0.ok("systemctl stop nvdimmd.service && ! pidof nvdimmd")
    equal(d.status()["mappings"], mappings, "the mappings after a stop")
    check("infinity" not in dom0.ok("systemctl show nvdimmd -p WatchdogUSec"), "a watchdog runs")


@case("daemon-stock-says-why", stock=True, daemon=True)
def _(dom0):
    """On a hypervisor without nvdimm_op nvdimmd says so in a sentence and ends."""
    status, output = dom0.run("timeout 20 nvdimmd")
    check(status not in (0, 124, 134, 139), f"it ended with {status}: {output}")
    if d_has_journal := dom0.xen == "4.20":
        output += dom0.ok("journalctl -b --no-pager -t nvdimmd | tail -n 5")
    check("nvdimm_op" in output, f"journal {d_has_journal}: {output}")


@case("daemon-host-reboot", seconds=600)
def _(dom0, reset):
    """After a reset of the machine the guest finds its bytes again."""
    d, guest, mapping = with_volume(dom0)
    guest.do(f"fill {mapping['gpa']:#x} 16m 99")
    dom0.ok("sync")
    reset()
    d.start()
    equal(d.pool()["state"], "online", "the pool")
    dom0.ok("! test -b /dev/pmem0")
    equal(d.status()["mappings"], [], "nothing is mapped after a boot")
    guest.create()
    mapping = d.map("v", guest)
    guest.do(f"verify {mapping['gpa']:#x} 16m 99")


@case("daemon-killed-anywhere", seconds=900)
def _(dom0):
    """Killed at any moment of a map or an unmap, it agrees with the hypervisor at the next start."""
    d = with_pool(dom0)
    dom0.guest("g1")
    d.ok("volume create v 128M")
    for delay in (0, 0.02, 0.05, 0.1, 0.2):
        for verb in ("map v g1", "unmap v"):
            dom0.ok(f"nvctl {verb} >/dev/null 2>&1 & sleep {delay}")
            d.restart()
            agree(d)
    dom0.run("nvctl unmap v")
    nothing_left(d)


def agree(d):
    """What nvdimmd says is mapped is what the hypervisor has, frame for frame."""
    real = sorted((int(x["mfn"], 0) << 12, int(x["nr"]) << 12) for x in d.dom0.tool("list extents"))
    said = sorted((m["spa"], m["size"]) for m in d.status()["mappings"])
    equal(said, real, "mappings that nvdimmd knows, against the hypervisor's extents")
    check(all(m["state"] == "mapped" for m in d.status()["mappings"]), "all are mapped")


@case("daemon-varlinkctl", xen="4.20")
def _(dom0):
    """A client that is not ours, systemd's, speaks to nvdimmd."""
    d = with_pool(dom0)
    socket = "/run/nvdimmd/nvdimmd.sock"
    check("io.nvdimmd" in dom0.ok(f"varlinkctl list-interfaces {socket}"), "the interface")
    dom0.ok(f"varlinkctl introspect {socket} io.nvdimmd >/run/idl && varlinkctl validate-idl /run/idl >/dev/null")

    def call(method, parameters, options=""):
        return f"varlinkctl -j {options} call {socket} io.nvdimmd.{method} '{json.dumps(parameters)}'"

    # RFC 7464: a record separator before each answer
    made = dom0.ok(call("CreateVolume", {"name": "v", "size": 16 * MIB}, "--more"))
    volume = json.loads(made.strip().rsplit("\n", 1)[-1].lstrip("\x1e"))["volume"]
    equal(d.volume("v")["uuid"], volume["uuid"], "the volume's UUID")
    dom0.refused(call("DeleteVolume", {"volume": "w"}), "NoSuchVolume")
