/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-faults.c - the journey of a machine check through the daemon's flows, on
 * ports in memory.
 */
#include "tests/lib/cm.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/requests.h"

#define MIB (1ull << 20)
#define SRAO 0xbd000000000000c0ull
#define SRAR 0xbd80000000000134ull

static struct world w;

static void create(const char *name, uint64_t size)
{
	assert_int_equal(request_volume(&w, name, size), 0);
}

static struct volume *volume(const char *name)
{
	struct volume *v;

	assert_int_equal(ledger_volume_find(w.nvd.ledger, name, NULL, &v), 0);
	return v;
}

/* The volume's first machine frame, once it is in domain 1. */
static uint64_t map(const char *name)
{
	assert_int_equal(request_map(&w, name, 1), 0);
	return ledger_extent_mfn(volume(name)->extents);
}

static int setup(void **state)
{
	world_init(&w);
	world_domain(&w, 1, true);
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(request_pool(&w, "namespace0.0", "p1"), 0);
	return 0;
}

static int teardown(void **state)
{
	world_deinit(&w);
	return 0;
}

/* What the history has of one kind: how many, and the last. */
struct found {
	const char *kind;
	unsigned int n;
	struct event_fact last;
};

static int on_entry(void *ctx, const struct event_fact *e)
{
	struct found *f = ctx;

	if (!strcmp(e->kind, f->kind)) {
		f->n++;
		f->last = *e;
	}
	return 0;
}

static struct found history(const char *kind)
{
	const struct store_events all = { .limit = UINT32_MAX };
	struct found f = { .kind = kind };

	assert_int_equal(store_events(w.store, &all, on_entry, &f), 0);
	return f;
}

static int on_bad(void *ctx, const struct bad_fact *b)
{
	*(uint64_t *)ctx += b->nr;
	return 0;
}

static uint64_t bad_in_book(void)
{
	uint64_t n = 0;

	assert_int_equal(store_load_bad(w.store, NULL, on_bad, &n), 0);
	return n;
}

/* ---- how far a report reaches ---- */

static void test_an_extent_with_more_pieces_than_sixteen_is_marked_whole(void **state)
{
	uint64_t mfn, i;

	create("v", 4 * MIB);
	mfn = map("v");
	for (i = 0; i < 64; i += 2)
		hv_mem_mce(w.hv, mfn + i, 1, SRAO);
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(ledger_volume_bad(volume("v")), 32);
	hv_mem_mce(w.hv, mfn, 64, SRAO);
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(ledger_volume_bad(volume("v")), 64);
	assert_int_equal(bad_in_book(), 64);
	/* One error, one entry: its pieces have one owner. */
	assert_int_equal(history("fault").n, 33);
}

static void test_each_owner_of_what_a_report_reaches_finds_it(void **state)
{
	struct req_why rq = { 0 };
	struct view_why seen;
	unsigned int i;

	assert_int_equal(request_pool(&w, "namespace0.1", "p2"), 0);
	for (i = 0; i < 8; i++) {
		snprintf(rq.volume, sizeof(rq.volume), "v%u", i);
		create(rq.volume, 4 * MIB);
	}
	hv_mem_mce(w.hv, WORLD_MFN, 2 * WORLD_NR, SRAO);
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(bad_in_book(), 2 * WORLD_NR);
	for (i = 0; i < 8; i++) {
		snprintf(rq.volume, sizeof(rq.volume), "v%u", i);
		assert_int_equal(ledger_volume_bad(volume(rq.volume)), 1024);
		assert_int_equal(op_why(&w.nvd, &rq, &w.why, &seen), 0);
		assert_string_equal(seen.events.v[seen.events.n - 1].kind, "fault");
		assert_string_equal(seen.events.v[seen.events.n - 1].place.volume, rq.volume);
		view_events_deinit(&seen.events);
	}
	assert_int_equal(w.nvd.count.faults, 1);
}

/* ---- what is said is what was done ---- */

