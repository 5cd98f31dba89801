# SPDX-License-Identifier: LGPL-2.1-or-later
"""xenlab - the parts of tests/bench/xen, and what they share."""
import statistics

GFN = 0x4000000                # 256 GiB: clear of RAM, within 40 address bits
GIB = 1 << 18                  # in frames
# The DIMM with whole gigabytes (driver/lab.py, LARGE_DIMMS), and one of them.
REGION = (0x150000, 0xc0000)
GIGABYTE = 0x180000


def numbers(line):
    """The numbers of a line of labtool."""
    return {k: int(v, 0) for k, v in line.items() if k and k != "handle"}


def tool(dom0, arguments, seconds=300):
    """The numbers of the last line that labtool prints."""
    return numbers(dom0.tool(arguments, seconds)[-1])


def quiet(dom0):
    """Xen's messages about guests go to an emulated serial line, which is slow."""
    dom0.ok("xl set-parameters guest_loglvl=none/none")


def khz(dom0):
    """Ticks of the TSC in a millisecond. Dom0's clocks are too coarse in an emulation."""
    return tool(dom0, "heap")["khz"]


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


def spread(values, form="{:.3g}"):
    """ "median (least to most)" """
    return (form + " (" + form + " to " + form + ")").format(
        statistics.median(values), min(values), max(values))


def heading(text):
    print(f"\n{text}", flush=True)


def row(what, value):
    print(f"  {what:<58} {value}", flush=True)
