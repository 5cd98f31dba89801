/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-hostile.c - a sysfs that lies, is damaged or half gone.
 *
 * Whatever it says: the real libndctl and our reading of it do not crash, what
 * cannot be true is left out with a sentence, and nothing unknown passes for
 * healthy.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/contract/replay.h"
#include "tests/lib/cm.h"

#define BUS "devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0"

static uint64_t last_of(uint64_t spa, uint64_t size)
{
	return spa + (size - 1);
}

/* What core/topo.h says is always true. */
static void check_promises(const struct topo *t)
{
	size_t i, j;

	for (i = 0; i < t->nr_regions; i++) {
		const struct topo_region *r = &t->regions[i];

		assert_true(r->size && last_of(r->spa, r->size) >= r->spa);
		if (i)
			assert_true(r->spa > last_of(r[-1].spa, r[-1].size));
		for (j = 0; j < r->nr_bad; j++) {
			const struct topo_bad *b = &r->bad[j];

			assert_true(b->nr && b->offset + b->nr * 4096 <= r->size);
			if (j)
				assert_true(b->offset > b[-1].offset + b[-1].nr * 4096);
		}
		for (j = 0; j < r->nr_namespaces; j++) {
			const struct topo_ns *ns = &r->namespaces[j];

			assert_true(ns->size && ns->spa >= r->spa);
			assert_true(last_of(ns->spa, ns->size) <= last_of(r->spa, r->size));
			assert_false(nv_uuid_is_zero(&ns->id));
			if (j)
				assert_true(ns->spa > last_of(ns[-1].spa, ns[-1].size));
		}
	}
}

static struct topo *load_checked(UMockdevTestbed *bed)
{
	struct topo *t = replay_read(bed);

	check_promises(t);
	return t;
}

/* What is read of a recorded host one of whose attributes is another. */
static struct topo *load_with(const char *host, const char *device, const char *attribute, const char *text)
{
	g_autoptr(UMockdevTestbed) bed = replay_open(host);

	replay_write(bed, device, attribute, text);
	return load_checked(bed);
}

static struct topo *load_without(const char *host, const char *device, const char *attribute)
{
	g_autoptr(UMockdevTestbed) bed = replay_open(host);

	replay_remove(bed, device, attribute);
	return load_checked(bed);
}

static void test_a_region_of_impossible_size_is_left_out(void **state)
{
	static const char *const sizes[] = { "0", "-5", "garbage", "", "4097", "99999999999999999999999" };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(sizes); i++) {
		nv_cleanup(topo_freep) struct topo *t = load_with("labelled", "region1", "size", sizes[i]);

		assert_null(replay_region(t, "region1"));
		assert_non_null(replay_region(t, "region0"));
		assert_true(replay_says(t, "region1", "left out"));
	}
}

static void test_a_region_whose_address_is_unknown_is_left_out(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = load_without("labelled", "region0", "resource");

	assert_null(replay_region(t, "region0"));
	assert_true(replay_says(t, "region0", "address"));
}

static void test_regions_at_one_address_are_both_left_out(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = load_with("labelled", "region1", "resource", "0x100001000\n");

	assert_int_equal(t->nr_regions, 0);
	assert_true(replay_says(t, "region0 and region1", "overlap"));
}

static void test_a_namespace_outside_its_region_is_left_out(void **state)
{
	static const char *const at[] = { "0", "0x200000000", "-4096", "0xfffffffffffff000", "garbage" };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(at); i++) {
		nv_cleanup(topo_freep) struct topo *t =
			load_with("labelled", "region0/namespace0.0", "resource", at[i]);

		assert_null(replay_ns(t, "namespace0.0"));
		assert_non_null(replay_ns(t, "namespace0.1"));
		assert_true(replay_says(t, "namespace0.0", "left out"));
	}
}

static void test_namespaces_over_each_other_are_left_out(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = load_with("labelled", "region0/namespace0.0", "size", "67112960\n");

	assert_null(replay_ns(t, "namespace0.0"));
	assert_null(replay_ns(t, "namespace0.1"));
	assert_non_null(replay_ns(t, "namespace0.2"));
}

static void test_a_label_that_was_copied_makes_both_namespaces_unusable(void **state)
{
	g_autoptr(UMockdevTestbed) bed = replay_open("labelled");
	nv_cleanup(topo_freep) struct topo *t = NULL;

	replay_write(bed, "region0/namespace0.0", "uuid", "11111111-2222-3333-4444-555555555555\n");
	replay_write(bed, "region1/namespace1.2", "uuid", "11111111-2222-3333-4444-555555555555\n");
	t = load_checked(bed);
	assert_null(replay_ns(t, "namespace0.0"));
	assert_null(replay_ns(t, "namespace1.2"));
	assert_true(replay_says(t, "namespace0.0", "namespace1.2"));
}

static void test_a_namespace_without_identity_is_left_out(void **state)
{
	static const char *const uuids[] = { "", "garbage", "00000000-0000-0000-0000-000000000000" };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(uuids); i++) {
		nv_cleanup(topo_freep) struct topo *t =
			load_with("labelled", "region0/namespace0.0", "uuid", uuids[i]);

		assert_null(replay_ns(t, "namespace0.0"));
		assert_true(replay_says(t, "namespace0.0", "left out"));
	}
}

static void test_a_region_without_labels_or_cookie_has_no_identity(void **state)
{
	static const char *const cookies[] = { "0x0\n", "garbage\n", "-1\n", "0x112233445566778899\n", "" };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cookies); i++) {
		nv_cleanup(topo_freep) struct topo *t = load_with("plain", "region0", "set_cookie", cookies[i]);

		assert_null(replay_ns(t, "namespace0.0"));
		assert_non_null(replay_ns(t, "namespace1.0"));
		assert_true(replay_says(t, "namespace0.0", "init-labels"));
	}
}