static void test_a_reason_outlives_a_book_that_could_not_be_written(void **state)
{
	uint64_t mfn, i;
	struct found f;
	int r;

	create("v", 4 * MIB);
	mfn = map("v");
	for (i = 0; i < 12; i++) {
		/* Each outside call of the journey fails once. */
		w.faulty.plan[0] = (struct faulty_point){ w.faulty.calls + 1 + i, FAULTY_FAIL };
		hv_mem_mce(w.hv, mfn + i, 1, SRAO);
		r = world_faults(&w);
		if (r)
			assert_int_equal(world_faults(&w), 0);
		f = history("fault");
		assert_int_equal(f.n, i + 1);
		assert_non_null(strstr(f.last.text, "g1 (domain 1) is told by a machine check: first hit of this domain"));
		assert_int_equal(w.nvd.count.faults, i + 1);
		assert_int_equal(hv_mem_actions(w.hv).vmce, i + 1);
		assert_int_equal(bad_in_book(), i + 1);
	}
	assert_false(nvd_is_degraded(&w.nvd));
}

static void test_a_guest_is_answered_though_the_book_is_not(void **state)
{
	uint64_t mfn;

	create("v", 4 * MIB);
	mfn = map("v");
	hv_mem_mce(w.hv, mfn, 1, SRAO);
	/* The call after GET_EVENTS begins the transaction. */
	w.faulty.plan[0] = (struct faulty_point){ w.faulty.calls + 2, FAULTY_FAIL };
	assert_int_not_equal(op_fault_step(&w.nvd, &w.why), 0);
	assert_int_equal(hv_mem_actions(w.hv).vmce, 1);
	assert_int_equal(hv_mem_unresolved(w.hv), 0);
	assert_int_equal(history("fault").n, 0);
	assert_non_null(strstr(w.nvd.alarm[ALARM_BOOK], "database"));
	/* It heals. */
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(history("fault").n, 1);
	assert_string_equal(w.nvd.alarm[ALARM_BOOK], "");
	assert_int_equal(hv_mem_actions(w.hv).vmce, 1);
}

static void test_what_was_crashed_before_it_was_read_is_not_called_told(void **state)
{
	const struct hv_resolve crash = { .seq = 1, .action = HV_CRASH };
	struct found f;

	create("v", 4 * MIB);
	hv_mem_mce(w.hv, map("v"), 1, SRAO);
	assert_int_equal(hv_resolve(w.hv, &crash), 0);
	assert_int_equal(world_faults(&w), 0);
	f = history("fault");
	assert_int_equal(f.n, 1);
	assert_null(strstr(f.last.text, "is told"));
	assert_non_null(strstr(f.last.text, "before nvdimmd read of it"));
	assert_int_equal(w.nvd.count.vmces, 0);
	assert_int_equal(ledger_volume_bad(volume("v")), 1);
}

static void test_hardware_that_says_it_again_kills_nobody(void **state)
{
	uint64_t mfn;
	struct found f;

	create("v", 4 * MIB);
	mfn = map("v");
	hv_mem_mce(w.hv, mfn, 1, SRAR);
	assert_int_equal(world_faults(&w), 0);
	/* The grace time is 0 here: had it been a touch, it were the end. */
	hv_mem_mce(w.hv, mfn, 1, SRAR);
	assert_int_equal(world_faults(&w), 0);
	f = history("fault");
	assert_int_equal(f.n, 2);
	assert_non_null(strstr(f.last.text, "goes on: the page is out of its reach"));
	assert_int_equal(hv_mem_actions(w.hv).crash, 0);
	hv_mem_touch(w.hv, mfn);
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(hv_mem_actions(w.hv).crash, 1);
	assert_non_null(strstr(history("touch").last.text, "is killed: touched again after it was told"));
}

static void test_notices_are_in_the_history_once_whoever_dies(void **state)
{
	const struct hv_event timeout = { .type = HV_EVENT_TIMEOUT, .domid = 1, .gfn = HV_NO_GFN };
	const struct hv_event lost = { .type = HV_EVENT_LOST, .domid = HV_NO_DOMAIN, .gfn = HV_NO_GFN };
	const struct hv_event strange = { .type = 4711, .domid = 9, .gfn = HV_NO_GFN, .nr = 1 };

	hv_mem_push(w.hv, &timeout);
	hv_mem_push(w.hv, &lost);
	hv_mem_push(w.hv, &strange);
	assert_int_equal(op_fault_step(&w.nvd, &w.why), OP_MORE);
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(history("timeout").n, 1);
	assert_int_equal(history("events-lost").n, 1);
}

