/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contract-store.c - what port/store.h promises, held against every store.
 */
#include <stdio.h>
#include <string.h>

#include "adapter/store_mem.h"
#include "tests/lib/books.h"
#include "tests/lib/cm.h"

/* What is kept over a restart only a store with a file can show. */
struct fixture {
	struct store *store;
	struct book_dir dir;
	bool has_file;
};

static void must_open(struct fixture *f)
{
	struct nv_why why = { "" };

	if (store_sqlite_open(f->dir.path, NULL, &why, &f->store))
		fail_msg("%s", why.text);
}

static int setup_mem(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return f ? store_mem_new(&f->store) : -1;
}

static int setup_sqlite(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f || book_dir_make(&f->dir))
		return -1;
	f->has_file = true;
	must_open(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_freep(&f->store);
	if (f->has_file)
		book_dir_remove(&f->dir);
	free(f);
	return 0;
}

static void restart(struct fixture *f)
{
	if (!f->has_file)
		return;
	store_freep(&f->store);
	must_open(f);
}

static void reads(struct fixture *f, const char *want)
{
	struct script s = { "" };

	assert_int_equal(store_load(f->store, &say_all, &s), 0);
	assert_string_equal(s.text, want);
}

static void bad_reads(struct fixture *f, const struct nv_uuid *pool,
		      const char *want)
{
	struct script s = { "" };

	assert_int_equal(store_load_bad(f->store, pool, say_bad, &s), 0);
	assert_string_equal(s.text, want);
}

#define POOL1 "pool 1 pool1 namespace1.0 region1 100000+1000;"
#define VOL7 "volume 7 in 1 'vol7' 'name:db7' home 107 512 1024 -5 2 0+512 2048+512;"

static void test_what_is_put_is_read_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1);
	struct extent e[2];
	struct volume_fact v = a_volume(7, e);
	struct mapping_fact m = { .id = 3, .boot_id = 0xf000000000000001,
				  .volume = v.uuid, .pool = v.pool,
				  .handle = { { 9 } }, .domain = "gu\xc3\xa4st",
				  .gfn = 0x100000, .nr = 1024, .domid = 5,
				  .state = MAPPING_MAPPED, .nr_extents = 2 };

	reads(f, "");
	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	e[0].fact.gfn = 0x100000;
	e[0].fact.map_id = 17;
	e[1].fact.gfn = NV_NO_FRAME;
	assert_int_equal(store_mapping_put(f->store, &m, e), 0);
	restart(f);
	reads(f, POOL1 VOL7
	      "mapping 3 boot f000000000000001 of 7 in 1 for 9 'gu\xc3\xa4st' 100000 1024 5 2"
	      " 0+512@100000#17 2048+512@ffffffffffffffff#0;");
}

static void test_a_mapping_is_a_device_or_none(void **state)
{
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1);
	struct extent e[2];
	struct volume_fact v = a_volume(7, e);
	struct mapping_fact m = { .id = 3, .volume = v.uuid, .pool = v.pool, .nr = 1024, .domid = 5,
				  .state = MAPPING_MAPPED, .nr_extents = 2 };
	const char *with = "mapping 3 boot 0 of 7 in 1 for 0 '' 0 1024 5 2 device 0 0+512@0#0 2048+512@0#0;";
	const char *without = "mapping 3 boot 0 of 7 in 1 for 0 '' 0 1024 5 2 0+512@0#0 2048+512@0#0;";
	char text[300];
	int i;

	e[0].fact.gfn = e[1].fact.gfn = e[0].fact.map_id = e[1].fact.map_id = 0;
	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	for (i = 0; i < 4; i++) {
		m.is_device = i % 2 == 0;
		assert_int_equal(store_mapping_put(f->store, &m, e), 0);
		restart(f);
		snprintf(text, sizeof(text), "%s%s", POOL1 VOL7, m.is_device ? with : without);
		reads(f, text);
	}
	m.is_device = true;
	assert_int_equal(store_mapping_put(f->store, &m, e), 0);
	assert_int_equal(store_mapping_del(f->store, 3), 0);
	/* Nothing of it is left for another mapping of this number. */
	m.is_device = false;
	assert_int_equal(store_mapping_put(f->store, &m, e), 0);
	restart(f);
	snprintf(text, sizeof(text), "%s%s", POOL1 VOL7, without);
	reads(f, text);
}

