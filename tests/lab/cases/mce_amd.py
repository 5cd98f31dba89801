# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks on an AMD CPU, where a stock Xen has no handler for any of them."""
from driver.cases import case
from driver.dom0 import check, equal

from ._daemon import PAGE, alive_and_well, inject, told, with_volume

# MCi_STATUS as AMD's APM volume 2, 9.3.2 has it: VAL UC EN MISCV ADDRV, a data
# load; and a deferred error: VAL MISCV ADDRV and bit 44. AMD knows no S and AR.
UC = 0xbc00000000000135
DEFERRED = 0x8c00100000000135
# As nvdimm-priv.h has them.
TOLD_CONSUMED, TOLD_DEFERRED = 0xbc00080000000000, 0x9c00180000000000


@case("daemon-amd", amd=True)
def _(dom0):
    """Xen, Dom0, a guest and nvdimmd run on an AMD CPU, the volume in write-back superpages."""
    _, guest, mapping = with_volume(dom0)
    check("AuthenticAMD" in dom0.ok("grep -m1 vendor_id /proc/cpuinfo"), "the CPU is AMD's")
    guest.do(f"fill {mapping['gpa']:#x} 1m 3")
    q = dom0.tool(f"query {guest.domid} {mapping['gpa'] >> 12:#x}")[0]
    equal((q["order"], q["cache"]), ("9", "1"), "page order, cache")


@case("mce-amd-consumed", amd=True)
def _(dom0):
    """An uncorrected error that AMD's hardware reports costs the page, not the host."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"] + 3 * PAGE, UC)
    d.await_faults(1)
    equal([int(m["status"], 0) for m in told(guest, mapping["gpa"] + 3 * PAGE)], [TOLD_CONSUMED],
          "what the guest read")
    alive_and_well(dom0, guest)


@case("mce-amd-deferred", amd=True)
def _(dom0):
    """An error that nobody has consumed yet costs the page before anybody does."""
    d, guest, mapping = with_volume(dom0)
    inject(dom0, mapping["spa"] + 4 * PAGE, DEFERRED)
    d.await_faults(1)
    equal([int(m["status"], 0) for m in told(guest, mapping["gpa"] + 4 * PAGE)], [TOLD_DEFERRED],
          "what the guest read")
    alive_and_well(dom0, guest)
