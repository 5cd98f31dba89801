# SPDX-License-Identifier: LGPL-2.1-or-later
"""dom0 - what a case holds in its hand: Dom0 and the guests that it starts."""
import re
import textwrap
import time

from .machine import patient


class Failed(Exception):
    """What the case says is so is not so."""


def check(truth, message):
    if not truth:
        raise Failed(message)


def equal(got, want, what):
    if got != want:
        raise Failed(f"{what}: got {got!r}, want {want!r}")


class Dom0:
    """The running Dom0.

    run() returns (status, output); ok() returns the output of what must
    succeed; refused() that of what must fail.
    """

    def __init__(self, machine, agent, xen, build=None):
        self.machine = machine
        self.agent = agent
        self.xen = xen
        self.build = build    # a build tree of the project, or None
        self.trace = []       # what was done, for the log of a failed case
        self.mark = len(machine.text)

    def run(self, script, seconds=60):
        status, output = self.agent.run(script, seconds)
        output = output.decode("utf-8", "replace")
        self.trace.append(f"dom0# {script}\n{textwrap.indent(output, '  ')}  = {status}")
        return status, output

    def ok(self, script, seconds=60):
        status, output = self.run(script, seconds)
        check(status == 0, f"'{script}' ended with {status}:\n{output}")
        return output.strip()

    def refused(self, script, words="", seconds=60):
        status, output = self.run(script, seconds)
        check(status not in (0, 124), f"'{script}' ended with {status}:\n{output}")
        check(re.search(words, output), f"'{script}' does not say '{words}':\n{output}")
        return output.strip()

    def until(self, script, seconds=20):
        """Repeat @script until it succeeds."""
        end = time.monotonic() + patient(seconds)
        while True:
            status, output = self.run(script)
            if status == 0:
                return output.strip()
            check(time.monotonic() < end,
                  f"'{script}' still ends with {status} after {seconds} s:\n{output}")
            time.sleep(0.1)

    def put(self, data, path, mode=0o644):
        self.agent.put(data if isinstance(data, bytes) else data.encode(), path, mode)

    def get(self, path):
        return self.agent.get(path)

    def qmp(self, command, **arguments):
        return self.machine.qmp(command, **arguments)

    def hmp(self, line):
        return self.machine.hmp(line)

    def xen_says(self):
        """What Xen's console said since the case began."""
        return self.machine.text[self.mark:]

    def tool(self, arguments, seconds=60, first=""):
        """The lines of "labtool ...", which must succeed, as dictionaries. @first: as "taskset 1 "."""
        return [words(line)
                for line in self.ok(f"{first}labtool {arguments}", seconds).splitlines()]

    def guest(self, name, **options):
        """Create a guest of the lab's own kernel; see Guest."""
        return Guest(self, name, **options)


def words(line):
    """{'bank': '1', ...} of "mce bank=1 ..."; the bare words under ''."""
    result = {"": []}
    for word in line.split():
        key, sep, value = word.partition("=")
        if sep:
            result[key] = value
        else:
            result[""].append(word)
    return result


class Guest:
    """A PVH domain with tests/lab/guest inside.

    @commands run before it listens to do(); with @paused it has not run yet.
    """

    CONFIG = """\
name = "{name}"
type = "pvh"
memory = {memory}
vcpus = {vcpus}
kernel = "/lab/nvguest"
extra = "{commands}"
on_poweroff = "destroy"
on_reboot = "{on_reboot}"
on_crash = "{on_crash}"
"""

    def __init__(self, dom0, name, memory=32, vcpus=1, commands="", paused=False, uuid=None,
                 on_crash="destroy", on_reboot="destroy", shadow=None, more=""):
        self.dom0 = dom0
        self.name = name
        self.log = f"/var/log/xen/console/guest-{name}.log"
        config = self.CONFIG.format(name=name, memory=memory, vcpus=vcpus, commands=commands,
                                    on_crash=on_crash, on_reboot=on_reboot) + more
        if shadow:
            config += f"\nshadow_memory = {shadow}\n"    # MiB for page tables
        if uuid:
            config += f'\nuuid = "{uuid}"\n'
        self.config = f"/lab/{name}.cfg"
        dom0.put(config, self.config)
        self.create(paused)

    def create(self, paused=False):
        """Create it (again)."""
        self.dom0.ok(f"rm -f {self.log}; xl create {'-p' if paused else ''} {self.config}", 120)
        self._tty = None
        self.domid = int(self.dom0.ok(f"xl domid {self.name}"))
        self.uuid = self.dom0.ok(f"xl domid {self.name} >/dev/null; "
                                 f"xenstore-read /local/domain/{self.domid}/vm").rsplit("/", 1)[1]
        if not paused:
            self.await_idle()

    def await_idle(self, seconds=60):
        seconds = patient(seconds)
        self.dom0.ok(f"labtool await {self.log} {seconds} 'NVGUEST idle'", seconds + 10)

    def unpause(self):
        self.dom0.ok(f"xl unpause {self.name}")
        self.await_idle()

    @property
    def tty(self):
        """Its console in Dom0. Asked once: xenstored may not answer later."""
        if not self._tty:
            self._tty = self.dom0.ok(f"xenstore-read /local/domain/{self.domid}/console/tty")
        return self._tty

    def say(self, command, seconds=60):
        """Type @command; return every line of the answer, as dictionaries."""
        return [words(line.partition("NVGUEST ")[2]) for line in self.answer(command, seconds)]

    def answer(self, command, seconds=60):
        """Type @command; return the lines of the answer."""
        seconds = patient(seconds)
        script = f"labtool say {self.tty} {self.log} {seconds} '{command}'"
        status, output = self.dom0.run(script, seconds + 10)
        check(status == 0, f"guest {self.name}: '{command}': {output}")
        return output.splitlines()

    def type(self, command):
        """Type @command without waiting for an answer."""
        self.dom0.ok(f"labtool say {self.tty} {self.log} 0 '{command}' || true")

    def do(self, command, seconds=60):
        """Type @command, which must succeed; return the line that says so."""
        last = self.say(command, seconds)[-1]
        check(last[""][:1] == ["done"], f"guest {self.name}: '{command}' answers {last}")
        return last

    def lines(self):
        """Everything it ever said, as dictionaries."""
        text = self.dom0.ok(f"cat {self.log}")
        return [words(line.partition("NVGUEST ")[2])
                for line in text.splitlines() if "NVGUEST " in line]

    def machine_checks(self):
        return [line for line in self.lines() if line[""][:1] == ["mce"]]

    def alive(self):
        return self.dom0.run(f"xl domid {self.name}")[0] == 0

    def destroy(self):
        self.dom0.ok(f"xl destroy {self.name}")
