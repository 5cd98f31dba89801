# SPDX-License-Identifier: LGPL-2.1-or-later
"""nvctl against the running daemon: text, JSON, exit statuses, terminals."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import BUILD, MiB, Host, run

U1 = "11111111-2222-3333-4444-000000000001"


class Nvctl:
    def __init__(self, host):
        self.host = host
        self.env = {"PATH": os.environ["PATH"], "NVDIMMD_SOCKET": str(host.socket), "LC_ALL": "C.UTF-8"}

    def raw(self, *words, env=None, stdin=subprocess.DEVNULL):
        return subprocess.run([BUILD / "nvctl", *words], env={**self.env, **(env or {})}, stdin=stdin,
                              capture_output=True, timeout=60)

    def text(self, *words, code=0):
        p = self.raw(*words)
        assert p.returncode == code, f"nvctl {words}: {p.returncode}, not {code}: {p.stdout + p.stderr}"
        return (p.stdout + p.stderr).decode()

    def json(self, *words, code=0):
        p = self.raw("--json", *words)
        assert p.returncode == code, f"nvctl {words}: {p.returncode}, not {code}: {p.stdout + p.stderr}"
        assert p.stderr == b"", p.stderr
        envelope = json.loads(p.stdout)
        assert envelope["api"] == 1
        assert set(envelope) == {"api", "verb", "error" if code else "result"}, envelope
        if code:
            assert envelope["error"]["code"] == code and envelope["error"]["message"], envelope
        return envelope["error" if code else "result"]

    def tty(self, *words, answer=None, env=None, seconds=20):
        """On a terminal of its own; what it printed, and its exit status."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(BUILD / "nvctl", ["nvctl", *words], {**self.env, "TERM": "xterm", **(env or {})})
        out, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([fd], [], [], 0.1)[0]:
                if answer is not None and b"[y/N]" in out:
                    os.write(fd, answer)
                    answer = None
                continue
            try:
                data = os.read(fd, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
        return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


_shared = {}


def shared():
    if not _shared:
        host = Host()
        host.start()
        host.call("AddPool", device="namespace0.0", name="fast")
        host.call("CreateVolume", name="v", size=8 * MiB, owner="name:g1")
        host.sim("domain create", name="g1", uuid=U1)
        _shared["host"], _shared["nvctl"] = host, Nvctl(host)
    return _shared["host"], _shared["nvctl"]


def test_without_a_daemon_the_status_is_5_and_says_what_to_do():
    with Host() as host:
        n = Nvctl(host)
        out = n.text("status", code=5)
        assert "nvdimmd is not running" in out and "systemctl start nvdimmd" in out
        assert n.json("volume", "list", code=5)["name"] == "NotRunning"
        n.text("version", code=5)
        n.text("--version")
        n.text("monitor", code=5)


def test_wrong_words_are_2_and_name_the_word():
    _, n = shared()
    for words, says in [
        (["frobnicate"], "there is no verb 'frobnicate'"),
        (["volume"], "there is no verb 'volume'"),
        (["volume", "create", "x"], "SIZE is missing"),
        (["volume", "create", "x", "4Q"], "SIZE '4Q' is none"),
        (["volume", "create", "x", "16E"], "SIZE '16E' is too large"),
        (["volume", "create", "x", "1G", "--keep"], "--keep needs --at"),
        (["volume", "create", "x", "1G", "--nonsense"], "has no option --nonsense"),
        (["volume", "create", "x", "1G", "--pool"], "--pool needs a value"),
        (["volume", "list", "x"], "a word too many: 'x'"),
        (["map", "v"], "DOMAIN is missing"),
        (["map", "--pool", "fast", "g1"], "needs --pool, --offset and --size"),
        (["map", "--pool=fast", "--offset=0", "--size=2M", "v", "g1"], "only DOMAIN"),
        (["unmap"], "say what to unmap"),
        (["unmap", "--map-id", "0"], "is no map id"),
        (["volume", "owner", "v"], "give either an owner"),
        (["events", "--since", "yesterday"], "is no time"),
        (["events", "--limit", "1001"], "is no number"),
        (["volume", "rename", "v", ""], "NAME is empty"),
    ]:
        out = n.text(*words, code=2)
        assert says in out, f"{words}: {out}"
        assert n.json(*words, code=2)["name"] == "Usage"


def test_refusals_exit_with_their_code():
    _, n = shared()
    assert "there is no volume 'nope'" in n.text("volume", "show", "nope", code=7)
    n.text("pool", "release", "nope", code=6)
    n.text("map", "v", "nope", code=8)
    n.text("unmap", "v", code=10)
    n.text("volume", "create", "v", "2M", code=11)
    n.text("volume", "create", "no/slash", "2M", code=12)
    n.text("volume", "create", "w", "3M", code=13)
    n.text("volume", "create", "w", "1T", code=15)
    assert n.json("volume", "show", "nope", code=7)["hint"]


def test_every_verb_has_its_json():
    host, n = shared()
    assert n.json("status")["status"]["api"] == 1
    assert n.json()["status"]["pools"][0]["name"] == "fast"
    assert set(n.json("pool", "list")) == {"pools", "candidates"}
    assert n.json("pool", "add", "namespace0.1")["pool"]["device"] == "namespace0.1"
    assert n.json("pool", "release", "namespace0.1") == {}
    r = n.json("volume", "create", "j", "4M")
    assert r["finished"] and r["volume"]["size"] == 4 * MiB
    assert n.json("volume", "show", "j")["volume"]["name"] == "j"
    assert n.json("volume", "resize", "j", "8M")["volume"]["size"] == 8 * MiB
    assert n.json("volume", "rename", "j", "k")["volume"]["name"] == "k"
    assert n.json("volume", "owner", "k", "uuid:" + U1)["volume"]["owner"] == "uuid:" + U1
    assert "owner" not in n.json("volume", "owner", "k", "--none")["volume"]
    assert [v["name"] for v in n.json("volume", "list")["volumes"]].count("k") == 1
    m = n.json("map", "k", "g1")["mapping"]
    assert m["volume"] == "k" and m["map_ids"][0].startswith("0x")
    assert n.json("unmap", "g1", hex(m["gpa"])) == {"finished": True}
    m = n.json("map", "k", "g1", "--gpa", hex(m["gpa"]))["mapping"]
    assert n.json("unmap", "--map-id", m["map_ids"][0]) == {"finished": True}
    m = n.json("map", "--pool", "fast", "--offset", "128M", "--size", "2M", "g1")["mapping"]
    assert "volume" not in m and m["size"] == 2 * MiB
    n.json("unmap", str(m["domid"]), hex(m["gpa"]))
    assert n.json("volume", "delete", "k") == {"finished": True}
    assert set(n.json("events")) == {"events", "more"}
    assert len(n.json("events", "-n", "2")["events"]) == 2
    assert set(n.json("version")) == {"nvctl", "nvdimmd", "api"}
    book = host.dir / "copy.db"
    r = n.json("backup", book)
    assert r == {"file": str(book), "bytes": book.stat().st_size}
    assert n.json("restore", book) == r


def test_why_finds_a_place_however_it_is_said():
    host, n = shared()
    n.text("volume", "create", "w", "4M")
    m = n.json("map", "w", "g1")["mapping"]
    spa, gpa = m["spa"] + 0x5000, m["gpa"] + 0x5000
    answers = [n.json("why", place) for place in (hex(spa), "w+0x5000", f"g1:{gpa:#x}")]
    assert answers[0] == answers[1] == answers[2], answers
    place = answers[0]["place"]
    assert place["volume"] == "w" and place["volume_offset"] == 0x5000 and place["gpa"] == gpa
    assert place["spa"] == spa and place["size"] == 4096 and answers[0]["state"] == "mapped"
    host.sim("mce", spa=spa, kind="srao")
    host.wait_for(lambda: n.json("why", "w+0x5000")["bad"] == 4096)
    told = n.json("why", "w+0x5000")["events"]
    assert any(e["kind"].startswith("fault") for e in told), told
    assert n.json("why", "w+0x6000")["bad"] == 0
    assert n.json("why", "w")["bad"] == 4096 and n.json("why", "w")["place"]["size"] == 4 * MiB
    n.text("unmap", "w")
    assert n.json("why", "w+0x5000")["state"] == "kept"
    assert "4 KiB" in n.text("why", "w") and "bad" in n.text("why", "w")
    n.text("volume", "delete", "w")
    assert n.json("why", hex(spa))["state"] == "free"
    assert n.json("why", "0")["state"] == "elsewhere"
    n.text("why", "v+1T", code=13)
    n.text("why", "nope", code=7)
    n.text("why", "g1:0x1000", code=10)
    n.text("why", "nobody:0x1000", code=8)


def test_offline_takes_a_page_from_whoever_has_it():
    host, n = shared()
    n.text("volume", "create", "o", "4M")
    assert n.json("offline", "o+0x3000")["bad"] == 4096
    assert n.json("volume", "show", "o")["volume"]["bad"] == 4096
    assert n.json("offline", "o+0x3000", code=22)["name"] == "BrokenRange"
    assert n.json("why", "o+0x3000")["events"][-1]["kind"] == "offline"

    m = n.json("map", "o", "g1")["mapping"]
    before = host.sim("guest mce", dom="g1").get("machine_checks", [])
    assert n.json("offline", f"g1:{m['gpa'] + 0x10000:#x}", "--size", "8K")["state"] == "mapped"
    host.wait_for(lambda: n.json("volume", "show", "o")["volume"]["bad"] == 3 * 4096)
    host.wait_for(lambda: len(host.sim("guest mce", dom="g1").get("machine_checks", [])) > len(before))
    n.text("unmap", "o")
    host.restart_daemon()
    assert n.json("volume", "show", "o")["volume"]["bad"] == 3 * 4096

    n.text("offline", "o", code=3)
    n.text("offline", "0x1000", code=9)
    n.text("offline", "o+0x3ff000", "--size", "8K", code=13)
    out, code = n.tty("offline", "o+0x20000", answer=b"n\n")
    assert code == 1 and "[y/N]" in out and n.json("why", "o+0x20000")["bad"] == 0
    n.text("volume", "delete", "o")


def test_a_backup_brings_back_what_was_deleted():
    host, n = shared()
    n.text("volume", "create", "saved", "4M")
    copy = host.dir / "saved.db"
    n.text("backup", copy)
    n.text("volume", "delete", "saved", "--no-scrub")
    n.text("volume", "show", "saved", code=7)
    n.text("restore", copy)
    assert "saved" in n.text("volume", "list")
    n.text("volume", "delete", "saved")


def test_what_is_no_backup_is_refused_and_changes_nothing():
    host, n = shared()
    before = n.json("volume", "list")
    for name, content in [("empty", b""), ("text", b"hello" * 1000), ("cut", None)]:
        path = host.dir / name
        if content is None:
            n.text("backup", path)
            content = path.read_bytes()[:-4096]
        path.write_bytes(content)
        n.text("restore", path, code=37)
        assert n.json("volume", "list") == before
    n.text("restore", host.dir / "missing", code=1)


def test_colours_are_for_terminals_that_want_them():
    _, n = shared()
    assert "\033[" not in n.text("status")
    out, code = n.tty("status")
    assert code == 0 and "\033[32m" in out and "█" in out or "░" in out
    assert "\033[" not in n.tty("status", env={"NO_COLOR": "1"})[0]
    assert "\033[" in n.tty("status", env={"NO_COLOR": ""})[0]
    assert "\033[" not in n.tty("status", env={"TERM": "dumb"})[0]
    ascii_only = n.tty("status", env={"LC_ALL": "C"})[0]
    assert ascii_only.isascii() and ". free" in ascii_only.replace("\033[2m", "").replace("\033[0m", "")


def test_tables_fit_the_terminal():
    _, n = shared()
    n.text("volume", "create", "a-name-as-long-as-the-rule-allows-a-name-to-be-which-is-63-bytes", "2M", code=12)
    n.text("volume", "create", "a-name-as-long-as-the-rule-allows-a-name-to-be-that-is-63-bytes", "2M")
    for columns in (60, 80, 120):
        out, _ = n.tty("volume", "list", env={"COLUMNS": str(columns), "NO_COLOR": "1"})
        assert max(len(line) for line in out.splitlines()) <= columns, out
    n.text("volume", "delete", "a-name-as-long-as-the-rule-allows-a-name-to-be-that-is-63-bytes")


def test_a_person_is_asked_before_a_volume_is_lost_a_script_is_not():
    _, n = shared()
    n.text("volume", "create", "dear", "4M")
    out, code = n.tty("volume", "delete", "dear", answer=b"\n")
    assert "Zero 4 MiB of volume dear" in out and "nothing was done" in out and code == 1, out
    assert "dear" in n.text("volume", "list")
    out, code = n.tty("volume", "delete", "dear", answer=b"y\n")
    assert code == 0 and "is deleted" in out, out
    n.text("volume", "create", "dear", "4M")
    out, code = n.tty("volume", "delete", "dear", "--yes")
    assert code == 0 and "[y/N]" not in out
    n.text("volume", "create", "dear", "4M")
    assert "is deleted" in n.text("volume", "delete", "dear")


def test_shrinking_asks_growing_does_not():
    _, n = shared()
    n.text("volume", "create", "size", "4M")
    assert "[y/N]" not in n.tty("volume", "resize", "size", "8M")[0]
    out, code = n.tty("volume", "resize", "size", "2M", answer=b"n\n")
    assert "Zero the last 6 MiB" in out and code == 1
    assert n.json("volume", "show", "size")["volume"]["size"] == 8 * MiB
    n.text("volume", "delete", "size")


def test_hostile_words_come_back_as_letters():
    _, n = shared()
    evil = "evil\033]0;x\007\u009b\u202e"
    for words, code in ([[evil], 2], [["volume", "show", evil], 3], [["volume", "create", "x", evil], 2],
                        [["map", "v", "\u00e4\u202f"], 8], [["restore", "/nonexistent/" + evil], 1]):
        for out in (n.text(*words, code=code), n.tty(*words, env={"NO_COLOR": "1"})[0]):
            assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", out), repr(out)
        out = n.raw("--json", *words).stdout.decode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out), repr(out)
    assert "evil\\x1b]0;x\\x07\\u009b\\u202e" in n.text(evil, code=2)


