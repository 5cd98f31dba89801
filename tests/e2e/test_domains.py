# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains of Xen by the names that they have in a real xenstored (tests/contract/map-into.c)."""
import subprocess
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import BUILD
from hosts import run_with_xenstore
from xenstore import Xenstored


def map_into(store, name, *domids):
    p = subprocess.run([BUILD / "tests/contract/map-into", store.socket, name, *map(str, domids)],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    return p.stdout.strip()


def answered(says, *question):
    answer = map_into(*question)
    assert answer == says, answer


def test_domain_0_is_refused_for_what_it_is():
    with Xenstored() as store:
        xs = store.connect()
        store.home(xs, 0, "Domain-0")
        store.domain(xs, 5, "g1")
        answered("Domain-0 (domain 0) is a PV guest", store, "Domain-0", 0, 5)


def test_a_guest_is_found_by_its_name_and_nobody_else_by_that():
    with Xenstored() as store:
        xs = store.connect()
        store.domain(xs, 5, "g1")
        answered("mapped", store, "g1", 0, 5)
        answered('there is no domain "g2"', store, "g2", 0, 5)


run_with_xenstore(dict(globals()))
