# SPDX-License-Identifier: LGPL-2.1-or-later
"""lab - from the source tree to a Dom0 that is ready for a case.

Everything slow is kept in the cache under a name made of what went into it:
the hypervisor, the root disk, and a snapshot of the booted Dom0.
"""
import hashlib
import os
import shutil
import subprocess
import tempfile

from . import install
from .agent import Agent
from .dom0 import Dom0
from .machine import Machine

SOURCE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
CACHE = os.environ.get("NVDIMMD_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "nvdimmd")

# Programs that must be there, with the Debian packages that have them.
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils",
            "mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "depmod": "kmod",
            "cpio": "cpio", "xz": "xz-utils", "zstd": "zstd", "gcc": "gcc",
            "make": "make"}

# An Intel CPUID, so that Xen's machine check recovery runs, with SVM and NPT,
# which is what QEMU emulates, so that PVH and HVM guests run.
CPU = "Nehalem,+svm,+npt,+pdpe1gb"
# AMD's family 17h by name, where Xen registers no handlers; with the features of
# QEMU's EPYC Dom0's kernel does not come up.
AMD_CPU = "Nehalem,vendor=AuthenticAMD,family=23,model=1,stepping=2,+svm,+npt,+pdpe1gb"
XEN_OPTIONS = ("console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all noreboot=1 "
               "dom0_mem=1024M,max:1024M spec-ctrl=no xpti=no pv-l1tf=no mce_verbosity=verbose")
DOM0_OPTIONS = "console=hvc0 earlyprintk=xen loglevel=7 mitigations=off audit=0"

# Who kills nvdimmd in a case starts it, too.
UNIT = "[Service]\nRestart=no\n"

# 256 KiB of label area leave these two regions 256 MiB each.
DIMMS = ["258M", "258M"]
# Beyond: for 1 GiB pages, which need a region with an aligned one inside.
LARGE_DIMMS = ["258M", "3074M"]
# One for each version, with and without the series, large, and AMD's; and as many older ones.
KEPT_SNAPSHOTS = 16


def missing_packages():
    found = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return [package for program, package in PROGRAMS.items()
            if not shutil.which(program, path=found)]


