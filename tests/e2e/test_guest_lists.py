# SPDX-License-Identifier: LGPL-2.1-or-later
"""The durable lists of what guests get: added, listed, removed, kept, refused."""
import os
import random
import sqlite3
import subprocess
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import BUILD, GiB, MiB, refused, run
from hosts import PoolHost

UUID = "3f0e7a52-8d3c-4c56-9a57-c1f6f9f0a7b1"


def nvctl(host, *words, code=0):
    p = subprocess.run([BUILD / "nvctl", *words], capture_output=True, text=True, timeout=60,
                       env={"PATH": os.environ["PATH"], "NVDIMMD_SOCKET": str(host.socket), "LC_ALL": "C.UTF-8"})
    assert p.returncode == code, (words, p.returncode, p.stdout + p.stderr)
    return p.stdout + p.stderr


def listed(host, **which):
    return [(d["guest"], d["device"], d["volume"]) for d in host.call("ListGuests", **which)["devices"]]


def test_a_list_is_kept_by_guest_and_number_across_restarts():
    with PoolHost(volumes=3) as host:
        host.call("AddGuestDevice", guest="db1", volume="v1")
        host.call("AddGuestDevice", guest="db1", volume="v0", device=5, gpa=64 * GiB, run_without=True)
        host.call("AddGuestDevice", guest=UUID.upper(), volume="v2")
        host.call("AddGuestDevice", guest="name:17", volume="v2")
        want = [("name:17", 0, "v2"), ("name:db1", 0, "v1"), ("name:db1", 5, "v0"), (f"uuid:{UUID}", 0, "v2")]
        assert listed(host) == want
        for how in (9, 15):
            host.restart_daemon(how)
            assert listed(host) == want
        assert listed(host, guest="db1") == want[1:3]
        assert listed(host, guest=f"uuid:{UUID}") == want[3:]
        assert listed(host, guest="nobody") == []
        five = host.call("ListGuests", guest="db1")["devices"][1]
        assert (five["gpa"], five["if_missing"], five["state"], five["size"]) == (64 * GiB, "run", "absent", 2 * MiB)
        host.call("RenameVolume", volume="v1", name="w1")
        assert listed(host, guest="db1")[0] == ("name:db1", 0, "w1")


def test_refusals_leave_the_list_as_it_was():
    with PoolHost(volumes=3) as host:
        host.call("AddGuestDevice", guest="db1", volume="v0", gpa=64 * GiB)
        host.call("CreateVolume", name="owned", size=2 * MiB, owner="name:other")
        add = dict(guest="db1", volume="v1")
        for error, what in [
            ("NoSuchVolume", dict(volume="v9")), ("BadName", dict(guest="17")), ("BadName", dict(guest="uuid:x")),
            ("VolumeListed", dict(volume="v0")), ("DeviceTaken", dict(device=0)), ("LimitReached", dict(device=64)),
            ("BadAlignment", dict(gpa=64 * GiB + 4096)), ("GuestAddressOccupied", dict(gpa=64 * GiB)),
            ("NotOwner", dict(volume="owned")), ("BadRequest", dict(device=-1)),
        ]:
            refused(error, host.call, "AddGuestDevice", **{**add, **what})
        refused("NoSuchDevice", host.call, "RemoveGuestDevice", guest="db1", volume="v1")
        refused("NoSuchDevice", host.call, "RemoveGuestDevice", guest="db2", device=0)
        refused("BadRequest", host.call, "RemoveGuestDevice", guest="db1")
        assert listed(host) == [("name:db1", 0, "v0")]
        r = refused("VolumeListed", host.call, "DeleteVolume", volume="v0")
        assert r.message == "the guest name:db1 is to get the volume v0 as device 0, so it cannot be deleted", r.message
        assert "nvctl guest remove" in r.hint
        host.call("RemoveGuestDevice", guest="db1", volume="v0")
        host.call("DeleteVolume", volume="v0")
        host.restart_daemon()
        assert listed(host) == []


