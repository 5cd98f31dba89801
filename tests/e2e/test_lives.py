# SPDX-License-Identifier: LGPL-2.1-or-later
"""Volumes, guests, daemons and hosts come and go; what is whose stays true."""
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import BUILD, MiB, PAGE, POOL_SPA, Host, refused, run
from hosts import PoolHost

U1 = "11111111-2222-3333-4444-000000000001"
U2 = "11111111-2222-3333-4444-000000000002"


def fill(host, m, seed):
    host.sim("guest fill", dom=str(m["domid"]), gpa=m["gpa"], len=m["size"], seed=seed)


def same(host, m, seed):
    got = host.sim("guest check", dom=str(m["domid"]), gpa=m["gpa"], len=m["size"], seed=seed)
    return got.get("end") == "ok" and "wrong_at" not in got


def test_a_guest_finds_its_bytes_after_its_reboot_the_daemons_and_the_hosts():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=8 * MiB, owner=f"uuid:{U1}")
        host.sim("domain create", name="g", uuid=U1)
        m = host.call("Map", domain="g", volume="v")["mapping"]
        fill(host, m, 7)
        host.restart_daemon()
        assert host.volume("v")["mapping"]["gpa"] == m["gpa"] and same(host, m, 7)
        host.sim("domain destroy", dom="g")
        host.wait_for(lambda: "mapping" not in host.volume("v"))
        host.sim("domain create", name="g", uuid=U1)
        again = host.call("Map", domain="g", volume="v")["mapping"]
        assert again["domid"] != m["domid"] and again["gpa"] == m["gpa"] and same(host, again, 7)
        # The host: everything but the DIMMs is gone.
        host.stop_daemon()
        host.sim("host reboot")
        host.sim_connection = None
        host.start_daemon()
        assert host.status()["mappings"] == [] and host.volume("v")["state"] == "ready"
        host.sim("domain create", name="g", uuid=U1)
        m = host.call("Map", domain="g", volume="v")["mapping"]
        assert same(host, m, 7)


def test_a_volume_is_where_it_was_whatever_is_mapped_first():
    with PoolHost() as host:
        for name in ("a", "b"):
            host.call("CreateVolume", name=name, size=4 * MiB)
        host.sim("domain create", name="g", uuid=U1)
        at = {name: host.call("Map", domain="g", volume=name)["mapping"]["gpa"] for name in ("a", "b")}
        assert at["a"] != at["b"]
        for _ in range(2):
            host.sim("domain destroy", dom="g")
            host.wait_for(lambda: host.status()["mappings"] == [])
            host.restart_daemon()
            host.sim("domain create", name="g", uuid=U1)
            for name in ("b", "a"):
                assert host.call("Map", domain="g", volume=name)["mapping"]["gpa"] == at[name]


def test_a_deleted_volumes_bytes_are_zero_for_the_next():
    with PoolHost() as host:
        host.call("CreateVolume", name="secret", size=4 * MiB)
        host.sim("domain create", name="g1")
        fill(host, host.call("Map", domain="g1", volume="secret")["mapping"], 3)
        spa = host.volume("secret")["extents"][0]["spa"]
        host.call("Unmap", volume="secret")
        assert host.sim("host read", spa=spa, len=64)["data"] != "00" * 64
        host.call("DeleteVolume", volume="secret")
        assert host.sim("host read", spa=spa, len=64)["data"] == "00" * 64
        assert host.sim("host read", spa=spa + 4 * MiB - 64, len=64)["data"] == "00" * 64


def test_without_scrubbing_the_bytes_stay_and_creating_zeroes_them():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB)
        spa = host.volume("v")["extents"][0]["spa"]
        host.sim("host write", spa=spa, bytes="5a" * 64)
        host.call("DeleteVolume", volume="v", no_scrub=True)
        assert host.sim("host read", spa=spa, len=64)["data"] == "5a" * 64
        host.call("CreateVolume", name="w", size=4 * MiB)
        assert host.volume("w")["extents"][0]["spa"] == spa
        assert host.sim("host read", spa=spa, len=64)["data"] == "00" * 64