static void test_putting_again_replaces(void **state)
{
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1);
	struct extent e[2];
	struct volume_fact v = a_volume(7, e);

	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	v.nr_extents = 1;
	v.nr = 512;
	v.state = VOLUME_DELETING;
	v.name[0] = '\0';
	v.owner[0] = '\0';
	e[0].next = NULL;
	p.name[0] = 'P';
	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	restart(f);
	reads(f, "pool 1 Pool1 namespace1.0 region1 100000+1000;"
		 "volume 7 in 1 '' '' home 107 512 512 -5 3 0+512;");
}

static void test_what_is_deleted_is_gone(void **state)
{
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1);
	struct extent e[2];
	struct volume_fact v = a_volume(7, e);
	struct mapping_fact m = { .id = 3, .nr = 1, .nr_extents = 2 };

	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	assert_int_equal(store_mapping_put(f->store, &m, e), 0);
	assert_int_equal(store_mapping_del(f->store, 3), 0);
	assert_int_equal(store_mapping_del(f->store, 4), 0);
	reads(f, POOL1 VOL7);
	assert_int_equal(store_volume_del(f->store, &v.uuid), 0);
	assert_int_equal(store_pool_del(f->store, &p.uuid), 0);
	restart(f);
	reads(f, "");
}

static void test_what_guests_are_to_get_is_kept_by_guest_and_number(void **state)
{
	struct fixture *f = *state;
	struct guest_fact a = a_guest(1, 7), b = a_guest(2, 8);

	b.gfn = 0x40000;
	b.if_missing = GUEST_RUN;
	assert_int_equal(store_guest_put(f->store, &b), 0);
	assert_int_equal(store_guest_put(f->store, &a), 0);
	a.device = 3;
	assert_int_equal(store_guest_put(f->store, &a), 0);
	a.volume.b[0] = 9;
	assert_int_equal(store_guest_put(f->store, &a), 0);
	restart(f);
	reads(f, "guest name:db1 1: 7 at ffffffffffffffff else 1;"
		 "guest name:db1 3: 9 at ffffffffffffffff else 1;"
		 "guest name:db2 2: 8 at 40000 else 2;");
	assert_int_equal(store_guest_del(f->store, "name:db1", 1), 0);
	assert_int_equal(store_guest_del(f->store, "name:db2", 1), 0);
	assert_int_equal(store_guest_del(f->store, "name:db", 3), 0);
	restart(f);
	reads(f, "guest name:db1 3: 9 at ffffffffffffffff else 1;"
		 "guest name:db2 2: 8 at 40000 else 2;");
	assert_int_equal(store_begin(f->store, STORE_DURABLE), 0);
	assert_int_equal(store_guest_del(f->store, "name:db1", 3), 0);
	store_rollback(f->store);
	reads(f, "guest name:db1 3: 9 at ffffffffffffffff else 1;"
		 "guest name:db2 2: 8 at 40000 else 2;");
}

static void test_a_transaction_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1), q = a_pool(2);
	struct extent e[2];
	struct volume_fact v = a_volume(7, e);

	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_begin(f->store, STORE_DURABLE), 0);
	assert_int_equal(store_begin(f->store, STORE_DURABLE), -EBUSY);
	assert_int_equal(store_pool_put(f->store, &q), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	store_rollback(f->store);
	store_rollback(f->store);
	assert_int_equal(store_commit(f->store), -EINVAL);
	restart(f);
	reads(f, POOL1);
	assert_int_equal(store_begin(f->store, STORE_LAZY), 0);
	assert_int_equal(store_volume_put(f->store, &v, e), 0);
	assert_int_equal(store_commit(f->store), 0);
	restart(f);
	reads(f, POOL1 VOL7);
}

static int add_bad(struct fixture *f, uint8_t pool, uint64_t off, uint64_t nr,
		   uint32_t source)
{
	struct bad_fact b = { .pool = { { pool } }, .off = off, .nr = nr,
			      .source = source };

	return store_bad_add(f->store, &b);
}

