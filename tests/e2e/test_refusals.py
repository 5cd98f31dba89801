# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: each gets its clear error, and nothing has changed."""
import sys

sys.path.insert(0, sys.path[0] + "/../lib")
from e2e import MiB, PAGE, Host, refused, run

U1 = "11111111-2222-3333-4444-000000000001"


class Shared:
    """One host for all refusals: none of them may change anything."""

    host = None

    @classmethod
    def get(cls):
        if not cls.host:
            h = cls.host = Host()
            h.start()
            h.call("AddPool", device="namespace0.0", name="fast")
            h.call("CreateVolume", name="v", size=8 * MiB)
            h.call("CreateVolume", name="mapped", size=8 * MiB, owner="name:g1")
            h.call("CreateVolume", name="owned", size=2 * MiB, owner="uuid:11111111-2222-3333-4444-00000000000f")
            h.sim("domain create", name="g1", uuid=U1)
            h.sim("domain create", name="g2")
            h.sim("domain create", name="pv", type="pv")
            h.sim("domain create", name="shadow", no_hap=True)
            h.sim("domain create", name="small", address_bits=36)
            h.call("Map", domain="g1", volume="mapped")
        return cls.host


def no(error, says, method, /, **parameters):
    """Refused with this error and these words, a next step, and no change."""
    host = Shared.get()
    before = picture(host)
    r = refused(error, host.call, method, **parameters)
    assert says in r.message, f"{error} says \"{r.message}\", not \"{says}\""
    assert r.hint and 3 <= r.code < 64
    after = picture(host)
    assert before == after, f"{method} {parameters} was refused and yet changed something:\n{before}\n{after}"
    return r


def picture(host):
    status = host.status()
    return status["pools"], status["mappings"], host.volumes(), status["hypervisor"]["extents"]


def test_a_size_of_zero():
    no("BadSize", "0", "CreateVolume", name="n", size=0)


def test_a_size_that_is_huge():
    no("NoSpace", "largest", "CreateVolume", name="n", size=1 << 50)


def test_a_size_beyond_every_address():
    host = Shared.get()
    before = picture(host)
    try:
        host.call("CreateVolume", name="n", size=(1 << 63) - 1)
    except Exception as e:
        assert "BadSize" in str(e) or "NoSpace" in str(e), e
    else:
        raise AssertionError("accepted")
    assert picture(host) == before


def test_an_unaligned_size_names_the_nearest():
    r = no("BadSize", "", "CreateVolume", name="n", size=3 * MiB)
    assert "2 MiB" in r.message and "4 MiB" in r.message, r.message
    r = no("BadSize", "", "CreateVolume", name="n", size=2 * MiB + 1)
    assert "2 MiB" in r.message and "4 MiB" in r.message, r.message


def test_no_space_says_the_largest_free_extent():
    r = no("NoSpace", "", "CreateVolume", name="n", size=190 * MiB)
    assert "174 MiB" in r.message, r.message


def test_an_alignment_that_no_page_has():
    no("BadAlignment", "", "CreateVolume", name="n", size=2 * MiB, align=8192)


def test_an_unknown_pool():
    no("NoSuchPool", "slow", "CreateVolume", name="n", size=2 * MiB, pool="slow")
    no("NoSuchPool", "slow", "ReleasePool", pool="slow")


def test_an_unknown_volume():
    no("NoSuchVolume", "nix", "Map", domain="g1", volume="nix")
    no("NoSuchVolume", "nix", "DeleteVolume", volume="nix")
    no("NoSuchVolume", "nix", "Unmap", volume="nix")
    no("NoSuchVolume", "nix", "ResizeVolume", volume="nix", size=2 * MiB)
    no("NoSuchVolume", "nix", "RenameVolume", volume="nix", name="other")


def test_an_unknown_domain():
    no("NoSuchDomain", "nobody", "Map", domain="nobody", volume="v")
    no("NoSuchDomain", "4242", "Map", domain="4242", volume="v")
    no("NoSuchDomain", "00000000-0000", "Map", domain="00000000-0000-4000-8000-000000000009", volume="v")


def test_an_unknown_namespace():
    no("NoSuchRegion", "namespace7.0", "AddPool", device="namespace7.0")


def test_a_namespace_that_is_a_pool_already():
    no("AlreadyExists", "", "AddPool", device="namespace0.0", name="again")


def test_a_pool_with_volumes_is_not_released():
    no("PoolInUse", "", "ReleasePool", pool="fast")


def test_duplicate_names():
    no("AlreadyExists", "v", "CreateVolume", name="v", size=2 * MiB)
    no("AlreadyExists", "mapped", "RenameVolume", volume="v", name="mapped")


