/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-sim-host.c - what guests see and what becomes of domains on the
 * simulated host, with the hypervisor's own core below.
 */
#include <string.h>

#include "tests/lib/cm.h"
#include "tests/lib/simcore.h"

#define MIB2 UINT64_C(512) /* frames */
#define GPA  (SIMCORE_GFN << 12)

static int setup(void **state)
{
	struct simcore *s = calloc(1, sizeof(*s));

	simcore_init(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	simcore_deinit(*state);
	free(*state);
	return 0;
}

static void test_what_the_guest_writes_is_on_the_dimm(void **state)
{
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1");
	char buf[16] = "";
	int64_t id;

	id = simcore_map(s, d, SIMCORE_MFN + MIB2, SIMCORE_GFN, 2 * MIB2, 0);
	assert_true(id > 0);
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN).order, 9);
	assert_int_equal(guest_write(d, GPA + 5, "hello", 5).end, GUEST_OK);
	assert_int_equal(pmem_read(s->pmem, SIMCORE_SPA + (2 << 20) + 5, buf, 5),
			 0);
	assert_string_equal(buf, "hello");
	assert_int_equal(simcore_unmap(s, (uint64_t)id), 0);
	assert_int_equal(guest_read(d, GPA + 5, buf, 5).holes, 5);
	assert_memory_equal(buf, "\xff\xff\xff\xff\xff", 5);
}

static void test_a_gigabyte_is_one_page_of_order_18(void **state)
{
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1");
	uint64_t mfn = SIMCORE_MFN, writes;

	writes = p2m_writes(d->p2m);
	assert_true(simcore_map(s, d, mfn, SIMCORE_GFN, 1 << 18, 0) > 0);
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN).order, 18);
	assert_true(p2m_writes(d->p2m) - writes < 4);
	/* A machine check splits it down to 4 KiB around the frame, no further. */
	simcore_mce(s, (mfn + 1000) << 12);
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN + 1000).type, P2M_MMIO_DM);
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN + 1001).order, 0);
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN + 1001).mfn, mfn + 1001);
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN + 1024).order, 9);
	simcore_resolve(s, 1, XEN_NVDIMM_RESOLVE_RESUME, 0);
}

static void test_what_the_guest_has_is_never_replaced(void **state)
{
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1");

	assert_int_equal(simcore_map(s, d, SIMCORE_MFN, 0, MIB2, 0), -EEXIST);
	assert_int_equal(p2m_get(d->p2m, 0).type, P2M_RAM);
	assert_int_equal(domain_occupy(d, SIMCORE_GFN + 700, 1), 0);
	assert_int_equal(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, 2 * MIB2,
				     0), -EEXIST);
	/* Nothing of the first half is left. */
	assert_int_equal(p2m_get(d->p2m, SIMCORE_GFN).type, P2M_MMIO_DM);
	assert_int_equal(domain_occupy(d, 0, 1), -EEXIST);
}

