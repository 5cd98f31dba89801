# SPDX-License-Identifier: LGPL-2.1-or-later
"""linux - a guest with Debian's kernel, HVM, as people have it."""
from .dom0 import Guest, check


class LinuxGuest(Guest):
    """An HVM domain whose /init does shell commands from its console.

    The vendor is AMD's: with an Intel CPUID Linux reads a register that SVM
    does not have. Its TSC is the CPU's own: else Xen emulates it here, with an
    exit for each of the many times that Linux reads it. No console is a serial
    port: each of its characters costs the device model a turn. @tables is the
    file for acpi_firmware=.
    """

    CONFIG = """\
name = "{name}"
type = "hvm"
memory = {memory}
vcpus = 1
kernel = "/lab/linux/vmlinuz"
ramdisk = "/lab/linux/initrd"
extra = "console=hvc0 loglevel=7 mitigations=off tsc=reliable apparmor=0 audit=0 {commands}"
vga = "none"
vnc = 0
sdl = 0
usb = 0
acpi = 1
tsc_mode = "native"
on_poweroff = "destroy"
on_reboot = "{on_reboot}"
on_crash = "{on_crash}"
cpuid = [ "0:ebx=01101000011101000111010101000001,ecx=01000100010011010100000101100011,edx=01101001011101000110111001100101" ]
"""

    BOOT_SECONDS = 300

    def __init__(self, dom0, name, tables=None, memory=256, more="", **options):
        if tables:
            more += f'acpi_firmware = "{tables}"\n'
        super().__init__(dom0, name, memory=memory, more=more, **options)

    def await_idle(self, seconds=BOOT_SECONDS):
        super().await_idle(seconds)

    def sh(self, command, seconds=120):
        """The output of @command in the guest, which must succeed."""
        check("'" not in command and "\n" not in command, f"cannot be typed: {command}")
        lines = self.answer(command, seconds)
        check("NVGUEST done" in lines[-1], f"guest {self.name}: '{command}' answers {lines}")
        return "\n".join(lines[:-1]).strip()

    def reboot(self):
        """xl reboot: the guest is asked, goes down, and is there again as another domain."""
        before = self.domid
        self.dom0.ok(f"rm -f {self.log}; xl reboot {self.name}")
        self.dom0.until(f"now=$(xl domid {self.name}) && test $now != {before}", 180)
        self._tty = None
        self.domid = int(self.dom0.ok(f"xl domid {self.name}"))
        self.await_idle()
