/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-hash.c - the hash table, and ranges of frames at the ends of the world.
 */
#include <string.h>

#include "core/frames.h"
#include "core/hash.h"
#include "tests/lib/cm.h"
#include "tests/lib/wrap-alloc.h"

#define NODES 1000u

struct item {
	struct hash_node node;
	uint64_t key;
	bool seen;
};

static struct item items[NODES];

static struct item *item_of(struct hash_node *n)
{
	return nv_container_of(n, struct item, node);
}

static struct item *find(const struct hash *h, uint64_t key)
{
	struct hash_node *n;

	for (n = hash_first(h, hash_u64(key)); n; n = hash_next(n))
		if (item_of(n)->key == key)
			return item_of(n);
	return NULL;
}

static void fill(struct hash *h)
{
	uint64_t i;

	memset(items, 0, sizeof(items));
	hash_init(h);
	for (i = 0; i < NODES; i++) {
		items[i].key = i;
		hash_add(h, &items[i].node, hash_u64(i));
	}
}

static void test_what_was_added_is_found_until_it_is_deleted(void **state)
{
	struct hash h;
	uint64_t i;

	fill(&h);
	assert_true(h.mask >= NODES / 2);
	for (i = 0; i < NODES; i += 2)
		hash_del(&h, &items[i].node);
	hash_del(&h, &items[0].node);
	for (i = 0; i < NODES; i++)
		assert_ptr_equal(find(&h, i), i % 2 ? &items[i] : NULL);
	assert_int_equal(h.count, NODES / 2);
	hash_deinit(&h);
}

static void test_without_memory_chains_get_longer_and_all_stays_true(void **state)
{
	struct hash h;
	uint64_t i;

	wrap_alloc_forbid(false);
	hash_init(&h);
	memset(items, 0, sizeof(items));
	for (i = 0; i < NODES; i++) {
		wrap_alloc_fail_at(1);
		items[i].key = i;
		hash_add(&h, &items[i].node, hash_u64(i));
	}
	wrap_alloc_fail_at(0);
	assert_int_equal(h.mask, 7);
	for (i = 0; i < NODES; i++)
		assert_ptr_equal(find(&h, i), &items[i]);
	hash_deinit(&h);
}

static void test_a_walk_sees_each_once(void **state)
{
	struct hash_node *n = NULL;
	struct hash h;
	uint64_t nr = 0;

	fill(&h);
	while ((n = hash_each(&h, n))) {
		assert_false(item_of(n)->seen);
		item_of(n)->seen = true;
		nr++;
	}
	assert_int_equal(nr, NODES);
	hash_deinit(&h);
}

static void test_the_same_hash_is_told_apart_by_the_caller(void **state)
{
	struct item a = { .key = 1 }, b = { .key = 2 };
	struct hash h;

	hash_init(&h);
	hash_add(&h, &a.node, 5);
	hash_add(&h, &b.node, 5);
	assert_ptr_equal(hash_first(&h, 5), &b.node);
	assert_ptr_equal(hash_next(&b.node), &a.node);
	assert_null(hash_next(&a.node));
	assert_null(hash_first(&h, 5 + 8));
	hash_deinit(&h);
}

static void test_ranges_end_where_addresses_do(void **state)
{
	const uint64_t last = NV_FRAMES_MAX - 1;
	struct frames f;

	assert_true(frames_valid(0, NV_FRAMES_MAX));
	assert_true(frames_valid(last, 1));
	assert_false(frames_valid(last, 2));
	assert_false(frames_valid(NV_FRAMES_MAX, 1));
	assert_false(frames_valid(0, 0));
	assert_false(frames_valid(1, UINT64_MAX));
	assert_true(frames_contain(0, 10, 9, 1));
	assert_false(frames_contain(0, 10, 9, 2));
	assert_false(frames_contain(5, 5, 4, 2));
	assert_false(frames_contain(0, 10, 5, UINT64_MAX));
	assert_true(frames_overlap(0, 10, 9, 1));
	assert_false(frames_overlap(0, 10, 10, 1));
	f = frames_common(0, 10, 5, 10);
	assert_int_equal(f.mfn, 5);
	assert_int_equal(f.nr, 5);
	assert_int_equal(frames_common(0, 5, 5, 5).nr, 0);
	assert_int_equal(frames_align_up(last, NV_1G_FRAMES), NV_FRAMES_MAX);
	assert_int_equal(frames_from_bytes(UINT64_MAX), last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_added_is_found_until_it_is_deleted),
		cmocka_unit_test(test_without_memory_chains_get_longer_and_all_stays_true),
		cmocka_unit_test(test_a_walk_sees_each_once),
		cmocka_unit_test(test_the_same_hash_is_told_apart_by_the_caller),
		cmocka_unit_test(test_ranges_end_where_addresses_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
