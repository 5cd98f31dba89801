# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests with two vCPUs, asked of the hypervisor itself."""
from driver.cases import case
from driver.dom0 import equal

from ._hv import ABSENT, M2, REGION0, gpa, map_volume, take


def both(guest, first, second):
    """What vCPU 0 reads at @first and vCPU 1 at @second, at once."""
    answer = guest.do(f"both {first:#x} {second:#x}")
    equal((answer["first"], answer["second"]), ("0", "0"), "traps")
    return int(answer["value"], 0), int(answer["other"], 0)


@case("map-two-vcpus", fast=True, daemon=False)
def _(dom0):
    """Both vCPUs see one mapping: when it comes, what is written, and when it has gone."""
    take(dom0)
    guest = dom0.guest("g1", vcpus=2)
    last = gpa(8 * M2) - 8
    equal(both(guest, gpa(), last), (ABSENT, ABSENT), "before it is mapped")
    map_id = map_volume(dom0, guest, REGION0[0], 8 * M2)
    guest.do(f"write {gpa():#x} 11")
    guest.do(f"write {last:#x} 22")
    equal(both(guest, gpa(), last), (11, 22), "mapped")
    equal(both(guest, last, gpa()), (22, 11), "mapped, the other way round")
    # No vCPU's TLB remembers.
    dom0.ok(f"labtool unmap {map_id}")
    equal(both(guest, last, gpa()), (ABSENT, ABSENT), "unmapped")
