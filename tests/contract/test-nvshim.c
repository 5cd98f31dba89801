/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-nvshim.c - what libnvshim's callers may rely on, whatever is below it.
 *
 * Starts nvdimm-sim; with NVSHIM_WHERE=xen it asks the hypervisor instead, in a
 * control domain where nothing is mapped. NVSHIM_MFN and NVSHIM_NR then name
 * the frames of a region.
 */
#include "shim-hypercall/lib/nvshim.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/cm.h"
#include "tests/lib/simhost.h"

struct fixture {
	struct simhost sim;
	bool simulated;
	char where[128];
	uint64_t mfn, nr;
	struct nvshim *s;
	struct xen_nvdimm_info info;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *where = getenv("NVSHIM_WHERE");
	char sentence[256] = "";

	f->simulated = !where;
	f->mfn = 0x140000;
	f->nr = 0x10000;
	if (where) {
		snprintf(f->where, sizeof(f->where), "%s", where);
		if (getenv("NVSHIM_MFN"))
			f->mfn = strtoull(getenv("NVSHIM_MFN"), NULL, 0);
		if (getenv("NVSHIM_NR"))
			f->nr = strtoull(getenv("NVSHIM_NR"), NULL, 0);
	} else {
		simhost_start(&f->sim, simhost_topology);
		snprintf(f->where, sizeof(f->where), "%s", f->sim.where);
	}
	assert_int_equal(nvshim_open(f->where, &f->s), 0);
	assert_int_equal(nvshim_hello(f->s, &f->info, sentence,
				      sizeof(sentence)), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nvshim_close(f->s);
	if (f->simulated)
		simhost_stop(&f->sim);
	free(f);
	return 0;
}

static long range_op(struct fixture *f, uint32_t cmd)
{
	struct xen_nvdimm_range r = { .mfn = f->mfn, .nr = f->nr };
	long e;

	do
		e = nvshim_op(f->s, cmd, &r, sizeof(r));
	while (e == XEN_NVDIMM_MORE);
	return e;
}

static void test_hello_tells_who_answers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->info.magic, XEN_NVDIMM_MAGIC);
	assert_int_equal(f->info.version, XEN_NVDIMM_VERSION);
	assert_int_not_equal(f->info.boot_id, 0);
	assert_int_equal(!!(f->info.caps & XEN_NVDIMM_CAP_SIM), f->simulated);
}

static void test_what_is_no_operation_is_refused(void **state)
{
	static _Alignas(8) char big[XEN_NVDIMM_MAX_ARG + 8];
	struct fixture *f = *state;
	struct xen_nvdimm_range r = { 0 };
	struct xen_nvdimm_info info;

	assert_int_equal(nvshim_op(f->s, 4711, &r, sizeof(r)), -ENOSYS);
	assert_int_equal(nvshim_op(f->s, XEN_NVDIMM_get_info, &info,
				   sizeof(info) - 8), -EINVAL);
	assert_int_equal(nvshim_op(f->s, XEN_NVDIMM_get_info, big,
				   sizeof(big)), -EINVAL);
	assert_int_equal(nvshim_op(f->s, XEN_NVDIMM_get_info, big, 0),
			 -EINVAL);
	/* And none of this has hurt. */
	assert_int_equal(nvshim_op(f->s, XEN_NVDIMM_get_info, &info,
				   sizeof(info)), 0);
}

static void test_a_region_is_listed_as_registered(void **state)
{
	struct {
		struct xen_nvdimm_list l;
		struct xen_nvdimm_record rec[4];
	} a = { .l = { .kind = XEN_NVDIMM_LIST_regions, .nr = 4 } };
	struct fixture *f = *state;

	assert_int_equal(range_op(f, XEN_NVDIMM_register), 0);
	assert_int_equal(range_op(f, XEN_NVDIMM_register), 0);
	assert_int_equal(range_op(f, XEN_NVDIMM_arm), 0);
	while (nvshim_op(f->s, XEN_NVDIMM_list, &a, sizeof(a)) > 0)
		;
	assert_int_equal(a.l.nr, 1);
	assert_int_equal(a.l.cursor, XEN_NVDIMM_LIST_END);
	assert_int_equal(a.rec[0].mfn, f->mfn);
	assert_int_equal(a.rec[0].nr, f->nr);
	assert_int_equal(a.rec[0].state, 1);
	assert_int_equal(range_op(f, XEN_NVDIMM_unregister), 0);
	assert_int_equal(range_op(f, XEN_NVDIMM_unregister), -ENOENT);
}