static void test_who_cannot_have_pmem_is_refused(void **state)
{
	struct domain_conf conf = domain_conf_default();
	struct simcore *s = *state;
	struct domain *pv, *shadow, *small, *dirty;

	conf.type = DOMAIN_PV;
	assert_int_equal(domain_create(&s->host, &conf, &pv), 0);
	conf.type = DOMAIN_HVM;
	conf.hap = false;
	assert_int_equal(domain_create(&s->host, &conf, &shadow), 0);
	conf.hap = true;
	conf.address_bits = 34;
	assert_int_equal(domain_create(&s->host, &conf, &small), 0);
	dirty = simcore_guest(s, "dirty");
	assert_int_equal(domain_log_dirty(dirty, true), 0);

	assert_int_equal(simcore_map(s, pv, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0),
			 -EOPNOTSUPP);
	assert_int_equal(simcore_map(s, shadow, SIMCORE_MFN, SIMCORE_GFN, MIB2,
				     0), -EOPNOTSUPP);
	assert_int_equal(simcore_map(s, small, SIMCORE_MFN, SIMCORE_GFN, MIB2,
				     0), -ERANGE);
	assert_int_equal(simcore_map(s, dirty, SIMCORE_MFN, SIMCORE_GFN, MIB2,
				     0), -EOPNOTSUPP);
	assert_int_equal(domain_log_dirty(dirty, false), 0);
	assert_true(simcore_map(s, dirty, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	assert_int_equal(domain_log_dirty(dirty, true), -EBUSY);
	assert_true(simcore_map(s, small, SIMCORE_MFN + MIB2,
				(1 << 22) - MIB2, MIB2, 0) > 0);
}

static void test_a_touch_of_a_broken_frame_holds_the_guest(void **state)
{
	struct xen_nvdimm_event ev[4];
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1"), *other;
	char c;

	other = simcore_guest(s, "g2");
	assert_true(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	simcore_mce(s, SIMCORE_SPA + 0x3000);
	assert_string_equal(domain_state_name(d), "held");
	assert_string_equal(domain_state_name(other), "running");
	assert_int_equal(guest_read(d, GPA, &c, 1).end, GUEST_STOPPED);
	assert_int_equal(simcore_events(s, 0, ev, 4), 1);
	assert_int_equal(ev[0].gfn, SIMCORE_GFN + 3);
	assert_int_equal(simcore_resolve(s, ev[0].seq, XEN_NVDIMM_RESOLVE_VMCE,
					 XEN_NVDIMM_KIND_SRAO), 0);
	assert_int_equal(simcore_resolve(s, ev[0].seq, XEN_NVDIMM_RESOLVE_VMCE,
					 XEN_NVDIMM_KIND_SRAO), -EALREADY);
	assert_string_equal(domain_state_name(d), "running");
	assert_int_equal(d->nr_vmces, 1);
	assert_int_equal(d->vmces[0].gpa >> 12, SIMCORE_GFN + 3);

	/* Beside it the guest reads; on it, it stops. */
	assert_int_equal(guest_read(d, GPA + 0x2fff, &c, 1).end, GUEST_OK);
	assert_int_equal(guest_read(d, GPA + 0x3010, &c, 1).end, GUEST_TRAPPED);
	assert_int_equal(simcore_events(s, ev[0].seq, ev, 4), 1);
	assert_int_equal(ev[0].type, XEN_NVDIMM_EVENT_TOUCH);
	assert_int_equal(ev[0].spa, SIMCORE_SPA + 0x3010);
	assert_int_equal(simcore_resolve(s, ev[0].seq, XEN_NVDIMM_RESOLVE_CRASH,
					 0), 0);
	assert_string_equal(domain_state_name(d), "shutdown");
	assert_int_equal(d->reason, DOMAIN_CRASH);
	simcore_work(s);
	assert_null(domain_lookup(&s->host, "g1"));
	assert_non_null(domain_lookup(&s->host, "g2"));
}

static void test_poison_that_is_mapped_is_consumed(void **state)
{
	struct xen_nvdimm_event ev[4];
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1");
	char c = 7;

	assert_true(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	assert_int_equal(pmem_poison(s->pmem, SIMCORE_SPA + 0x5000, 4096, true),
			 0);
	assert_int_equal(guest_read(d, GPA + 0x5008, &c, 1).end, GUEST_MCE);
	assert_int_equal(c, 7);
	assert_int_equal(simcore_events(s, 0, ev, 4), 1);
	assert_int_equal(ev[0].spa, SIMCORE_SPA + 0x5008);
	assert_true(ev[0].flags & XEN_NVDIMM_EVENTF_GUEST);
	assert_true(ev[0].flags & XEN_NVDIMM_EVENTF_HELD);
	simcore_resolve(s, ev[0].seq, XEN_NVDIMM_RESOLVE_RESUME, 0);
	assert_int_equal(guest_read(d, GPA + 0x5008, &c, 1).end, GUEST_TRAPPED);
}

static void test_a_guest_that_handles_none_gets_one_machine_check(void **state)
{
	struct domain_conf conf = domain_conf_default();
	struct xen_nvdimm_event ev[4];
	struct simcore *s = *state;
	struct domain *d;
	uint32_t i, n;

	conf.mcip_sticks = true;
	assert_int_equal(domain_create(&s->host, &conf, &d), 0);
	assert_true(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	simcore_mce(s, SIMCORE_SPA);
	simcore_mce(s, SIMCORE_SPA + 0x1000);
	n = simcore_events(s, 0, ev, 4);
	assert_int_equal(n, 2);
	for (i = 0; i < n; i++)
		assert_int_equal(simcore_resolve(s, ev[i].seq,
						 XEN_NVDIMM_RESOLVE_VMCE,
						 XEN_NVDIMM_KIND_SRAO), 0);
	simcore_work(s);
	assert_int_equal(d->nr_vmces, 1);
	domain_mcip_clear(d);
	assert_int_equal(d->nr_vmces, 2);
	assert_int_equal(d->vmces[1].gpa, GPA + 0x1000);
}

static void test_nobody_decides_and_the_deadline_does(void **state)
{
	struct xen_nvdimm_event ev[4];
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1");

	assert_true(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	simcore_mce(s, SIMCORE_SPA);
	host_advance(&s->host, UINT64_C(9990000000));
	assert_string_equal(domain_state_name(d), "held");
	host_advance(&s->host, UINT64_C(20000000));
	assert_string_equal(domain_state_name(d), "shutdown");
	simcore_work(s);
	assert_int_equal(simcore_events(s, 0, ev, 4), 3);
	assert_int_equal(ev[1].type, XEN_NVDIMM_EVENT_TIMEOUT);
	assert_int_equal(ev[2].type, XEN_NVDIMM_EVENT_RELEASED);
}

static void test_a_dying_domain_keeps_its_frames_until_released(void **state)
{
	struct xen_nvdimm_event ev[4];
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1"), *g2;
	uint32_t domid = d->domid;

	g2 = simcore_guest(s, "g2");
	assert_true(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	assert_int_equal(domain_destroy(d, 0), 0);
	simcore_work(s);
	assert_int_equal(simcore_map(s, d, SIMCORE_MFN + MIB2, SIMCORE_GFN,
				     MIB2, 0), -ESRCH);
	assert_int_equal(simcore_map(s, g2, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0),
			 -EBUSY);
	assert_int_equal(domain_release(d, 1), 0);
	simcore_work(s);
	assert_null(d->p2m);
	assert_int_equal(simcore_events(s, 0, ev, 4), 0);
	assert_int_equal(simcore_map(s, g2, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0),
			 -EBUSY);
	assert_int_equal(domain_release(d, DOMAIN_RUN_ALL), 0);
	simcore_work(s);
	assert_null(domain_find(&s->host, domid));
	assert_int_equal(simcore_events(s, 0, ev, 4), 1);
	assert_int_equal(ev[0].type, XEN_NVDIMM_EVENT_RELEASED);
	assert_true(simcore_map(s, g2, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
}

static void test_a_number_used_again_is_another_domain(void **state)
{
	struct domain_conf conf = domain_conf_default();
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1"), *again;
	struct domain old = *d;

	assert_int_equal(domain_destroy(d, DOMAIN_RUN_ALL), 0);
	simcore_work(s);
	conf.domid = old.domid;
	assert_int_equal(domain_create(&s->host, &conf, &again), 0);
	assert_int_equal(again->domid, old.domid);
	assert_int_equal(simcore_map(s, &old, SIMCORE_MFN, SIMCORE_GFN, MIB2,
				     0), -ESRCH);
	assert_true(simcore_map(s, again, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
}

static void test_a_reboot_is_a_new_domain_with_the_same_name(void **state)
{
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1"), *n;
	struct nv_uuid uuid = d->conf.uuid;
	uint32_t domid = d->domid;

	assert_int_equal(domain_shutdown(d, DOMAIN_REBOOT), 0);
	assert_int_equal(domain_shutdown(d, DOMAIN_REBOOT), -EALREADY);
	simcore_work(s);
	n = domain_lookup(&s->host, "g1");
	assert_non_null(n);
	assert_int_not_equal(n->domid, domid);
	assert_true(nv_uuid_equal(&n->conf.uuid, &uuid));
	assert_true(domain_runs(n));
}

static void test_scrubbed_frames_read_as_zeroes(void **state)
{
	struct xen_nvdimm_scrub scrub = { .mfn = SIMCORE_MFN, .nr = 3 * MIB2 };
	static const char zeroes[4096];
	struct simcore *s = *state;
	char buf[4096];

	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(pmem_write(s->pmem, SIMCORE_SPA + (5 << 20), buf,
				    sizeof(buf)), 0);
	assert_int_equal(simcore_op(s, XEN_NVDIMM_scrub, &scrub, sizeof(scrub)),
			 0);
	assert_int_equal(pmem_read(s->pmem, SIMCORE_SPA + (5 << 20), buf,
				   sizeof(buf)), 0);
	assert_memory_equal(buf, zeroes, sizeof(buf));
}

static void test_without_memory_for_a_split_the_guest_is_crashed(void **state)
{
	struct fault f = { .where = FAULT_TABLE, .error = ENOMEM,
			   .times = 100 };
	struct xen_nvdimm_event ev[4];
	struct simcore *s = *state;
	struct domain *d = simcore_guest(s, "g1");

	assert_true(simcore_map(s, d, SIMCORE_MFN, SIMCORE_GFN, MIB2, 0) > 0);
	assert_true(faults_add(&s->host.faults, &f) > 0);
	simcore_mce(s, SIMCORE_SPA);
	assert_int_equal(simcore_events(s, 0, ev, 4), 1);
	assert_true(ev[0].flags & XEN_NVDIMM_EVENTF_CRASHED);
	assert_string_equal(domain_state_name(d), "shutdown");
}

static void test_ram_reaches_above_the_hole_below_4_gib(void **state)
{
	struct domain_conf conf = domain_conf_default();
	struct simcore *s = *state;
	struct domain *d;
	char c = 'x';

	conf.memory = UINT64_C(5) << 30;
	assert_int_equal(domain_create(&s->host, &conf, &d), 0);
	assert_int_equal(guest_write(d, UINT64_C(5) << 30, &c, 1).holes, 0);
	c = 0;
	assert_int_equal(guest_read(d, UINT64_C(5) << 30, &c, 1).holes, 0);
	assert_int_equal(c, 'x');
	assert_int_equal(guest_read(d, 0xf0000000, &c, 1).holes, 1);
	assert_int_equal(p2m_get(d->p2m, 1 << 20).order, 18);
	conf.memory = UINT64_C(1) << 50;
	assert_int_equal(domain_create(&s->host, &conf, &d), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_what_the_guest_writes_is_on_the_dimm),
		T(test_a_gigabyte_is_one_page_of_order_18),
		T(test_what_the_guest_has_is_never_replaced),
		T(test_who_cannot_have_pmem_is_refused),
		T(test_a_touch_of_a_broken_frame_holds_the_guest),
		T(test_poison_that_is_mapped_is_consumed),
		T(test_a_guest_that_handles_none_gets_one_machine_check),
		T(test_nobody_decides_and_the_deadline_does),
		T(test_a_dying_domain_keeps_its_frames_until_released),
		T(test_a_number_used_again_is_another_domain),
		T(test_a_reboot_is_a_new_domain_with_the_same_name),
		T(test_scrubbed_frames_read_as_zeroes),
		T(test_without_memory_for_a_split_the_guest_is_crashed),
		T(test_ram_reaches_above_the_hole_below_4_gib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