def test_monitor_goes_on_after_the_daemon_s_restart():
    with Host() as host:
        host.start()
        n = Nvctl(host)
        p = subprocess.Popen([BUILD / "nvctl", "--json", "monitor", "--after", "0"], env=n.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        seen = []

        def until(word):
            while not seen or word not in seen[-1]["result"]["event"]["text"]:
                line = p.stdout.readline()
                assert line, p.stderr.read()
                seen.append(json.loads(line))

        host.call("AddPool", device="namespace0.0", name="fast")
        host.call("CreateVolume", name="one", size=2 * MiB)
        until("one")
        host.restart_daemon()
        host.call("CreateVolume", name="two", size=2 * MiB)
        until("two")
        p.terminate()
        ids = [e["result"]["event"]["id"] for e in seen]
        assert ids == list(range(ids[0], ids[0] + len(ids))), ids
        assert b"waiting for it" in p.stderr.read()


def test_a_daemon_that_hangs_is_told_of():
    with Host() as host:
        host.start()
        n = Nvctl(host)
        host.daemon.send_signal(signal.SIGSTOP)
        p = subprocess.Popen([BUILD / "nvctl", "status"], env=n.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert b"no answer from nvdimmd yet" in p.stderr.readline()
        host.daemon.send_signal(signal.SIGCONT)
        assert b"nvdimmd" in p.communicate(timeout=30)[0] and p.returncode == 0


def test_names_are_completed():
    _, n = shared()
    assert n.text("completion", "volumes").split() == sorted(n.text("completion", "volumes").split())
    assert "v" in n.text("completion", "volumes").split()
    assert "fast" in n.text("completion", "pools").split()
    assert "namespace0.1" in n.text("completion", "devices").split()


try:
    run(dict(globals()))
finally:
    if _shared:
        _shared["host"].__exit__(None, None, None)
