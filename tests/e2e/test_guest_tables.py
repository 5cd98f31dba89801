# SPDX-License-Identifier: LGPL-2.1-or-later
"""The file that tells an HVM guest of its list says what the list says, whatever happens."""
import os
import stat
import struct
import subprocess
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import BUILD, GiB, MiB, run
from hosts import PoolHost

UUID = "3f0e7a52-8d3c-4c56-9a57-c1f6f9f0a7b1"
TOP = 1 << 46


def files(host):
    folder = host.state / "guests"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def told(host, name):
    """[(handle, gpa, size, serial)] of the guest's NFIT."""
    table = (host.state / "guests" / name).read_bytes()
    length = struct.unpack_from("<I", table, 4)[0]
    nfit, ssdt = table[:length], table[length:]
    assert nfit[:4] == b"NFIT" and ssdt[:4] == b"SSDT"
    assert sum(nfit) % 256 == 0 and sum(ssdt) % 256 == 0
    ranges, handles, serials, at = [], [], [], 40
    while at < length:
        kind, size = struct.unpack_from("<HH", nfit, at)
        if kind == 0:
            ranges.append(struct.unpack_from("<QQ", nfit, at + 32))
        elif kind == 1:
            handles.append(struct.unpack_from("<I", nfit, at + 4)[0])
        elif kind == 4:
            serials.append(nfit[at + 24:at + 28].hex())
        at += size
    return [(h, *r, s) for h, r, s in zip(handles, ranges, serials)]


def uuid_of(host, volume):
    return host.call("GetVolume", volume=volume)["volume"]["uuid"]


def test_a_list_is_told_at_once_and_the_last_device_takes_the_file_along():
    with PoolHost(volumes=3) as host:
        assert files(host) == []
        host.call("AddGuestDevice", guest="db1", volume="v0")
        host.call("AddGuestDevice", guest="db1", volume="v1", device=7, gpa=64 * GiB)
        host.call("AddGuestDevice", guest=f"uuid:{UUID}", volume="v2")
        assert files(host) == [f"{UUID}.acpi", "db1.acpi"]
        assert told(host, "db1.acpi") == [
            (1, TOP - GiB, 2 * MiB, uuid_of(host, "v0")[:8]), (8, 64 * GiB, 2 * MiB, uuid_of(host, "v1")[:8])]
        mode = stat.S_IMODE((host.state / "guests/db1.acpi").stat().st_mode)
        assert mode == 0o644, oct(mode)
        host.call("RemoveGuestDevice", guest="db1", volume="v0")
        assert [d[0] for d in told(host, "db1.acpi")] == [8]
        host.call("RemoveGuestDevice", guest="db1", device=7)
        assert files(host) == [f"{UUID}.acpi"]


def test_a_guest_gets_its_volumes_where_it_was_told():
    with PoolHost(volumes=3) as host:
        for i in range(3):
            host.call("AddGuestDevice", guest="db1", volume=f"v{i}")
        want = {f"v{i}": TOP - (i + 1) * GiB for i in range(3)}
        assert [d[1] for d in told(host, "db1.acpi")] == list(want.values())
        host.sim("domain create", name="db1", uuid=UUID)
        for volume in ("v2", "v0", "v1"):
            host.call("Map", volume=volume, domain="db1")
            assert host.volume(volume)["mapping"]["gpa"] == want[volume], host.volume(volume)


def test_a_start_makes_right_whatever_is_there():
    with PoolHost(volumes=3) as host:
        host.call("AddGuestDevice", guest="db1", volume="v0")
        host.call("AddGuestDevice", guest="db2", volume="v1")
        want = told(host, "db1.acpi")
        host.kill_daemon(9)
        folder = host.state / "guests"
        (folder / "db1.acpi").write_bytes(b"something else")
        (folder / "db2.acpi").unlink()
        (folder / "gone.acpi").write_bytes(b"of a guest that has no list")
        (folder / "db1.acpi.part").write_bytes(b"half")
        host.start_daemon()
        assert files(host) == ["db1.acpi", "db2.acpi"]
        assert told(host, "db1.acpi") == want


def test_a_volume_that_is_resized_is_told_with_its_new_size():
    with PoolHost(volumes=1) as host:
        host.call("AddGuestDevice", guest="db1", volume="v0")
        host.call("ResizeVolume", volume="v0", size=8 * MiB)
        assert told(host, "db1.acpi")[0][2] == 8 * MiB
        host.call("ResizeVolume", volume="v0", size=4 * MiB)
        assert told(host, "db1.acpi")[0][2] == 4 * MiB


def test_what_hvm_guests_cannot_use_has_no_file_and_a_reason():
    with PoolHost(volumes=1) as host:
        host.call("AddGuestDevice", guest="db1", volume="v0")
        assert "acpi_firmware" in host.call("GetGuest", guest="db1")["guest"]
        host.call("CreateVolume", name="small", size=12 << 10, align=4 << 10)
        host.call("AddGuestDevice", guest="db1", volume="small")
        guest = host.call("GetGuest", guest="db1")["guest"]
        assert guest.get("no_firmware") == "device 1 has 12 KiB: an HVM guest can only use multiples of 2 MiB", guest
        assert "acpi_firmware" not in guest and files(host) == []
        host.call("RemoveGuestDevice", guest="db1", volume="small")
        assert files(host) == ["db1.acpi"]


def test_a_file_that_cannot_be_written_is_an_alarm_until_it_can():
    with PoolHost(volumes=2) as host:
        (host.state / "guests").write_text("in the way")
        host.call("AddGuestDevice", guest="db1", volume="v0")
        alarms = host.call("GetStatus")["status"]["alarms"]
        assert any("ACPI tables of the guest name:db1" in a for a in alarms), alarms
        (host.state / "guests").unlink()
        host.call("AddGuestDevice", guest="db2", volume="v1")
        assert host.call("GetStatus")["status"]["alarms"] == []
        assert files(host) == ["db1.acpi", "db2.acpi"]


def test_nvctl_says_the_line_for_xl():
    with PoolHost(volumes=1) as host:
        host.call("AddGuestDevice", guest="db1", volume="v0")
        p = subprocess.run([BUILD / "nvctl", "guest", "show", "db1"], capture_output=True, text=True, timeout=60,
                           env={"PATH": os.environ["PATH"], "NVDIMMD_SOCKET": str(host.socket)})
        assert f'acpi_firmware = "{host.state}/guests/db1.acpi"' in p.stdout, p.stdout + p.stderr


run(dict(globals()))
