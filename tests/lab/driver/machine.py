# SPDX-License-Identifier: LGPL-2.1-or-later
"""machine - one QEMU that runs Xen and Dom0: start, watch, snapshot, end.

A thread reads Xen's serial console into a file with time stamps and notices
when the host is lost, so that every wait elsewhere ends at once.
"""
import json
import os
import re
import socket
import subprocess
import threading
import time

FATAL = re.compile(r"Kernel panic|Fixing recursive fault|Panic on CPU"
                   r"|Hardware Dom0 (?:crashed|halted)|LAB: no ")


def patient(seconds):
    """@seconds, stretched as far as this machine is overloaded just now."""
    return int(seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))) + 1


class HostLost(Exception):
    """The host panicked, or QEMU is gone."""


class Machine:
    """A QEMU process. @path is its directory: sockets, disks, console.log."""

    def __init__(self, path, arguments):
        self.path = path
        self.arguments = arguments
        self.lost = None      # why, once the host is lost
        self.text = ""        # all that Xen's console said
        self.process = None
        self.monitor = None
        self.started = 0.0

    def start(self, snapshot=None):
        """Run QEMU; from @snapshot if one is named."""
        sockets = [self.socket("qmp"), self.socket("agent")]
        for s in sockets:
            if os.path.exists(s):
                os.unlink(s)
        command = ["qemu-system-x86_64", *self.arguments,
                   "-nodefaults", "-display", "none", "-serial", "stdio",
                   "-qmp", f"unix:{sockets[0]},server=on,wait=off",
                   "-device", "virtio-serial-pci",
                   "-chardev", f"socket,id=agent,path={sockets[1]},server=on,wait=off",
                   "-device", "virtserialport,chardev=agent,name=lab"]
        if snapshot:
            command += ["-loadvm", snapshot]
        self.lost = None
        self.text = ""
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self._read_console, daemon=True).start()
        self.monitor = self._connect_monitor()

    def socket(self, name):
        return os.path.join(self.path, name)

    def _read_console(self):
        process, line = self.process, b""
        with open(os.path.join(self.path, "console.log"), "a", encoding="utf-8") as log:
            while True:
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    break
                self.text += chunk.decode("utf-8", "replace").replace("\r", "")
                line += chunk
                *whole, line = line.split(b"\n")
                for one in whole:
                    self._console_line(log, one.decode("utf-8", "replace").rstrip("\r"))
            if line:
                self._console_line(log, line.decode("utf-8", "replace"))
        if not self.lost:
            self.lost = "QEMU ended"

    def _console_line(self, log, line):
        log.write(f"[{time.monotonic() - self.started:8.2f}] {line}\n")
        log.flush()
        if not self.lost and FATAL.search(line):
            self.lost = line.strip()

    def _connect_monitor(self):
        end = time.monotonic() + 30
        while True:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(self.socket("qmp"))
                break
            except OSError:
                s.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise HostLost("QEMU did not start: " + self.text.strip()) from None
                time.sleep(0.05)
        s.settimeout(120)
        monitor = s.makefile("rw")
        monitor.readline()
        self.monitor = monitor
        self.qmp("qmp_capabilities")
        return monitor

    def qmp(self, command, **arguments):
        """Run a QMP command; return its answer, raise RuntimeError on an error."""
        try:
            self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.monitor.flush()
            while True:
                answer = json.loads(self.monitor.readline())
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise RuntimeError(f"{command}: {answer['error']['desc']}")
        except (OSError, ValueError) as e:
            raise HostLost(f"QEMU's monitor: {e}") from None

    def hmp(self, line):
        """Run a command of the human monitor; return what it prints."""
        return self.qmp("human-monitor-command", **{"command-line": line}).replace("\r", "")

    def save(self, name):
        error = self.hmp(f"savevm {name}")
        if error.strip():
            raise RuntimeError(f"savevm: {error}")

    def check(self):
        """Raise HostLost if it is."""
        if self.lost:
            time.sleep(0.3)   # let the rest of the panic reach the log
            raise HostLost(self.lost)

    def expect_text(self, text, start, seconds):
        """Wait until Xen's console says @text after position @start."""
        end = time.monotonic() + patient(seconds)
        while text not in self.text[start:]:
            if time.monotonic() > end:
                raise TimeoutError(f"Xen's console did not say '{text}' in {seconds} s")
            time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.monitor:
            self.monitor.close()
            self.monitor = None