def run(*command, **more):
    """Run a build step; its last line of output is the answer."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    r = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True, **more)
    if r.returncode:
        raise SystemExit(f"lab: {command[0]} failed")
    return r.stdout.strip().rsplit("\n", 1)[-1]


def forget_oldest(path):
    """Each change of the hypervisor boots another Dom0; those not used for long go."""
    files = sorted(os.scandir(path), key=lambda f: f.stat().st_mtime)
    for f in files[:-KEPT_SNAPSHOTS]:
        os.unlink(f.path)


def digest(*paths_and_words):
    h = hashlib.sha256()
    for one in paths_and_words:
        if os.path.exists(one):
            with open(one, "rb") as f:
                while chunk := f.read(1 << 20):
                    h.update(chunk)
        else:
            h.update(one.encode())
    return h.hexdigest()[:16]


class Lab:
    """One kind of host: Xen version, patched or stock, DIMM sizes, and whose CPU."""

    def __init__(self, xen="4.17", stock=False, large=False, amd=False, keep=None,
                 build=None):
        self.xen, self.stock, self.large, self.amd = xen, stock, large, amd
        self.keep = keep       # a directory for the logs, or None
        self.build = build     # a build tree of the project, or None
        self.machine = self.agent = None
        self.path = tempfile.mkdtemp(prefix="nvdimmd-lab.")
        self.disk = os.path.join(self.path, "root.qcow2")
        self.programs = os.path.join(CACHE, "lab/programs")
        self.ready = False

    def prepare(self):
        """Build what is not built. Idempotent."""
        os.makedirs(self.programs, exist_ok=True)
        for part in ("dom0", "guest"):
            run("make", "-s", "-C", f"{SOURCE}/tests/lab/{part}", f"O={self.programs}")
        self.image = run(f"{SOURCE}/tests/lab/image/build", "--xen", self.xen,
                         "--agent", f"{self.programs}/labagent")
        given = os.environ.get("NV_LAB_HYPERVISOR")
        if given and not self.stock:
            self.hypervisor = given
        else:
            self.hypervisor = run(f"{SOURCE}/shim-hypercall/build-xen", "--xen", self.xen,
                                  *(["--stock"] if self.stock else []))
        self.project = install.project(self.xen, self.build, f"{self.image}")

    def arguments(self, disk):
        result = [
            "-accel", "tcg,thread=multi", "-cpu", AMD_CPU if self.amd else CPU,
            "-machine", "q35,nvdimm=on",
            "-m", "3G,slots=4,maxmem=16G", "-smp", "2",
            "-kernel", self.hypervisor, "-append", XEN_OPTIONS,
            "-initrd", f"{self.image}/vmlinux {DOM0_OPTIONS},{self.image}/initrd",
            "-drive", f"if=none,id=root,format=qcow2,file={disk}",
            "-device", "virtio-blk-pci,drive=root"]
        for i, size in enumerate(LARGE_DIMMS if self.large else DIMMS):
            result += ["-object", f"memory-backend-ram,id=mem{i},size={size}",
                       "-device", f"nvdimm,id=nv{i},memdev=mem{i},label-size=256K"]
        return result

    def _connect(self):
        self.agent = Agent(self.machine)

    def boot(self):
        """Start from nothing and wait for the agent."""
        if os.path.exists(self.disk):
            os.unlink(self.disk)
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
            "-b", f"{self.image}/root.ext4", self.disk)
        self.machine = Machine(self.path, self.arguments(self.disk))
        self.machine.start()
        self._connect()
        self.agent.hello(300)

    def start(self):
        """Have a booted Dom0, from the cache if it was booted before."""
        key = digest(self.hypervisor, f"{self.image}/root.ext4", f"{self.image}/initrd",
                     " ".join(self.arguments("")), run("qemu-system-x86_64", "--version"))
        kept = os.path.join(CACHE, "lab/snapshots", key + ".qcow2")
        if os.path.exists(kept):
            os.utime(kept)
            shutil.copyfile(kept, self.disk)
            self.machine = Machine(self.path, self.arguments(self.disk))
            self.machine.start("booted")
            self._connect()
        else:
            self.boot()
            self.machine.save("booted")
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            shutil.copyfile(self.disk, kept + ".part")
            os.rename(kept + ".part", kept)
            forget_oldest(os.path.dirname(kept))
        self._install()
        self.machine.save("ready")

    def _install(self):
        dom0 = Dom0(self.machine, self.agent, self.xen)
        for name in ("labtool", "nvguest", "nvguest-pv", "dieat.so"):
            with open(os.path.join(self.programs, name), "rb") as f:
                dom0.put(f.read(), f"/lab/{name}", 0o755)
        dom0.ok("ln -sf /lab/labtool /usr/bin/labtool")
        if self.project:
            with open(self.project, "rb") as f:
                dom0.put(f.read(), "/lab/project.tar")
            dom0.ok("tar -C / -xf /lab/project.tar && rm /lab/project.tar")
            if self.xen == "4.20":
                dom0.put(UNIT, "/lab/lab.conf")
                dom0.ok("d=/run/systemd/system/nvdimmd.service.d; mkdir -p $d; mv /lab/lab.conf $d; "
                        "systemctl daemon-reload", 120)

    def bring_linux(self, dom0):
        """Put the kernel and initramfs of a LinuxGuest into Dom0."""
        path = run(f"{SOURCE}/tests/lab/image/build-linux", "--xen", self.xen)
        dom0.ok("mkdir -p /lab/linux")
        for name in ("vmlinuz", "initrd"):
            with open(os.path.join(path, name), "rb") as f:
                dom0.put(f.read(), f"/lab/linux/{name}")

    def dom0(self):
        """A Dom0 as it was when it became ready.

        Each time in a new QEMU: one that goes on after loading a snapshot
        turns every clock back but the TSC (its cpu_ticks_prev stays), and Xen
        then sleeps for the difference.
        """
        if not self.ready:
            self.start()
            self.ready = True
        else:
            self.stop()
            self.machine = Machine(self.path, self.arguments(self.disk))
            self.machine.start("ready")
            self._connect()
        self.agent.run("sleep 0.1", 10)
        return Dom0(self.machine, self.agent, self.xen, self.build)

    def dom0_once(self):
        """A Dom0 booted for one use, without the snapshots that make the next one quick."""
        self.boot()
        self._install()
        return Dom0(self.machine, self.agent, self.xen)

    def reset(self, dom0):
        """Reset the machine: everything but DIMMs and disk is forgotten."""
        dom0.ok("sync")
        self.agent.forget()
        self.machine.qmp("system_reset")
        self.agent.hello(300)

    def stop(self):
        if self.machine:
            self.machine.stop()
        if self.agent:
            self.agent.close()
        self.machine = self.agent = None

    def end(self):
        self.stop()
        shutil.rmtree(self.path, ignore_errors=True)
