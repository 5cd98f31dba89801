# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lab itself stands on, and how a stock Xen behaves: the controls."""
import json
import time

from driver.cases import case
from driver.dom0 import check, equal
from driver.machine import HostLost

# MCi_STATUS with VAL, UC, EN, MISCV, ADDRV, PCC clear, S, AR: a data load error
# in the running program (Intel SDM volume 3, 15.9.3.2); MISC: a 4 KiB page.
SRAR = "0 5 1 0xbd80000000000134 {spa:#x} 0x8c"
FIRST_SPA = 0x140000000


@case("daemon-dom0-regions", fast="both", patch=False, daemon=False)
def _(dom0):
    """Dom0 is up and its ndctl sees two regions of 256 MiB."""
    regions = json.loads(dom0.ok("ndctl list -R"))
    equal(sorted(r["size"] for r in regions), [256 << 20] * 2, "region sizes")
    check("Domain-0" in dom0.ok("xl list"), "xl lists Dom0")


@case("map-guest-runs", fast=True, patch=False, daemon=False)
def _(dom0):
    """The lab's guest boots, runs commands, and sees 2M and 1G pages."""
    guest = dom0.guest("g1", commands="echo 7")
    equal([x["value"] for x in guest.lines() if x.get("verb") == "echo"], ["7"], "echo")
    guest.do("fill 0x800000 1m 5")
    guest.do("verify 0x800000 1m 5 4k")
    equal(guest.say("verify 0x800000 1m 6")[-1][""], ["error"], "another seed")
    types = [x for x in guest.say("types") if x[""] == ["types"]][0]
    equal(int(types["largest"], 0), 1 << 30, "largest page of the CPU")
    check(int(guest.do("read 0x4000000000")["value"], 0) == (1 << 64) - 1,
          "a hole reads as all ones on a stock hypervisor")
    guest.destroy()


@case("map-stock-no-hypercall", fast=True, stock=True)
def _(dom0):
    """A stock hypervisor answers hypercall 55 with ENOSYS."""
    dom0.refused("labtool info", "ENOSYS")


@case("mce-stock-srar-ignored", stock=True, xen="4.17")
def _(dom0):
    """Stock 4.17 looks at no machine check bank: an SRAR goes unnoticed."""
    dom0.ok("labtool mca " + SRAR.format(spa=FIRST_SPA + 0x7000))
    time.sleep(1)
    dom0.ok("xl list")
    check("Machine Check Exception" not in dom0.xen_says(), "nothing is logged")


@case("mce-stock-srar-panics", stock=True, xen="4.20")
def _(dom0):
    """Stock 4.20 panics when a pmem frame takes an SRAR."""
    try:
        dom0.run("labtool mca " + SRAR.format(spa=FIRST_SPA + 0x7000), 20)
        dom0.run("sleep 5")
    except HostLost as e:
        check("Panic on CPU" in str(e), f"it ended with {e}")
        check("Software recovery failed for the UCR" in dom0.xen_says(), "the panic's reason")
        return
    check(False, "the host survived")
