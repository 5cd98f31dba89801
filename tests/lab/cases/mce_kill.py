# SPDX-License-Identifier: LGPL-2.1-or-later
"""nvdimmd killed on a machine check's way through it."""
from collections import Counter

from driver.cases import case
from driver.dom0 import equal

from ._daemon import PAGE, alive_and_well, inject, with_volume

# In Dom0: one fault at MFN, nvdimmd dying at step $2 and, started again, at
# step $3; then a life that comes to an end of it.
KILLS = """\
alive() { pidof nvdimmd >/dev/null; }
idle() { [ "$(labtool events 0 | grep -c ^seq=)" = 0 ]; }
life() { LD_PRELOAD=/lab/dieat.so nvdimmd >>/var/log/nvdimmd.log 2>&1 & }
# until it is dead, or has nothing left to do
quiet() {
	n=0
	while alive && [ $n -lt 600 ]; do
		idle && nvctl status >/dev/null 2>&1 && return
		n=$((n + 1)); sleep 0.05
	done
}
echo $2 >/lab/die
labtool mca 0 5 1 0xbd000000000000c0 $1 0x8c
quiet
alive && kill -9 $(pidof nvdimmd)
while alive; do sleep 0.02; done
echo $3 >/lab/die
life; quiet
rm -f /lab/die
alive || { life; quiet; }
alive && idle && [ -z "$(labtool list holds)" ]
"""


def steps_of(dom0):
    """The steps of one fault, in order, by dom0/dieat.c."""
    return [line.split()[1] for line in dom0.ok("cat /lab/steps").splitlines()]


@case("mce-kill-every-pair-of-steps", seconds=900)
def _(dom0):
    """nvdimmd killed at each pair of a fault's steps: told once, in the book once."""
    d, guest, mapping = with_volume(dom0, conf="deadline = 60s\n", preload=True)
    guest.do(f"tally {mapping['gpa']:#x} 16m")
    dom0.put(KILLS, "/lab/kills")
    dom0.ok("rm -f /lab/steps")
    inject(dom0, mapping["spa"])
    d.await_faults(1)
    steps = steps_of(dom0)
    equal([s for s in ("fetched", "commit", "committed", "resolve", "resolved", "acknowledge",
                       "acknowledged") if s not in steps], [], f"steps that are not in {steps}")
    pairs = [(i, j) for i in range(len(steps)) for j in range(len(steps))]
    for n, (i, j) in enumerate(pairs):
        dom0.ok(f"sh /lab/kills {mapping['spa'] + (n + 1) * 3 * PAGE:#x} {i} {j}", 60)
    tally = guest.do("tallied", 60)
    nr = str(len(pairs) + 1)
    equal((tally["total"], tally["pages"], tally["more"], tally["outside"]), (nr, nr, "0", "0"),
          "machine checks of the guest, pages they told of")
    written = Counter(e["place"]["gpa"] for e in d.events("fault"))
    equal((len(written), set(written.values())), (int(nr), {1}), "faults in the book")
    alive_and_well(dom0, guest)