def test_lost_book_and_bytes_adopted_again():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB)
        spa = host.volume("v")["extents"][0]["spa"]
        host.sim("host write", spa=spa, bytes="c3" * 64)
        host.stop_daemon()
        shutil.rmtree(host.state)
        host.start_daemon()
        assert host.call("ListPools")["pools"] == []
        host.call("AddPool", device="namespace0.0", name="fast")
        host.call("CreateVolume", name="v", size=4 * MiB, pool="fast", at=spa - POOL_SPA, keep=True)
        assert host.sim("host read", spa=spa, len=64)["data"] == "c3" * 64


def test_force_owner_lets_another_guest_have_it():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=2 * MiB, owner=f"uuid:{U1}")
        host.sim("domain create", name="other", uuid=U2)
        refused("NotOwner", host.call, "Map", domain="other", volume="v")
        m = host.call("Map", domain="other", volume="v", force_owner=True)["mapping"]
        assert m["domain_uuid"] == U2


def test_a_volume_is_named_for_a_guest_by_name():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=2 * MiB, owner="name:db")
        host.sim("domain create", name="db")
        host.sim("domain create", name="other")
        refused("NotOwner", host.call, "Map", domain="other", volume="v")
        host.call("Map", domain="db", volume="v")


def test_a_domain_is_found_by_number_name_and_uuid():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=2 * MiB)
        domid = host.sim("domain create", name="g", uuid=U1)["domid"]
        for who in ("g", str(domid), U1, U1.upper()):
            assert host.call("Map", domain=who, volume="v")["mapping"]["domid"] == domid
            host.call("Unmap", volume="v")


def test_resizing_keeps_the_bytes_and_zeroes_the_rest():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB)
        host.sim("domain create", name="g")
        host.sim("host write", spa=host.volume("v")["extents"][0]["spa"], bytes="77" * 32)
        host.call("ResizeVolume", volume="v", size=8 * MiB)
        v = host.volume("v")
        assert v["size"] == 8 * MiB and sum(x["size"] for x in v["extents"]) == 8 * MiB
        tail = v["extents"][-1]["spa"] + v["extents"][-1]["size"]
        host.sim("host write", spa=tail - 64, bytes="88" * 32)
        host.call("ResizeVolume", volume="v", size=2 * MiB)
        v = host.volume("v")
        assert v["size"] == 2 * MiB and host.pool()["free"] == 190 * MiB
        assert host.sim("host read", spa=v["extents"][0]["spa"], len=32)["data"] == "77" * 32
        assert host.sim("host read", spa=tail - 64, len=32)["data"] == "00" * 32
        host.restart_daemon()
        assert host.volume("v")["size"] == 2 * MiB


def test_a_pool_is_given_back():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=2 * MiB)
        refused("PoolInUse", host.call, "ReleasePool", pool="fast")
        host.call("DeleteVolume", volume="v")
        host.call("ReleasePool", pool="fast")
        pools = host.call("ListPools")
        assert pools["pools"] == [] and any(c["device"] == "namespace0.0" and c["usable"] for c in pools["candidates"])
        host.restart_daemon()
        assert host.call("ListPools")["pools"] == []
        host.call("AddPool", device="namespace0.0", name="again")


def test_an_extent_that_no_record_explains_is_kept_and_reported():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB)
        host.sim("domain create", name="g")
        m = host.call("Map", domain="g", volume="v")["mapping"]
        fill(host, m, 9)
        host.stop_daemon()
        with sqlite3.connect(host.state / "nvdimmd.db") as db:
            db.execute("delete from mapped")
            db.execute("delete from mapping")
        host.start_daemon()
        status = host.status()
        assert status["state"] == "degraded" and status["alarms"], status
        assert [x["state"] for x in status["mappings"]] == ["unknown"]
        assert same(host, m, 9), "it was taken from the guest"
        refused("UnknownExtent", host.call, "Map", domain="g", volume="v")
        refused("UnknownExtent", host.call, "DeleteVolume", volume="v")
        host.sim("domain destroy", dom="g")
        host.wait_for(lambda: host.status()["mappings"] == [])
        host.sim("domain create", name="g")
        host.call("Map", domain="g", volume="v")


