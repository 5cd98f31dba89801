/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-diff.c - whose health changed, and how it is said.
 */
#include <stdio.h>
#include <string.h>

#include "core/topo_diff.h"
#include "tests/lib/cm.h"

#define GIB (UINT64_C(1) << 30)

/* @n regions, each with the DIMM "nmem0" of that id and health. */
static struct topo *host(size_t n, const char *const *ids, const uint32_t *health)
{
	struct topo *t = topo_new();
	size_t i;

	assert_non_null(t);
	for (i = 0; i < n; i++) {
		struct topo_region *r = topo_add_region(t);
		struct topo_dimm *d;

		assert_non_null(r);
		snprintf(r->name, sizeof(r->name), "region%zu", i);
		r->spa = (i + 1) * GIB;
		r->size = GIB;
		d = topo_add_dimm(r);
		assert_non_null(d);
		snprintf(d->name, sizeof(d->name), "nmem%zu", i);
		snprintf(d->id, sizeof(d->id), "%s", ids[i]);
		d->health = health[i];
	}
	assert_int_equal(topo_finish(t), 0);
	return t;
}

struct heard {
	size_t nr;
	char id[TOPO_NAME];
	uint32_t worse, better;
};

static void on_news(void *ctx, const struct topo_dimm_news *n)
{
	struct heard *h = ctx;

	h->nr++;
	strcpy(h->id, n->dimm->id);
	h->worse = n->worse;
	h->better = n->better;
}

static void test_only_changes_are_news(void **state)
{
	static const char *const ids[] = { "a", "b" };
	nv_cleanup(topo_freep) struct topo *old = host(2, ids, (uint32_t[]){ 0, TOPO_HEALTH_CRITICAL });
	nv_cleanup(topo_freep) struct topo *now =
		host(2, ids, (uint32_t[]){ 0, TOPO_HEALTH_FATAL | TOPO_HEALTH_FAILED_ARM });
	struct heard h = { 0 };

	topo_diff_dimms(old, old, on_news, &h);
	assert_int_equal(h.nr, 0);
	topo_diff_dimms(old, now, on_news, &h);
	assert_int_equal(h.nr, 1);
	assert_string_equal(h.id, "b");
	assert_int_equal(h.worse, TOPO_HEALTH_FATAL | TOPO_HEALTH_FAILED_ARM);
	assert_int_equal(h.better, TOPO_HEALTH_CRITICAL);
}

static void test_at_first_all_that_is_wrong_is_news(void **state)
{
	static const char *const ids[] = { "a", "b" };
	nv_cleanup(topo_freep) struct topo *now = host(2, ids, (uint32_t[]){ TOPO_HEALTH_LOCKED, 0 });
	struct heard h = { 0 };

	topo_diff_dimms(NULL, now, on_news, &h);
	assert_int_equal(h.nr, 1);
	assert_string_equal(h.id, "a");
	assert_int_equal(h.worse, TOPO_HEALTH_LOCKED);
}

static void test_a_dimm_is_known_by_its_id_not_its_name(void **state)
{
	static const char *const before[] = { "a", "b" }, *const after[] = { "b", "a" };
	nv_cleanup(topo_freep) struct topo *old = host(2, before, (uint32_t[]){ TOPO_HEALTH_CRITICAL, 0 });
	nv_cleanup(topo_freep) struct topo *now = host(2, after, (uint32_t[]){ 0, TOPO_HEALTH_CRITICAL });
	struct heard h = { 0 };

	topo_diff_dimms(old, now, on_news, &h);
	assert_int_equal(h.nr, 0);
}

static void test_without_ids_the_name_must_do(void **state)
{
	static const char *const ids[] = { "", "" };
	nv_cleanup(topo_freep) struct topo *old = host(2, ids, (uint32_t[]){ 0, TOPO_HEALTH_CRITICAL });
	nv_cleanup(topo_freep) struct topo *now = host(2, ids, (uint32_t[]){ 0, 0 });
	struct heard h = { 0 };

	topo_diff_dimms(old, now, on_news, &h);
	assert_int_equal(h.nr, 1);
	assert_int_equal(h.better, TOPO_HEALTH_CRITICAL);
}

static void test_a_dimm_of_several_regions_is_told_once(void **state)
{
	static const char *const ids[] = { "a", "a" };
	nv_cleanup(topo_freep) struct topo *now =
		host(2, ids, (uint32_t[]){ TOPO_HEALTH_FATAL, TOPO_HEALTH_FATAL });
	struct heard h = { 0 };

	topo_diff_dimms(NULL, now, on_news, &h);
	assert_int_equal(h.nr, 1);
}

static void test_health_is_said_in_words_that_fit(void **state)
{
	char buf[64], small[16];

	assert_string_equal(topo_health_print(0, buf, sizeof(buf)), "");
	assert_string_equal(topo_health_print(TOPO_HEALTH_FAILED_ARM | TOPO_HEALTH_CRITICAL, buf, sizeof(buf)),
			    "failed_arm, critical");
	assert_true(strlen(topo_health_print(UINT32_MAX, small, sizeof(small))) < sizeof(small));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_changes_are_news),
		cmocka_unit_test(test_at_first_all_that_is_wrong_is_news),
		cmocka_unit_test(test_a_dimm_is_known_by_its_id_not_its_name),
		cmocka_unit_test(test_without_ids_the_name_must_do),
		cmocka_unit_test(test_a_dimm_of_several_regions_is_told_once),
		cmocka_unit_test(test_health_is_said_in_words_that_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