static void test_ten_faults_of_a_volume_a_day_and_then_an_alarm(void **state)
{
	uint64_t mfn, i;

	w.nvd.set.page_limit = (struct settings_rate){ 10, 86400 };
	policy_configure(w.nvd.desk->policy, &w.nvd.set);
	create("v", 4 * MIB);
	mfn = map("v");
	for (i = 0; i < 10; i++)
		hv_mem_mce(w.hv, mfn + i, 1, SRAO);
	assert_int_equal(world_faults(&w), 0);
	assert_string_equal(w.nvd.alarm[ALARM_PAGES], "");
	assert_int_equal(history("fault").last.severity, EVENT_ERROR);
	hv_mem_mce(w.hv, mfn + i, 1, SRAO);
	assert_int_equal(world_faults(&w), 0);
	assert_non_null(strstr(w.nvd.alarm[ALARM_PAGES], "more than 10 faults"));
	assert_int_equal(history("fault").last.severity, EVENT_ALARM);
	assert_int_equal(hv_mem_actions(w.hv).vmce, 11);
}

/* ---- back from broken ---- */

static void test_one_page_that_stays_bad_does_not_keep_the_others(void **state)
{
	static const struct {
		int (*repair)(struct world *w, const char *name);
		const char *name;
		uint64_t mfn;
	} rows[] = { { request_repair, "v", WORLD_MFN }, { request_pool_repair, "p1", WORLD_MFN + 2048 } };
	unsigned int i;

	create("v", 4 * MIB);
	assert_int_equal(ledger_extent_mfn(volume("v")->extents), WORLD_MFN);
	for (i = 0; i < 2; i++) {
		hv_mem_mce(w.hv, rows[i].mfn + 3, 1, SRAO);
		hv_mem_mce(w.hv, rows[i].mfn + 10, 2, SRAO);
		topo_mem_stuck(w.topo, rows[i].mfn + 3 - WORLD_MFN);
	}
	assert_int_equal(world_faults(&w), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rows[i].repair(&w, rows[i].name), NV_E_BROKEN);
		assert_non_null(strstr(w.why.text, "2 of 3 bad pages were repaired; of the others: frame"));
		assert_non_null(strstr(history("repair-failed").last.text, w.why.text));
		assert_true(ledger_is_bad(w.nvd.ledger, rows[i].mfn + 3, 1));
		assert_false(ledger_is_bad(w.nvd.ledger, rows[i].mfn + 10, 2));
	}
	assert_int_equal(bad_in_book(), 2);
	/* And so they are known after the next start. */
	assert_int_equal(world_boot(&w), 0);
	assert_int_equal(ledger_volume_bad(volume("v")), 1);
}

static void test_a_pool_that_is_released_ends_its_repair(void **state)
{
	struct req_pool rq = { .pool = "p1" };
	struct op *op, *release;

	hv_mem_mce(w.hv, WORLD_MFN + 3, 1, SRAO);
	assert_int_equal(world_faults(&w), 0);
	assert_int_equal(op_pool_repair_begin(&w.nvd, &rq, &w.why, &op), 0);
	/* From its beginning on, however long the kernel takes. */
	assert_int_equal(op_pool_release_begin(&w.nvd, &rq, &w.why, &release), 0);
	assert_int_equal(world_run(&w, op), NV_E_NO_POOL);
	assert_int_equal(op_pool_repair_begin(&w.nvd, &rq, &w.why, &op), NV_E_NO_REGION);
	assert_int_equal(world_run(&w, release), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_an_extent_with_more_pieces_than_sixteen_is_marked_whole),
		T(test_each_owner_of_what_a_report_reaches_finds_it),
		T(test_a_reason_outlives_a_book_that_could_not_be_written),
		T(test_a_guest_is_answered_though_the_book_is_not),
		T(test_what_was_crashed_before_it_was_read_is_not_called_told),
		T(test_hardware_that_says_it_again_kills_nobody),
		T(test_notices_are_in_the_history_once_whoever_dies),
		T(test_ten_faults_of_a_volume_a_day_and_then_an_alarm),
		T(test_one_page_that_stays_bad_does_not_keep_the_others),
		T(test_a_pool_that_is_released_ends_its_repair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