static void test_a_machine_check_is_announced_and_waits(void **state)
{
	struct {
		struct xen_nvdimm_broken b;
		struct xen_nvdimm_range r;
	} broken = { .b = { .flags = XEN_NVDIMM_BROKEN_AS_MCE, .nr = 1 } };
	struct {
		struct xen_nvdimm_events e;
		struct xen_nvdimm_event ev[8];
	} events = { .e = { .nr = 8 } };
	struct fixture *f = *state;
	struct pollfd p;

	assert_int_equal(nvshim_fd(f->s), -ENOTCONN);
	assert_int_equal(nvshim_event_clear(f->s), -ENOTCONN);
	assert_int_equal(nvshim_listen(f->s), 0);
	p = (struct pollfd){ .fd = nvshim_fd(f->s), .events = POLLIN };
	assert_true(p.fd >= 0);
	nvshim_event_clear(f->s);
	assert_int_equal(poll(&p, 1, 0), 0);

	assert_int_equal(range_op(f, XEN_NVDIMM_register), 0);
	broken.r = (struct xen_nvdimm_range){ .mfn = f->mfn + 5, .nr = 1 };
	while (nvshim_op(f->s, XEN_NVDIMM_set_broken, &broken,
			 sizeof(broken)) > 0)
		;
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(nvshim_event_clear(f->s), 1);
	assert_int_equal(nvshim_event_clear(f->s), 0);
	assert_int_equal(poll(&p, 1, 0), 0);

	assert_int_equal(nvshim_op(f->s, XEN_NVDIMM_get_events, &events,
				   sizeof(events)), 0);
	assert_int_equal(events.e.nr, 1);
	assert_int_equal(events.ev[0].type, XEN_NVDIMM_EVENT_MCE);
	assert_int_equal(events.ev[0].spa >> 12, f->mfn + 5);

	/* Unacknowledged it comes again; acknowledged it is forgotten. */
	events.e = (struct xen_nvdimm_events){ .nr = 8 };
	nvshim_op(f->s, XEN_NVDIMM_get_events, &events, sizeof(events));
	assert_int_equal(events.e.nr, 1);
	events.e = (struct xen_nvdimm_events){ .nr = 8,
					       .ack_seq = events.ev[0].seq };
	nvshim_op(f->s, XEN_NVDIMM_get_events, &events, sizeof(events));
	assert_int_equal(events.e.nr, 0);

	broken.b = (struct xen_nvdimm_broken){ .nr = 1 };
	while (nvshim_op(f->s, XEN_NVDIMM_clear_broken, &broken,
			 sizeof(broken)) > 0)
		;
	assert_int_equal(range_op(f, XEN_NVDIMM_unregister), 0);
}

static void test_who_is_not_there_is_not_opened(void **state)
{
	char far[300] = "sim:/";
	struct nvshim *s = NULL;

	memset(far + 5, 'x', sizeof(far) - 6);
	assert_int_equal(nvshim_open("kvm", &s), -EINVAL);
	assert_int_equal(nvshim_open("xenon", &s), -EINVAL);
	assert_int_equal(nvshim_open("sim:/nonexistent/socket", &s), -ENOENT);
	assert_int_equal(nvshim_open(far, &s), -ENAMETOOLONG);
	assert_null(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hello_tells_who_answers,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_what_is_no_operation_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_region_is_listed_as_registered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_machine_check_is_announced_and_waits, setup,
			teardown),
		cmocka_unit_test(test_who_is_not_there_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