static void test_bad_ranges_never_overlap_and_keep_their_first_source(void **state)
{
	struct nv_uuid one = { { 1 } }, three = { { 3 } };
	struct fixture *f = *state;

	assert_int_equal(add_bad(f, 1, 10, 10, BAD_MCE), 0);
	assert_int_equal(add_bad(f, 1, 30, 10, BAD_MCE), 0);
	assert_int_equal(add_bad(f, 2, 10, 1, BAD_KERNEL), 0);
	assert_int_equal(add_bad(f, 1, 15, 30, BAD_PERSON), 0);
	assert_int_equal(add_bad(f, 1, 12, 3, BAD_PERSON), 0);
	restart(f);
	bad_reads(f, &one, "bad 1:10+10 by 1;bad 1:20+10 by 3;"
			   "bad 1:30+10 by 1;bad 1:40+5 by 3;");
	bad_reads(f, &three, "");
	bad_reads(f, NULL, "bad 1:10+10 by 1;bad 1:20+10 by 3;"
			   "bad 1:30+10 by 1;bad 1:40+5 by 3;"
			   "bad 2:10+1 by 2;");
	assert_int_equal(store_bad_del(f->store, &one, 12, 20), 0);
	bad_reads(f, &one, "bad 1:10+2 by 1;bad 1:32+8 by 1;bad 1:40+5 by 3;");
	assert_int_equal(store_bad_del(f->store, &one, 33, 2), 0);
	bad_reads(f, &one, "bad 1:10+2 by 1;bad 1:32+1 by 1;bad 1:35+5 by 1;"
			   "bad 1:40+5 by 3;");
	assert_int_equal(store_bad_del(f->store, &three, 0, 100), 0);
	assert_int_equal(store_bad_del(f->store, &one, 0, 100), 0);
	bad_reads(f, &one, "");
	assert_int_equal(add_bad(f, 1, 1, 0, BAD_MCE), -EINVAL);
}

static void test_bad_ranges_outlive_their_pool(void **state)
{
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1);

	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(add_bad(f, 1, 10, 10, BAD_MCE), 0);
	assert_int_equal(store_pool_del(f->store, &p.uuid), 0);
	restart(f);
	bad_reads(f, &p.uuid, "bad 1:10+10 by 1;");
}

static int count_faults(void *ctx, const struct fault_fact *fact)
{
	struct script *s = ctx;

	say(s, "%llu/%llu at %llu for %u do %u;",
	    (unsigned long long)fact->boot_id, (unsigned long long)fact->seq,
	    (unsigned long long)fact->off, fact->domid, fact->action);
	return 0;
}

static void test_a_fault_is_in_the_book_exactly_once(void **state)
{
	struct fault_fact fact = { .boot_id = 8, .seq = 2, .off = 77,
				   .domid = 5, .action = 2 };
	struct fixture *f = *state;
	struct script s = { "" };
	bool fresh = false;

	assert_int_equal(store_fault_add(f->store, &fact, &fresh), 0);
	assert_true(fresh);
	fact.action = 3;
	assert_int_equal(store_fault_add(f->store, &fact, &fresh), 0);
	assert_false(fresh);
	fact.seq = 1;
	assert_int_equal(store_fault_add(f->store, &fact, &fresh), 0);
	assert_true(fresh);
	fact.boot_id = 9;
	assert_int_equal(store_fault_add(f->store, &fact, &fresh), 0);
	assert_true(fresh);
	restart(f);
	assert_int_equal(store_faults(f->store, 8, count_faults, &s), 0);
	assert_string_equal(s.text, "8/1 at 77 for 5 do 3;8/2 at 77 for 5 do 2;");
}

static void test_faults_of_other_boots_come_by_their_time(void **state)
{
	/* Boot 9, time 500; boot 3, time 600; and this boot, 8. */
	const struct fault_fact facts[] = {
		{ .boot_id = 3, .seq = 1, .time_us = 600 }, { .boot_id = 8, .seq = 1, .time_us = 700 },
		{ .boot_id = 9, .seq = 2, .time_us = 500 }, { .boot_id = 9, .seq = 1, .time_us = 499 },
		{ .boot_id = 3, .seq = 3, .time_us = 601 }, { .boot_id = 3, .seq = 2, .time_us = 601 },
	};
	struct fixture *f = *state;
	struct script s = { "" }, t = { "" }, u = { "" };
	bool fresh;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(facts); i++)
		assert_int_equal(store_fault_add(f->store, &facts[i], &fresh), 0);
	restart(f);
	assert_int_equal(store_faults_before(f->store, 8, 500, count_faults, &s), 0);
	assert_string_equal(s.text, "9/2 at 0 for 0 do 0;3/1 at 0 for 0 do 0;3/2 at 0 for 0 do 0;3/3 at 0 for 0 do 0;");
	assert_int_equal(store_faults_before(f->store, 8, 602, count_faults, &t), 0);
	assert_string_equal(t.text, "");
	assert_int_equal(store_faults(f->store, 8, count_faults, &u), 0);
	assert_string_equal(u.text, "8/1 at 0 for 0 do 0;");
}