def test_names_with_odd_bytes():
    for name in ("", "a b", "-x", ".x", "a/b", "ä", "x" * 64, "a\u200bb", "a\\b", "a'b"):
        host = Shared.get()
        before = picture(host)
        try:
            host.call("CreateVolume", name=name, size=2 * MiB)
        except Exception as e:
            assert any(w in str(e) for w in ("BadName", "BadRequest", "InvalidParameter")), (name, e)
        else:
            raise AssertionError(f"{name!r} was accepted")
        assert picture(host) == before


def test_a_guest_address_over_ram():
    no("GuestAddressOccupied", "0x200000", "Map", domain="g1", volume="v", gpa=2 * MiB)


def test_a_guest_address_that_another_mapping_has():
    gpa = Shared.get().volume("mapped")["mapping"]["gpa"]
    no("GuestAddressOccupied", "", "Map", domain="g1", volume="v", gpa=gpa)


def test_a_guest_address_that_is_not_aligned():
    no("BadAlignment", "", "Map", domain="g1", volume="v", gpa=1 << 40 | PAGE)
    no("BadAlignment", "", "Map", domain="g1", volume="v", gpa=(1 << 40) + 1)


def test_a_guest_address_above_the_limit():
    no("GuestAddressLimit", "", "Map", domain="small", volume="v", gpa=1 << 36)
    no("GuestAddressLimit", "", "Map", domain="small", volume="v", gpa=(1 << 36) - 2 * MiB)
    no("GuestAddressLimit", "", "Map", domain="g1", volume="v", gpa=(1 << 62))


def test_mapping_twice():
    no("AlreadyMapped", "", "Map", domain="g1", volume="mapped")
    no("AlreadyMapped", "", "Map", domain="g2", volume="mapped", force_owner=True)


def test_unmapping_what_is_not_mapped():
    no("NotMapped", "v", "Unmap", volume="v")
    no("NotMapped", "99", "Unmap", map_id="0x63")
    no("NotMapped", "", "Unmap", domain="g1", gpa=1 << 41)


def test_another_guest_is_refused():
    r = no("NotOwner", "", "Map", domain="g2", volume="owned")
    assert "uuid" in (r.message + r.hint)


def test_a_domain_that_cannot_have_it():
    no("UnsuitableDomain", "pv", "Map", domain="pv", volume="v")
    no("UnsuitableDomain", "shadow", "Map", domain="shadow", volume="v")


def test_a_mapped_volume_is_neither_deleted_nor_resized():
    no("VolumeBusy", "g1", "DeleteVolume", volume="mapped")
    no("VolumeBusy", "g1", "ResizeVolume", volume="mapped", size=16 * MiB)


def test_a_bare_range_that_is_not_free():
    no("PoolInUse", "", "Map", domain="g1", pool="fast", offset=0, size=2 * MiB)


def test_a_bare_range_outside_the_pool():
    host = Shared.get()
    before = picture(host)
    for offset, size in ((192 * MiB, 2 * MiB), (190 * MiB, 4 * MiB), (1 << 62, 2 * MiB)):
        try:
            host.call("Map", domain="g1", pool="fast", offset=offset, size=size)
        except Exception as e:
            assert any(w in str(e) for w in ("NoSuchRegion", "BadSize")), e
        else:
            raise AssertionError("accepted")
    assert picture(host) == before


def test_a_bare_range_that_is_not_aligned():
    no("BadAlignment", "", "Map", domain="g1", pool="fast", offset=100 * MiB + 5, size=2 * MiB)
    no("BadSize", "", "Map", domain="g1", pool="fast", offset=100 * MiB, size=5)
    no("BadSize", "", "Map", domain="g1", pool="fast", offset=100 * MiB, size=0)


def test_keeping_bytes_needs_a_place():
    no("BadRequest", "at", "CreateVolume", name="n", size=2 * MiB, keep=True)
    no("BadRequest", "pool", "CreateVolume", name="n", size=2 * MiB, at=0)


def test_a_place_that_is_taken():
    no("NoSpace", "", "CreateVolume", name="n", size=2 * MiB, pool="fast", at=0)


def test_an_owner_that_is_none():
    no("BadName", "", "CreateVolume", name="n", size=2 * MiB, owner="somebody")
    no("BadName", "", "SetVolumeOwner", volume="v", owner="uuid:xyz")


def test_a_dying_domain():
    host = Shared.get()
    host.sim("domain create", name="dying")
    m = host.call("Map", domain="dying", volume="v")["mapping"]
    host.sim("domain destroy", dom="dying", stepwise=True)
    host.call("CreateVolume", name="w", size=2 * MiB)
    no("DomainDying", "dying", "Map", domain=str(m["domid"]), volume="w")
    host.sim("domain release", dom=str(m["domid"]))
    host.wait_for(lambda: "mapping" not in host.volume("v"))


if __name__ == "__main__":
    try:
        run(globals())
    finally:
        if Shared.host:
            Shared.host.__exit__(None, None, None)