def test_bad_pages_outlive_daemon_and_host():
    with PoolHost() as host:
        host.sim("mce", spa=POOL_SPA + 10 * MiB, kind="srao")
        host.wait_for(lambda: host.pool()["bad"] == PAGE)
        host.restart_daemon()
        assert host.pool()["bad"] == PAGE
        host.stop_daemon()
        host.sim("host reboot")
        host.sim_connection = None
        host.start_daemon()
        assert host.pool()["bad"] == PAGE and host.pool()["free"] == 192 * MiB - PAGE
        host.sim("domain create", name="g")
        refused("BrokenRange", host.call, "Map", domain="g", pool="fast", offset=10 * MiB, size=2 * MiB)
        # Never given to a volume.
        for i in range(95):
            host.call("CreateVolume", name=f"v{i}", size=2 * MiB)
        assert host.pool()["bad"] == PAGE and all(v["bad"] == 0 for v in host.volumes())


def test_a_fault_while_the_daemon_is_dead_is_in_the_book_once():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB)
        host.sim("domain create", name="g")
        m = host.call("Map", domain="g", volume="v")["mapping"]
        host.kill_daemon()
        host.sim("mce", spa=m["spa"] + 3 * PAGE, kind="srao")
        d = next(d for d in host.sim("domain list")["domains"] if d["name"] == "g")
        assert d["held"], d
        host.start_daemon()
        host.wait_for(lambda: host.volume("v")["bad"] == PAGE)
        host.wait_for(lambda: not next(d for d in host.sim("domain list")["domains"] if d["name"] == "g")["held"])
        host.restart_daemon()
        assert [e["kind"] for e in host.events()].count("fault") == 1
        assert len(host.sim("guest mce", dom="g")["machine_checks"]) == 1


def test_a_backup_brings_everything_back():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=4 * MiB, owner="name:x")
        link = host.connect()
        parts = list(link.stream("Backup"))
        link.close()
        host.call("DeleteVolume", volume="v", no_scrub=True)
        host.call("CreateVolume", name="w", size=2 * MiB)
        link = host.connect()
        for p in parts:
            last = p is parts[-1]
            link.call("Restore", chunk=p["chunk"], offset=p["offset"], finished=last)
        link.close()
        assert [v["name"] for v in host.volumes()] == ["v"]
        host.restart_daemon()
        assert [v["name"] for v in host.volumes()] == ["v"] and host.pool()["free"] == 188 * MiB


# --- the daemon as a process

def start_fails(host, code, says):
    host.spawn_daemon()
    assert host.daemon.wait(30) == code, (host.daemon.returncode, host.daemon_log.read_text())
    host.daemon = None
    text = host.daemon_log.read_text()
    assert says in text, f"says {text!r}, not {says!r}"
    host.daemon_log.unlink()


def test_without_a_hypervisor_it_says_so():
    with Host() as host:
        start_fails(host, 26, "no nvdimm-sim answers at")
        host.extra = ["--hypervisor", "xen"]
        host.spawn_daemon()
        assert host.daemon.wait(30) in (4, 26), host.daemon_log.read_text()
        host.daemon = None


def test_a_second_daemon_is_refused():
    with Host() as host:
        host.start()
        out = subprocess.run(host.daemon_arguments(), capture_output=True, text=True, timeout=30)
        assert out.returncode == 25 and str(host.daemon.pid) in out.stderr, (out.returncode, out.stderr)
        host.status()


def test_a_damaged_book_is_not_believed():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=2 * MiB)
        host.stop_daemon()
        book = host.state / "nvdimmd.db"
        good = book.read_bytes()
        book.write_bytes(b"this is no database, whatever its name says" * 100)
        start_fails(host, 27, "nvdimmd.db")
        book.write_bytes(good[:5000])
        start_fails(host, 27, "nvdimmd.db")
        book.write_bytes(good)
        with sqlite3.connect(book) as db:
            db.execute("pragma user_version = 999")
        start_fails(host, 27, "newer")
        book.write_bytes(good)
        for extra in ("-wal", "-shm"):
            (host.state / f"nvdimmd.db{extra}").unlink(missing_ok=True)
        host.start_daemon()
        assert host.volume("v")["state"] == "ready"


