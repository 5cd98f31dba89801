#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run cases on a real Xen under QEMU."""
import argparse
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from driver import cases, lab, runner    # noqa: E402


def arguments():
    p = argparse.ArgumentParser(
        prog="tests/lab/run", description=__doc__,
        epilog="The first run downloads and builds (Xen: 1-2 minutes, Dom0's image: one); "
               "later ones take a few seconds per case. Everything is kept in the cache, "
               "$NVDIMMD_CACHE or ~/.cache/nvdimmd. $NV_LAB_HYPERVISOR names a hypervisor "
               "to boot instead of building one.")
    p.add_argument("--xen", default="4.17", choices=["4.17", "4.20"], help="default 4.17")
    p.add_argument("--list", action="store_true", help="name the cases and stop")
    p.add_argument("--all", action="store_true", help="every case (the default without --fast)")
    p.add_argument("--fast", action="store_true", help="the subset that ./check runs")
    p.add_argument("--build", metavar="DIR", default=os.environ.get("NV_BUILD"),
                   help="a build tree of the project, whose nvdimmd and nvctl go into Dom0 "
                   "(default: $NV_BUILD, or the source tree if it was built there)")
    p.add_argument("--logs", metavar="DIR", default=os.path.join(lab.CACHE, "lab/logs"),
                   help="where logs of failures are kept")
    p.add_argument("--install-deps", action="store_true",
                   help="install missing packages first (Debian 12, as root)")
    p.add_argument("pattern", nargs="*", help="case names, with * and ?")
    return p.parse_args()


def have_programs():
    missing = lab.missing_packages()
    if missing:
        print("*" * 72)
        print("* THE LAB DID NOT RUN: these packages are missing: " + " ".join(missing))
        print("* (tests/lab/run --install-deps installs them)")
        print("*" * 72)
    elif os.geteuid():
        print("*" * 72)
        print("* THE LAB DID NOT RUN: it makes root file systems, which needs root")
        print("*" * 72)
        return False
    return not missing


def main():
    a = arguments()
    chosen = cases.choose(cases.load(), a.pattern, a.all, a.fast, a.xen)
    if a.list:
        for c in chosen:
            print(f"{c.name:32} {c.truth}")
        return 0
    if not chosen:
        print("no case has such a name; tests/lab/run --list names them")
        return 2
    if not have_programs():
        print(f"0 passed, 0 failed, {len(chosen)} skipped")
        return 77      # what automake's tests and ./check mean by "skipped"
    build = a.build or (lab.SOURCE if os.path.exists(os.path.join(lab.SOURCE, "config.status"))
                        else None)
    # ended from outside, no QEMU must stay behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    r = runner.Runner(a.xen, a.logs, build and os.path.abspath(build))
    try:
        for c in chosen:
            r.run(c)
    except KeyboardInterrupt:
        print("stopped")
    finally:
        r.end()
    print(f"Xen {a.xen}, {time.monotonic() - started:.0f} s")
    print(f"{r.passed} passed, {r.failed} failed, {r.skipped} skipped")
    return 1 if r.failed else 0


sys.exit(main())
