# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mapping, asked of the hypervisor itself."""
import os

from driver import install
from driver.cases import case
from driver.dom0 import check, equal

from ._hv import (ABSENT, GFN, M2, REGION0, REGION1, extents, gpa, holds, map_volume,
                  refuse_map, take)

NOBODY = "00000000-0000-4000-8000-%012d"    # a UUID, for printf


@case("map-hv-info", fast=True, daemon=False)
def _(dom0):
    """get_info names the interface and its version; guests are refused."""
    info = {k: v for line in dom0.tool("info") for k, v in line.items() if k}
    equal(int(info["magic"], 0), int.from_bytes(b"XNVDIMM1"[::-1], "big"), "magic")
    equal(info["version"], "1", "version")
    equal(info["virq"], "17", "VIRQ")
    guest = dom0.guest("g1")
    equal(guest.do("nvdimm")["errno"], "1", "a guest that asks gets EPERM")


@case("map-hv-contract", fast="both")
def _(dom0):
    """What libnvshim promises its callers holds for the transport to Xen, not only for the simulator's."""
    program, *libraries = install.program(dom0.build, "tests/contract/test-nvshim")
    for path in (program, *libraries):
        with open(path, "rb") as f:
            dom0.put(f.read(), "/lab/" + os.path.basename(path), 0o755)
    said = dom0.ok("LD_LIBRARY_PATH=/lab NVSHIM_WHERE=xen NVSHIM_MFN={:#x} NVSHIM_NR={:#x} "
                   "/lab/test-nvshim 2>&1".format(*REGION0))
    check("[  PASSED  ] 5 test(s)" in said, said)


@case("map-hv-pattern", fast=True, daemon=False)
def _(dom0):
    """A guest's stores are in the DIMM: Dom0 and the next guest read them."""
    take(dom0)
    guest = dom0.guest("g1")
    mfn, nr = REGION0[0] + 4 * M2, 16 * M2
    size = nr << 12
    map_id = map_volume(dom0, guest, mfn, nr)
    guest.do(f"fill {gpa():#x} {size} 42")
    guest.do(f"verify {gpa():#x} {size} 42 4k")
    dom0.ok(f"labtool unmap {map_id}")
    equal(int(guest.do(f"read {gpa():#x}")["value"], 0), ABSENT, "after unmap")
    dom0.ok(f"labtool verify /dev/pmem0 {4 * M2 << 12} {size} 42")
    guest.destroy()
    guest.create()
    map_volume(dom0, guest, mfn, nr)
    guest.do(f"verify {gpa():#x} {size} 42")


@case("map-hv-one-owner", fast=True, daemon=False)
def _(dom0):
    """Frames have one owner; another guest is refused them and cannot see them."""
    take(dom0)
    one, two = dom0.guest("g1"), dom0.guest("g2")
    map_volume(dom0, one, REGION0[0], 2 * M2)
    refuse_map(dom0, two, REGION0[0], 2 * M2, "EBUSY")
    refuse_map(dom0, two, REGION0[0] + M2, 2 * M2, "EBUSY")
    refuse_map(dom0, one, REGION0[0], 2 * M2, "EBUSY", GFN + 64 * M2)
    map_volume(dom0, two, REGION0[0] + 2 * M2, M2)
    one.do(f"fill {gpa():#x} 4m 1")
    two.do(f"fill {gpa():#x} 2m 2")
    one.do(f"verify {gpa():#x} 4m 1")
    two.do(f"verify {gpa():#x} 2m 2")


@case("map-hv-iomem-refused", fast=True, daemon=False)
def _(dom0):
    """iomem= on registered frames is refused, on others it is as before."""
    take(dom0)
    dom0.put('name = "g1"\ntype = "pvh"\nmemory = 32\nkernel = "/lab/nvguest"\n'
             f'iomem = [ "{REGION0[0]:x},10" ]\n', "/lab/iomem.cfg")
    dom0.refused("xl create /lab/iomem.cfg")
    dom0.put('name = "g2"\ntype = "pvh"\nmemory = 32\nkernel = "/lab/nvguest"\n'
             f'iomem = [ "{REGION1[0]:x},10" ]\n', "/lab/iomem.cfg")
    dom0.ok("xl create /lab/iomem.cfg")


@case("map-hv-no-leak", daemon=False, seconds=600)
def _(dom0):
    """200 times create, map, unmap or not, destroy: no memory, extent or hold stays.

    A page lost each time would be 200; Dom0 itself has some more or less. The
    domains have RAM and a vCPU but no kernel, and neither xl nor xenstored
    has a part in them: theirs would be nearly all of the time.
    """
    take(dom0)
    dom0.put(f"""\
die() {{ echo cycle $n: "$@"; exit 1; }}
free() {{ sleep 1; labtool heap | sed 's/free=//; s/ .*//'; }}
cycle() {{
	n=$1
	u=$(printf {NOBODY} $n)
	d=$(labtool make $u 8) || die $d
	d=${{d#domid=}}
	labtool hold $d $u 1 || die no hold
	m=$(labtool map $d $u {REGION0[0]} {GFN} {64 * M2} 0) || die $m
	m=${{m#map_id=}}
	if [ $((n % 2)) = 1 ]; then
		labtool unmap ${{m%% *}} || die no unmap
		labtool hold $d $u 0 || die no end of the hold
	fi
	labtool end $d || die it lives
	while labtool list extents | grep -q mfn; do :; done
}}
cycle 0; cycle 1; cycle 2
a=$(free)
i=1
while [ $i -le $1 ]; do
	cycle $i
	[ $((i % 20)) != 0 ] || labtool events 1000000 >/dev/null
	i=$((i + 1))
done
b=$(free)
echo before=$a after=$b
[ $((a - b)) -lt 100 ]
""", "/lab/cycles")
    dom0.ok("sh /lab/cycles 200", 580)
    equal((extents(dom0), holds(dom0)), ([], []), "extents and holds")
    equal(len(dom0.ok("xl list").splitlines()), 2, "lines of xl list: a title and Dom0")