static void events_are(struct fixture *f, struct store_events q,
		       const char *want)
{
	struct script s = { "" };

	if (!q.limit)
		q.limit = 100;
	assert_int_equal(store_events(f->store, &q, say_event, &s), 0);
	assert_string_equal(s.text, want);
}

static void test_events_are_found_by_id_time_and_place(void **state)
{
	struct event_fact e = { .severity = EVENT_INFO, .kind = "test",
				.pool = { { 1 } } };
	struct nv_uuid pool = { { 1 } };
	struct fixture *f = *state;
	uint64_t id = 0;
	int i;

	for (i = 1; i <= 5; i++) {
		e.time_us = i * 100;
		snprintf(e.text, sizeof(e.text), "event %d", i);
		e.off = (uint64_t)i * 10;
		e.nr = i == 4 ? 0 : 5;
		assert_int_equal(store_event_add(f->store, &e, &id), 0);
		assert_int_equal(id, i);
	}
	restart(f);
	assert_int_equal(store_last_event(f->store), 5);
	events_are(f, (struct store_events){ .after = 3 },
		   "4 event 4;5 event 5;");
	events_are(f, (struct store_events){ .since_us = 400 },
		   "4 event 4;5 event 5;");
	events_are(f, (struct store_events){ .limit = 2 },
		   "1 event 1;2 event 2;");
	events_are(f, (struct store_events){ .limit = 2, .newest = true },
		   "4 event 4;5 event 5;");
	events_are(f, (struct store_events){ .pool = &pool, .off = 14,
					     .nr = 30 },
		   "1 event 1;2 event 2;3 event 3;");
	events_are(f, (struct store_events){ .pool = &pool, .off = 15,
					     .nr = 5 }, "");
}

static void test_ids_of_a_transaction_that_failed_are_not_remembered(void **state)
{
	struct event_fact e = { .severity = EVENT_INFO };
	struct fixture *f = *state;
	uint64_t id = 0;

	assert_int_equal(store_event_add(f->store, &e, &id), 0);
	assert_int_equal(store_begin(f->store, STORE_DURABLE), 0);
	assert_int_equal(store_event_add(f->store, &e, &id), 0);
	store_rollback(f->store);
	assert_int_equal(store_last_event(f->store), 1);
	assert_int_equal(store_event_add(f->store, &e, &id), 0);
	assert_int_equal(id, 2);
}

static int stop(void *ctx, const struct pool_fact *p)
{
	return NV_E_BUSY;
}

static void test_a_reader_can_end_the_reading(void **state)
{
	const struct store_reader rd = { .pool = stop };
	struct fixture *f = *state;
	struct pool_fact p = a_pool(1);

	assert_int_equal(store_pool_put(f->store, &p), 0);
	assert_int_equal(store_load(f->store, &rd, NULL), NV_E_BUSY);
	reads(f, POOL1);
}

#define BOTH(name)                                                           \
	{ "mem: " #name, name, setup_mem, teardown, NULL },                  \
	{ "sqlite: " #name, name, setup_sqlite, teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_what_is_put_is_read_after_a_restart),
		BOTH(test_a_mapping_is_a_device_or_none),
		BOTH(test_putting_again_replaces),
		BOTH(test_what_is_deleted_is_gone),
		BOTH(test_what_guests_are_to_get_is_kept_by_guest_and_number),
		BOTH(test_a_transaction_is_all_or_nothing),
		BOTH(test_bad_ranges_never_overlap_and_keep_their_first_source),
		BOTH(test_bad_ranges_outlive_their_pool),
		BOTH(test_a_fault_is_in_the_book_exactly_once),
		BOTH(test_faults_of_other_boots_come_by_their_time),
		BOTH(test_events_are_found_by_id_time_and_place),
		BOTH(test_ids_of_a_transaction_that_failed_are_not_remembered),
		BOTH(test_a_reader_can_end_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
