/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test-nvdimm-core.c - single truths about the hypervisor's core, on a host
 * made of arrays.
 */
#include "tests/lib/cm.h"

#include "shim-hypercall/xen/nvdimm-priv.h"
#include "tests/lib/fakecore.h"

/* What the EPT code asks: WB, leave alone, or split. */
static void test_a_page_is_in_a_region_wholly_partly_or_not(void **state)
{
	static const struct {
		int64_t mfn;
		uint64_t nr;
		enum nvdimm_cover want;
	} cell[] = {
		{ -512, 512, NVDIMM_COVER_NONE }, { -1, 1, NVDIMM_COVER_NONE },
		{ 0, 1, NVDIMM_COVER_ALL }, { 0, 2048, NVDIMM_COVER_ALL },
		{ 2047, 1, NVDIMM_COVER_ALL }, { 2048, 1, NVDIMM_COVER_NONE },
		{ -256, 512, NVDIMM_COVER_SOME }, { 1792, 512, NVDIMM_COVER_SOME },
		{ -512, 4096, NVDIMM_COVER_SOME }, { -1, 2, NVDIMM_COVER_SOME },
	};
	size_t i;

	for (i = 0; i < sizeof(cell) / sizeof(cell[0]); i++)
		assert_int_equal(nvdimm_core_covers(host->core,
						    FX_BASE + (uint64_t)cell[i].mfn,
						    cell[i].nr), cell[i].want);
}

static void test_the_guest_is_told_its_own_address(void **state)
{
	map(1024);
	report(FX_BASE + 5, 12);
	assert_int_equal(guest->paused, 1);
	assert_int_equal(guest->p2m[GFN + 5], FX_HOLE);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.event[0].spa, (FX_BASE + 5ull) << 12 | 0x40);
	assert_int_equal(resolve(e.event[0].seq, 0, XEN_NVDIMM_RESOLVE_VMCE,
				 XEN_NVDIMM_KIND_SRAR), 0);
	assert_int_equal(guest->paused, 0);
	assert_int_equal(guest->last.gpa, (GFN + 5ull) << 12 | 0x40);
	assert_int_equal(guest->last.misc, 0x8c);
	assert_true(guest->last.status >> 55 & 1);
}

static void test_an_extent_of_frames_is_told_by_its_lowest_valid_bit(void **state)
{
	unsigned int i;

	map(1024);
	report(FX_BASE + 13, 15);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.nr, 1);
	assert_int_equal(e.event[0].nr, 8);
	assert_int_equal(e.event[0].gfn, GFN + 8);
	for (i = 0; i < 24; i++)
		assert_int_equal(guest->p2m[GFN + i] == FX_HOLE, i / 8 == 1);
	assert_int_equal(resolve(e.event[0].seq, 0, XEN_NVDIMM_RESOLVE_VMCE,
				 XEN_NVDIMM_KIND_SRAO), 0);
	assert_int_equal(guest->last.gpa, (GFN + 8ull) << 12);
	assert_int_equal(guest->last.misc, 0x8f);
}

static void test_an_error_over_the_end_of_an_extent_is_two_events(void **state)
{
	map(512);
	report(FX_BASE + 511, 22);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.nr, 2);
	assert_int_equal(e.event[0].nr, 512);
	assert_int_equal(e.event[0].domid, guest->domid);
	assert_int_equal(e.event[1].nr, 512);
	assert_int_equal(e.event[1].domid, DOMID_INVALID);
	assert_int_equal(e.event[1].flags & XEN_NVDIMM_EVENTF_HELD, 0);
}

static void test_a_repeat_only_counts(void **state)
{
	map(512);
	report(FX_BASE, 12);
	report(FX_BASE, 12);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.nr, 2);
	assert_int_equal(e.event[1].flags, XEN_NVDIMM_EVENTF_REPEAT);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
	assert_int_equal(guest->paused, 0);
}

/* A cell that is reported for ever must not hide the next one that breaks. */
static void test_repeats_leave_room_for_what_is_news(void **state)
{
	struct nvdimm_slot *s;
	unsigned int i;

	map(512);
	for (i = 0; i < 2 * NVDIMM_RING; i++)
		report(FX_BASE, 12);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.lost, 3 * NVDIMM_RING / 2);
	report(FX_BASE + 1, 12);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.lost, 3 * NVDIMM_RING / 2);
	s = nv_event_slot(host->core, e.head.next_seq - 1);
	assert_int_equal(s->ev.gfn, GFN + 1);
	assert_true(s->open);
}