/* Two modules that are the same to the kernel, say. */
static void test_regions_with_one_cookie_are_not_told_apart(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = load_with("plain", "region1", "set_cookie", "0x2468ac00123456\n");

	assert_null(replay_ns(t, "namespace0.0"));
	assert_null(replay_ns(t, "namespace1.0"));
	assert_true(replay_says(t, "namespace0.0", "namespace1.0"));
}

static void test_damaged_bad_blocks_never_pass_for_all_of_them(void **state)
{
	static const char *const lists[] = { "garbage\n",	"40 16\ngarbage\n", "40\n",
					     "40 16\n\n8000\n", "-1 8\n",	    "18446744073709551615 8\n" };
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(lists); i++) {
		nv_cleanup(topo_freep) struct topo *t = load_with("plain", "region0", "badblocks", lists[i]);

		assert_true(replay_region(t, "region0")->bad_unknown);
		assert_true(replay_says(t, "region0", "bad blocks"));
	}
}

static void test_missing_bad_blocks_never_pass_for_none(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = load_without("plain", "region0", "badblocks");

	assert_true(replay_region(t, "region0")->bad_unknown);
	assert_false(replay_region(t, "region1")->bad_unknown);
}

/* The kernel cuts its list at a page and does not say so. */
static void test_a_list_of_bad_blocks_that_fills_its_page_is_not_trusted_to_end(void **state)
{
	g_autoptr(UMockdevTestbed) bed = replay_open("plain");
	g_autoptr(GString) text = g_string_new(NULL);
	nv_cleanup(topo_freep) struct topo *t = NULL;
	unsigned int i;

	for (i = 0; text->len < 4070; i++)
		g_string_append_printf(text, "%u 8\n", 100000 + 16 * i);
	replay_write(bed, "region0", "badblocks", text->str);
	t = load_checked(bed);
	assert_true(replay_region(t, "region0")->bad_unknown);
	/* What it does show counts; the disk's own list has three more. */
	assert_int_equal(replay_region(t, "region0")->nr_bad, i + 3);
}

static void test_a_bad_range_past_the_end_is_cut_at_the_end(void **state)
{
	nv_cleanup(topo_freep) struct topo *t = load_with("plain", "region0", "badblocks", "524280 4294967295\n");
	const struct topo_region *r;

	r = replay_region(t, "region0");
	assert_int_equal(r->bad[r->nr_bad - 1].offset, 65535 * 4096);
	assert_int_equal(r->bad[r->nr_bad - 1].nr, 1);
}

static void each_attribute(UMockdevTestbed *bed, const char *path, void (*go)(UMockdevTestbed *bed, const char *path))
{
	DIR *dir = opendir(path);
	const struct dirent *e;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		g_autofree char *below = g_strdup_printf("%s/%s", path, e->d_name);
		struct stat st;

		if (e->d_name[0] == '.' || lstat(below, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			each_attribute(bed, below, go);
		else if (S_ISREG(st.st_mode))
			go(bed, below);
	}
	closedir(dir);
}

static void vary(UMockdevTestbed *bed, const char *path)
{
	static const char *const nasty[] = { "-1\n", "%s%n\xff", NULL };
	g_autofree char *was = NULL, *huge = g_strnfill(5000, '7');
	gsize len;
	size_t i;

	assert_true(g_file_get_contents(path, &was, &len, NULL));
	for (i = 0; i < NV_ARRAY_SIZE(nasty); i++) {
		const char *text = nasty[i] ? nasty[i] : huge;

		replay_put(path, text, strlen(text));
		topo_free(load_checked(bed));
	}
	assert_int_equal(unlink(path), 0);
	topo_free(load_checked(bed));
	replay_put(path, was, len);
}

/* Each attribute of each device, one at a time: a few hundred loads. */
static void test_no_attribute_can_break_the_promises(void **state)
{
	static const char *const parts[] = { "region1", "nmem1", "region0/namespace0.0" };
	g_autoptr(UMockdevTestbed) bed = replay_open("labelled");
	g_autofree char *root = umockdev_testbed_get_root_dir(bed);
	nv_cleanup(topo_freep) struct topo *t = NULL;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(parts); i++) {
		g_autofree char *path = g_strdup_printf("%s/sys/" BUS "/%s", root, parts[i]);

		each_attribute(bed, path, vary);
	}
	/* All of them were put back. */
	t = load_checked(bed);
	assert_int_equal(t->nr_problems, 0);
	assert_int_equal(t->nr_regions, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_region_of_impossible_size_is_left_out),
		cmocka_unit_test(test_a_region_whose_address_is_unknown_is_left_out),
		cmocka_unit_test(test_regions_at_one_address_are_both_left_out),
		cmocka_unit_test(test_a_namespace_outside_its_region_is_left_out),
		cmocka_unit_test(test_namespaces_over_each_other_are_left_out),
		cmocka_unit_test(test_a_label_that_was_copied_makes_both_namespaces_unusable),
		cmocka_unit_test(test_a_namespace_without_identity_is_left_out),
		cmocka_unit_test(test_a_region_without_labels_or_cookie_has_no_identity),
		cmocka_unit_test(test_regions_with_one_cookie_are_not_told_apart),
		cmocka_unit_test(test_damaged_bad_blocks_never_pass_for_all_of_them),
		cmocka_unit_test(test_missing_bad_blocks_never_pass_for_none),
		cmocka_unit_test(test_a_list_of_bad_blocks_that_fills_its_page_is_not_trusted_to_end),
		cmocka_unit_test(test_a_bad_range_past_the_end_is_cut_at_the_end),
		cmocka_unit_test(test_no_attribute_can_break_the_promises),
	};

	replay_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
