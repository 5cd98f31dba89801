# SPDX-License-Identifier: LGPL-2.1-or-later
"""runner - runs cases one after another and says what came of them."""
import inspect
import os
import signal
import time
import traceback

from .dom0 import Failed
from .lab import Lab
from .machine import HostLost, patient


# Linux changes its own code (static keys) by way of an int3 that only the change
# itself expects. Seen twice in hundreds of boots under QEMU 7.2, both times as Dom0's
# clock was marked stable: a CPU met one where memory had the changed code again, so
# it kept the translation from in between. That is Dom0's end and says nothing of the case.
STALE_CODE = "Dom0 met an int3 that its code no longer has: QEMU kept an old translation"


class TooLong(Exception):
    pass


def _alarm(_signal, _frame):
    raise TooLong


class Runner:
    def __init__(self, xen, logs, build):
        self.xen, self.logs, self.build = xen, logs, build
        self.lab = None
        self.kind = None
        self.passed = self.failed = self.skipped = 0
        signal.signal(signal.SIGALRM, _alarm)

    def _host(self, case):
        """The lab for @case, with QEMU running; why not, if it cannot be had."""
        kind = (case.stock, case.large, case.amd)
        if kind != self.kind:
            self.end()
            self.kind = kind
            self.lab = Lab(self.xen, *kind, build=self.build)
            self.lab.prepare()
        dom0 = self.lab.dom0()
        if case.linux:
            self.lab.bring_linux(dom0)
        if case.needs_patch and dom0.run("labtool info")[0]:
            return None, f"the hypervisor has no nvdimm_op (no series for Xen {self.xen})"
        if case.needs_daemon and dom0.run("command -v nvdimmd && command -v nvctl")[0]:
            return None, "nvdimmd is not installed in Dom0 (no --build, or it has none)"
        return dom0, None

    def run(self, case):
        if case.xen not in (None, self.xen):
            self._say("skip", case, f"for Xen {case.xen} only")
        elif self._attempt(case) is STALE_CODE:
            # once: what comes back each time is not the emulator's race
            print(f"again {case.name:32} {STALE_CODE}", flush=True)
            self._attempt(case, last=True)

    def _attempt(self, case, last=False):
        """Run @case and say what came of it; STALE_CODE, unsaid, if that ended it and not @last."""
        started = time.monotonic()
        dom0, why = None, None
        try:
            dom0, why = self._host(case)
            if not why:
                started = time.monotonic()
                signal.alarm(patient(case.seconds))
                self._call(case, dom0)
        except TooLong:
            why = f"took longer than {patient(case.seconds)} s"
        except (Failed, HostLost, TimeoutError, OSError, RuntimeError) as e:
            why = f"{type(e).__name__}: {e}"
        except Exception:                     # a mistake in the case itself
            why = traceback.format_exc()
        else:
            signal.alarm(0)
            self._say("skip" if why else "ok", case,
                      why or f"{time.monotonic() - started:.1f} s")
            return None
        signal.alarm(0)
        log = self._keep(case, dom0, why)
        stale = not last and self._ran_stale_code()
        if not stale:
            self._say("FAIL", case, f"{why.strip()}\n      log: {log}")
        self.lab.stop()
        return STALE_CODE if stale else None

    def _ran_stale_code(self):
        machine = self.lab and self.lab.machine
        return bool(machine and machine.lost and "Oops: int3" in machine.text)

    def _call(self, case, dom0):
        if "reset" in inspect.signature(case.function).parameters:
            case.function(dom0, reset=lambda: self.lab.reset(dom0))
        else:
            case.function(dom0)

    def _say(self, verdict, case, remark):
        print(f"{verdict:5} {case.name:32} {remark}", flush=True)
        if verdict == "ok":
            self.passed += 1
        elif verdict == "skip":
            self.skipped += 1
        else:
            self.failed += 1

    def _keep(self, case, dom0, why):
        """Write everything that is known about a failure; return the path."""
        os.makedirs(self.logs, exist_ok=True)
        path = os.path.join(self.logs, f"{case.name}-{self.xen}.log")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{case.name} on Xen {self.xen}: {case.truth}\n\n{why}\n")
            if not dom0:
                text = self.lab.machine.text if self.lab and self.lab.machine else ""
                f.write(f"\n==== Xen's console\n{text}")
                return path
            f.write("\n==== what was done\n" + "\n".join(dom0.trace))
            if not dom0.machine.lost:
                self._look(dom0, f)
            f.write(f"\n==== Xen's console during the case\n{dom0.xen_says()}")
        return path

    @staticmethod
    def _look(dom0, f):
        script = ("xl list; tail -n 60 /var/log/xen/console/* /var/log/xen/xl-*.log "
                  "/var/log/nvdimmd.log; dmesg | tail -n 60; "
                  "for k in regions broken extents holds; do echo $k; labtool list $k; done; "
                  "command -v journalctl >/dev/null && journalctl -b --no-pager | tail -n 80")
        try:
            dom0.agent.forget()
            f.write("\n==== a look around\n" + dom0.agent.run(script, 30)[1].decode("utf-8", "replace"))
        except (HostLost, TimeoutError, OSError) as e:
            f.write(f"\n==== Dom0 could not be looked at: {e}\n")

    def end(self):
        if self.lab:
            self.lab.end()
            self.lab = None