def test_it_stops_when_told_and_leaves_what_is_mapped():
    with PoolHost() as host:
        host.call("CreateVolume", name="v", size=2 * MiB)
        host.sim("domain create", name="g")
        m = host.call("Map", domain="g", volume="v")["mapping"]
        fill(host, m, 4)
        assert host.kill_daemon(signal.SIGTERM) == 0
        assert same(host, m, 4)
        assert not host.socket.exists()
        host.start_daemon()
        assert host.volume("v")["mapping"]["state"] == "mapped"


def test_sighup_reads_the_configuration_again():
    with Host(config="deadline = 5s\n") as host:
        host.start()
        assert host.status()["hypervisor"]["deadline_ms"] == 5000
        host.config.write_text("deadline = 7s\n")
        host.daemon.send_signal(signal.SIGHUP)
        host.wait_for(lambda: host.status()["hypervisor"]["deadline_ms"] == 7000)
        host.config.write_text("deadline = 7s\nnonsense = 1\n")
        host.daemon.send_signal(signal.SIGHUP)
        host.wait_for(lambda: "nvdimmd.conf:2: no such option 'nonsense'" in host.daemon_log.read_text())
        assert host.status()["hypervisor"]["deadline_ms"] == 7000


def nvdimmd(*arguments):
    return subprocess.run([BUILD / "nvdimmd", *arguments], capture_output=True, text=True, timeout=30)


def test_check_config_names_file_and_line():
    with Host(config="# all well\nalignment = 3MiB\n") as host:
        out = nvdimmd("--check-config", "--config", host.config)
        assert out.returncode == 29 and f"{host.config}:2: alignment" in out.stderr, out
        host.config.write_text("alignment = 4MiB\n")
        out = nvdimmd("--check-config", "--config", host.config)
        assert out.returncode == 0 and "no errors" in out.stdout, out
        out = nvdimmd("--check-config", "--config", "/nowhere/at/all")
        assert out.returncode == 29 and "/nowhere/at/all" in out.stderr, out


def test_the_default_configuration_is_a_configuration():
    with Host() as host:
        host.config.write_text(nvdimmd("--default-config").stdout)
        assert nvdimmd("--check-config", "--config", host.config).returncode == 0


def test_wrong_usage_is_said():
    for arguments in (["--nonsense"], ["word"], ["--config"], ["--help=yes"]):
        out = nvdimmd(*arguments)
        assert out.returncode == 2 and out.stderr, (arguments, out)
    out = nvdimmd("--help")
    assert out.returncode == 0 and "--check-config" in out.stdout
    assert nvdimmd("--version").stdout.startswith("nvdimmd ")


def test_readiness_status_and_watchdog_are_told_to_systemd():
    import socket as so
    with Host() as host:
        host.start_sim()
        path = host.dir / "notify"
        s = so.socket(so.AF_UNIX, so.SOCK_DGRAM)
        s.bind(str(path))
        s.settimeout(20)
        os.environ["NOTIFY_SOCKET"] = str(path)
        os.environ["WATCHDOG_USEC"] = "400000"
        try:
            host.start_daemon()
            seen = ""
            end = time.monotonic() + 10
            while time.monotonic() < end and not all(w in seen for w in ("READY=1", "STATUS=", "WATCHDOG=1")):
                seen += s.recv(4096).decode() + "\n"
            assert "READY=1" in seen and "WATCHDOG=1" in seen and "waiting for a pool" in seen, seen
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]


def test_systemd_may_pass_the_socket():
    import socket as so
    with Host() as host:
        host.start_sim()
        listener = so.socket(so.AF_UNIX, so.SOCK_STREAM)
        listener.bind(str(host.socket))
        listener.listen(16)
        # As systemd does: descriptor 3, and the pid of who is to have it.
        os.dup2(listener.fileno(), 3) if listener.fileno() != 3 else None
        os.set_inheritable(3, True)
        host.daemon = subprocess.Popen(
            ["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", *map(str, host.daemon_arguments())],
            stdout=host.daemon_log.open("ab"), stderr=subprocess.STDOUT, close_fds=False)
        host.wait_for(lambda: host.status())
        host.kill_daemon(signal.SIGTERM)
        assert host.socket.exists(), "the socket is systemd's, and stays"
        os.close(3)


if __name__ == "__main__":
    run(globals())