def test_nvctl_has_the_words():
    with PoolHost(volumes=3) as host:
        said = nvctl(host, "guest", "add", "db1", "v0", "--if-missing", "run")
        assert said == ("The guest name:db1 gets volume v0, 2 MiB (2.09 MB), as device 0 whenever it starts, "
                        "and runs without if it cannot.\n"), said
        nvctl(host, "guest", "add", "db1", "v1", "--device=7", "--gpa", "64G")
        rows = nvctl(host, "guest", "list", "db1").splitlines()
        assert rows[1].split() == ["name:db1", "0", "v0", "2", "MiB", "0x3fffc0000000", "run", "-", "absent"], rows
        assert rows[2].split() == ["name:db1", "7", "v1", "2", "MiB", "0x1000000000", "wait", "-", "absent"], rows
        assert nvctl(host, "completion", "guests") == "name:db1\n"
        nvctl(host, "guest", "add", "db1", "v2", "--if-missing", "later", code=2)
        nvctl(host, "guest", "add", "db1", "v2", "--device", "0", code=39)
        nvctl(host, "volume", "delete", "v0", code=38)
        nvctl(host, "guest", "remove", "db1", "v0", "--device", "0", code=2)
        nvctl(host, "guest", "remove", "db1", "v2", code=40)
        nvctl(host, "guest", "remove", "db1", "--device", "7")
        nvctl(host, "guest", "remove", "db1", "v0")
        assert "No guest gets anything" in nvctl(host, "guest", "list")


def test_changes_of_a_list_are_in_the_history():
    with PoolHost(volumes=1) as host:
        history = [e["text"] for e in host.events()]
        host.call("AddGuestDevice", guest="db1", volume="v0")
        host.call("RemoveGuestDevice", guest="db1", volume="v0")
        new = [e["text"] for e in host.events()][len(history):]
        assert new == ["the guest name:db1 gets volume v0 as device 0 whenever it starts",
                       "the guest name:db1 does not get volume v0 any more when it starts"], new


def test_a_book_of_schema_1_is_taken_over_and_that_of_a_newer_left_alone():
    with PoolHost(volumes=2) as host:
        book = next(p for p in host.state.iterdir() if p.suffix == ".db" or p.name.startswith("book"))
        host.kill_daemon(15)
        with sqlite3.connect(book) as db:
            db.executescript("DROP TABLE guest; DROP TABLE device; PRAGMA user_version = 1;")
        host.start_daemon()
        assert [v["name"] for v in sorted(host.volumes(), key=lambda v: v["name"])] == ["v0", "v1"]
        host.call("AddGuestDevice", guest="db1", volume="v1")
        host.restart_daemon()
        assert listed(host) == [("name:db1", 0, "v1")]
        host.kill_daemon(15)
        with sqlite3.connect(book) as db:
            db.executescript("PRAGMA user_version = 99;")
        host.spawn_daemon()
        assert host.daemon.wait(timeout=20) != 0
        assert "the database has schema 99, this nvdimmd knows up to 3" in host.daemon_log.read_text()


def test_a_backup_has_the_lists():
    with PoolHost(volumes=3) as host:
        host.call("AddGuestDevice", guest="db1", volume="v1")
        nvctl(host, "backup", str(host.dir / "book"))
        host.call("RemoveGuestDevice", guest="db1", volume="v1")
        host.call("AddGuestDevice", guest="db2", volume="v0")
        nvctl(host, "restore", str(host.dir / "book"))
        assert listed(host) == [("name:db1", 0, "v1")]
        host.restart_daemon()
        assert listed(host) == [("name:db1", 0, "v1")]


def test_killed_at_random_a_list_is_what_was_answered():
    """What was answered stands; what was not answered stands or does not."""
    rnd = random.Random(5)
    with PoolHost(volumes=6) as host:
        sure = {}
        for turn in range(60):
            guest, volume = f"g{rnd.randrange(3)}", f"v{rnd.randrange(6)}"
            there = (guest, volume) in sure
            if rnd.random() < 0.25:
                link = host.connect()
                link.send("RemoveGuestDevice" if there else "AddGuestDevice", dict(guest=guest, volume=volume))
                host.kill_daemon()
                link.close()
                host.start_daemon()
                now = {(g.removeprefix("name:"), v) for g, _, v in listed(host)}
                assert now - {(guest, volume)} == set(sure) - {(guest, volume)}, turn
                sure = dict.fromkeys(now)
                continue
            host.call("RemoveGuestDevice" if there else "AddGuestDevice", guest=guest, volume=volume)
            if there:
                del sure[guest, volume]
            else:
                sure[guest, volume] = None
        assert {(g.removeprefix("name:"), v) for g, _, v in listed(host)} == set(sure)


run(dict(globals()))