/* One frame, two vCPUs, and an error besides: one hold until all is decided. */
static void test_two_vcpus_at_once_are_one_hold_and_two_decisions(void **state)
{
	map(512);
	report(FX_BASE, 12);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	guest->mcip = false;
	assert_int_equal(guest->paused, 0);
	assert_true(nvdimm_core_touch(host->core, guest, 0, (uint64_t)GFN << 12));
	assert_true(nvdimm_core_touch(host->core, guest, 1, (uint64_t)GFN << 12));
	report(FX_BASE + 5, 12);
	assert_int_equal(guest->paused, 1);
	assert_int_equal(get_events(1), 0);
	assert_int_equal(e.head.nr, 3);
	assert_int_equal(e.event[0].vcpu, 0);
	assert_int_equal(e.event[1].vcpu, 1);
	assert_int_equal(resolve(3, 0, XEN_NVDIMM_RESOLVE_VMCE, 2), 0);
	assert_int_equal(guest->last.vcpu, 1);
	assert_int_equal(resolve(3, 0, XEN_NVDIMM_RESOLVE_VMCE, 2), -EALREADY);
	guest->mcip = false;
	assert_int_equal(resolve(4, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
	assert_int_equal(guest->paused, 1);
	assert_int_equal(resolve(2, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
	assert_int_equal(guest->paused, 0);
	assert_int_equal(guest->told, 2);
}

static void test_what_could_not_be_contained_crashes_its_owner(void **state)
{
	map(512);
	host->fail_p2m = 1;
	report(FX_BASE + 1, 12);
	assert_true(guest->crashed);
	assert_int_equal(guest->paused, 0);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.event[0].flags, XEN_NVDIMM_EVENTF_CRASHED);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), -ESTALE);
}

static void test_a_machine_check_waits_for_the_one_before(void **state)
{
	map(512);
	report(FX_BASE + 1, 12);
	report(FX_BASE + 2, 12);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	assert_int_equal(guest->paused, 1);
	assert_int_equal(resolve(2, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	assert_int_equal(guest->paused, 0);
	assert_int_equal(guest->told, 1);
	guest->mcip = false;
	nvdimm_core_vmce_ready(host->core, guest);
	assert_int_equal(guest->told, 2);
	assert_int_equal(guest->last.gpa, (GFN + 2ull) << 12 | 0x40);
	assert_int_equal(host->timer_ns, 0);
}

/* A guest's handler clears MCIP before it returns, still on its own stack. */
static void test_the_next_machine_check_lets_the_handler_return(void **state)
{
	host->ops.vmce_gap_ns = 2000000;
	map(512);
	report(FX_BASE + 1, 12);
	report(FX_BASE + 2, 12);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	assert_int_equal(resolve(2, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	guest->mcip = false;
	nvdimm_core_vmce_ready(host->core, guest);
	assert_int_equal(guest->told, 1);
	assert_int_equal(host->timer_ns, host->now_ns + 2000000);
	host->now_ns = host->timer_ns - 1;
	nvdimm_core_timer(host->core);
	assert_int_equal(guest->told, 1);
	host->now_ns++;
	nvdimm_core_timer(host->core);
	assert_int_equal(guest->told, 2);
	assert_int_equal(host->timer_ns, 0);

	/* nor one that is decided in this very moment */
	guest->mcip = false;
	nvdimm_core_vmce_ready(host->core, guest);
	report(FX_BASE + 3, 12);
	assert_int_equal(resolve(3, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	assert_int_equal(guest->told, 2);
	host->now_ns += 2000000;
	nvdimm_core_timer(host->core);
	assert_int_equal(guest->told, 3);
	guest->mcip = false;
	nvdimm_core_vmce_ready(host->core, guest);
	host->now_ns += 2000000;
	report(FX_BASE + 4, 12);
	assert_int_equal(resolve(4, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	assert_int_equal(guest->told, 4);
	assert_false(guest->crashed);
}

/* One of its vCPUs may go offline, or return from its handler, without a word. */
static void test_a_machine_check_that_waits_is_tried_again_by_itself(void **state)
{
	int i;

	host->ops.vmce_gap_ns = 2000000;
	map(512);
	report(FX_BASE + 1, 12);
	report(FX_BASE + 2, 12);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	assert_int_equal(resolve(2, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(host->timer_ns, host->now_ns + 2000000);
		host->now_ns = host->timer_ns;
		nvdimm_core_timer(host->core);
		assert_int_equal(guest->told, 1);
	}
	guest->mcip = false;
	host->now_ns = host->timer_ns;
	nvdimm_core_timer(host->core);
	assert_int_equal(guest->told, 2);
	assert_int_equal(host->timer_ns, 0);
}

/*
 * Two vCPUs touched; the second one's machine check waits for the first's,
 * and it comes back to the page meanwhile.
 */
static void test_a_touch_that_is_decided_is_not_decided_again(void **state)
{
	map(512);
	report(FX_BASE + 1, 12);
	report(FX_BASE + 2, 12);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
	assert_int_equal(resolve(2, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
	assert_true(fx_domain_access(guest, 0, GFN + 1));
	assert_true(fx_domain_access(guest, 1, GFN + 2));
	assert_int_equal(resolve(3, 0, XEN_NVDIMM_RESOLVE_VMCE, XEN_NVDIMM_KIND_SRAR), 0);
	assert_int_equal(resolve(4, 0, XEN_NVDIMM_RESOLVE_VMCE, XEN_NVDIMM_KIND_SRAR), 0);
	assert_int_equal(guest->paused, 0);

	assert_true(fx_domain_access(guest, 1, GFN + 2));
	assert_int_equal(guest->paused, 0);
	/* of another vCPU it is news */
	assert_true(fx_domain_access(guest, 0, GFN + 2));
	assert_int_equal(guest->paused, 1);
	assert_int_equal(resolve(5, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
	assert_int_equal(resolve(6, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), -ESTALE);

	guest->mcip = false;
	nvdimm_core_vmce_ready(host->core, guest);
	assert_int_equal(guest->told, 2);
	assert_int_equal(guest->last.vcpu, 1);
	/* it was in the middle of the access when the machine check came */
	guest->pending = true;
	assert_true(fx_domain_access(guest, 1, GFN + 2));
	assert_int_equal(guest->paused, 0);
	guest->pending = false;
	assert_true(fx_domain_access(guest, 1, GFN + 2));
	assert_int_equal(guest->paused, 1);
	assert_int_equal(resolve(6, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), 0);
}

static void test_a_guest_that_never_takes_it_is_crashed(void **state)
{
	test_a_machine_check_waits_for_the_one_before(state);
	report(FX_BASE + 3, 12);
	assert_int_equal(resolve(3, 0, XEN_NVDIMM_RESOLVE_VMCE, 1), 0);
	host->now_ns = host->timer_ns - 1;
	nvdimm_core_timer(host->core);
	assert_false(guest->crashed);
	host->now_ns++;
	nvdimm_core_timer(host->core);
	assert_true(guest->crashed);
}

static void test_undecided_in_time_is_a_crash_and_then_decided(void **state)
{
	map(512);
	report(FX_BASE + 1, 12);
	assert_int_equal(get_events(1), -EBUSY);
	assert_int_equal(e.head.next_seq, 1);
	host->now_ns = host->timer_ns;
	nvdimm_core_timer(host->core);
	assert_true(guest->crashed);
	assert_int_equal(resolve(1, 0, XEN_NVDIMM_RESOLVE_RESUME, 0), -EALREADY);
	assert_int_equal(get_events(1), 0);
	assert_int_equal(e.event[0].type, XEN_NVDIMM_EVENT_TIMEOUT);
}

/* More frames break than the ring holds; the extent is resolved as a whole. */
static void test_lost_events_are_counted_and_their_guest_let_go(void **state)
{
	uint64_t map_id = map(2048), i;

	report(FX_BASE, 12);
	for (i = 1; i < NVDIMM_RING + 10; i++)
		fx_domain_access(guest, 0, GFN);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.head.lost, 10);
	assert_int_equal(e.head.waiting, NVDIMM_RING - 64);
	assert_int_equal(resolve(0, map_id, XEN_NVDIMM_RESOLVE_VMCE,
				 XEN_NVDIMM_KIND_SRAR), 0);
	assert_int_equal(guest->paused, 0);
	assert_int_equal(resolve(0, map_id, XEN_NVDIMM_RESOLVE_RESUME, 0),
			 -EALREADY);
	assert_int_equal(get_events(NVDIMM_RING), 0);
	assert_int_equal(e.head.nr, 1);
	assert_int_equal(e.event[0].type, XEN_NVDIMM_EVENT_LOST);
}

static void test_what_the_guest_put_in_its_place_stays(void **state)
{
	struct xen_nvdimm_unmap u = { .map_id = map(512) };

	guest->super[GFN / 512] = false;
	host->user[7]--;
	guest->p2m[GFN + 7] = FX_IS_RAM;
	assert_int_equal(op(XEN_NVDIMM_unmap, &u, sizeof(u)), 0);
	assert_int_equal(guest->p2m[GFN + 7], FX_IS_RAM);
	assert_int_equal(guest->p2m[GFN + 8], FX_HOLE);
	assert_int_equal(u.done, 512);
}

static void test_a_dying_domain_keeps_its_extents_until_released(void **state)
{
	struct xen_nvdimm_unmap u = { .map_id = map(512) };

	guest->dying = true;
	assert_int_equal(op(XEN_NVDIMM_unmap, &u, sizeof(u)), -EBUSY);
	report(FX_BASE + 9, 12);
	assert_int_equal(guest->paused, 0);
	fx_domain_kill(guest);
	assert_int_equal(op(XEN_NVDIMM_unmap, &u, sizeof(u)), -ENOENT);
	assert_int_equal(get_events(0), 0);
	assert_int_equal(e.event[e.head.nr - 1].type, XEN_NVDIMM_EVENT_RELEASED);
}

/* Frames from @mfn on, as ranges of one each; Return: how many one call marked. */
static uint64_t mark_in_one_call(uint64_t mfn, uint32_t nr)
{
	static struct {
		struct xen_nvdimm_broken head;
		struct xen_nvdimm_range range[1000];
	} a;
	uint32_t i, len = (uint32_t)(sizeof(a.head) + nr * sizeof(a.range[0]));

	a.head = (struct xen_nvdimm_broken){ .nr = nr };
	for (i = 0; i < nr; i++)
		a.range[i] = (struct xen_nvdimm_range){ mfn + i, 1 };
	assert_int_equal(nvdimm_core_op(host->core, XEN_NVDIMM_set_broken, &a, len), XEN_NVDIMM_MORE);
	return a.head.done;
}

/* A million of them, replayed at boot, are few calls; a guest's p2m is not kept for long. */
static void test_one_call_marks_many_free_frames_and_few_of_a_guest(void **state)
{
	map(512);
	assert_int_equal(mark_in_one_call(FX_BASE + 512, 1000), NVDIMM_STEP_RANGES);
	assert_int_equal(mark_in_one_call(FX_BASE, 100), NVDIMM_STEP);
	assert_int_equal(guest->p2m[GFN + NVDIMM_STEP - 1], FX_HOLE);
	assert_int_not_equal(guest->p2m[GFN + NVDIMM_STEP], FX_HOLE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_page_is_in_a_region_wholly_partly_or_not),
		T(test_the_guest_is_told_its_own_address),
		T(test_an_extent_of_frames_is_told_by_its_lowest_valid_bit),
		T(test_an_error_over_the_end_of_an_extent_is_two_events),
		T(test_a_repeat_only_counts),
		T(test_repeats_leave_room_for_what_is_news),
		T(test_two_vcpus_at_once_are_one_hold_and_two_decisions),
		T(test_what_could_not_be_contained_crashes_its_owner),
		T(test_a_machine_check_waits_for_the_one_before),
		T(test_the_next_machine_check_lets_the_handler_return),
		T(test_a_machine_check_that_waits_is_tried_again_by_itself),
		T(test_a_touch_that_is_decided_is_not_decided_again),
		T(test_a_guest_that_never_takes_it_is_crashed),
		T(test_undecided_in_time_is_a_crash_and_then_decided),
		T(test_lost_events_are_counted_and_their_guest_let_go),
		T(test_what_the_guest_put_in_its_place_stays),
		T(test_a_dying_domain_keeps_its_extents_until_released),
		T(test_one_call_marks_many_free_frames_and_few_of_a_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
