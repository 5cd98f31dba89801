/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-file.c - a described host behaves at the port as a real one does.
 *
 * tests/contract/topo-live.c says the same of the kernel.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/topo_file.h"
#include "tests/lib/cm.h"

#define UUID(n) "5f3e1d2c-0b1a-4c5d-8e9f-00000000000" #n

static const char host[] =
	"region \"region0\" {\n"
	"	spa = \"0x140000000\" size = \"256 MiB\"\n"
	"	bad = { \"0x5000+8KiB\", \"0x3e8000\" }\n"
	"	namespace \"namespace0.0\" { uuid = \"" UUID(0) "\" size = \"64 MiB\" }\n"
	"	namespace \"namespace0.1\" { uuid = \"" UUID(1) "\" size = \"64 MiB\"\n"
	"		used_by = { \"mount /srv\", \"opener dd 4711\" } }\n"
	"	namespace \"namespace0.2\" { uuid = \"" UUID(2) "\" size = \"64 MiB\" mode = \"fsdax\" }\n"
	"	namespace \"namespace0.3\" { uuid = \"" UUID(3) "\" size = \"64 MiB\" enabled = \"false\" }\n"
	"}\n"
	"region \"region1\" {\n"
	"	spa = \"0x150000000\" size = \"64 MiB\" bad = { \"0x1000\" }\n"
	"	dimm \"nmem1\" { health = { \"fatal\" } }\n"
	"	namespace \"namespace1.0\" { uuid = \"" UUID(4) "\" }\n"
	"}\n";

struct fix {
	char dir[32], path[64];
	struct topo_port *port;
	struct topo *t;
	struct nv_why why;
};

static void describe(struct fix *f, const char *text)
{
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void start(struct fix *f)
{
	topo_port_freep(&f->port);
	assert_int_equal(topo_file_new(f->path, &f->why, &f->port), 0);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/topo-file.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/host.conf", f->dir);
	describe(f, host);
	start(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s.repaired", f->path);
	unlink(path);
	unlink(f->path);
	rmdir(f->dir);
	topo_free(f->t);
	topo_port_freep(&f->port);
	free(f);
	return 0;
}

static struct nv_uuid id_of(uint8_t n)
{
	struct nv_uuid id;

	assert_int_equal(nv_uuid_parse(UUID(0), &id), 0);
	id.b[15] = n;
	return id;
}

static struct topo_place now(struct fix *f, uint8_t n)
{
	const struct nv_uuid id = id_of(n);
	struct topo_place place;

	f->t = topo_free(f->t);
	assert_int_equal(topo_port_load(f->port, &f->t), 0);
	assert_true(topo_find_id(f->t, &id, &place));
	return place;
}

static int take(struct fix *f, uint8_t n, bool again)
{
	const struct nv_uuid id = id_of(n);

	f->why.text[0] = '\0';
	return topo_port_take(f->port, &id, again, &f->why);
}

static int repair(struct fix *f, uint8_t n, uint64_t offset, uint64_t nr)
{
	const struct nv_uuid id = id_of(n);

	f->why.text[0] = '\0';
	return topo_port_clear(f->port, &id, offset, nr, &f->why);
}

static void test_a_taken_namespace_stands_disabled_until_it_is_released(void **state)
{
	const struct nv_uuid id = id_of(0);
	struct fix *f = *state;

	assert_true(now(f, 0).ns->enabled);
	assert_int_equal(take(f, 0, false), 0);
	assert_false(now(f, 0).ns->enabled);
	assert_int_equal(take(f, 0, true), 0);
	assert_int_equal(topo_port_release(f->port, &id, &f->why), 0);
	assert_true(now(f, 0).ns->enabled);
	assert_int_equal(topo_port_release(f->port, &id, &f->why), 0);
}

static void test_users_are_refused_by_name(void **state)
{
	struct fix *f = *state;

	assert_int_equal(take(f, 1, false), NV_E_POOL_BUSY);
	assert_non_null(strstr(f->why.text, "mounted on /srv"));
	assert_non_null(strstr(f->why.text, "opened by dd (4711)"));
	assert_int_equal(take(f, 1, true), NV_E_POOL_BUSY);
	assert_true(now(f, 1).ns->enabled);
}

static void test_modes_and_disabled_ones_are_refused_the_first_time_only(void **state)
{
	struct fix *f = *state;

	assert_int_equal(take(f, 2, false), NV_E_UNSUPPORTED);
	assert_non_null(strstr(f->why.text, "--mode=raw"));
	assert_int_equal(take(f, 2, true), 0);
	assert_int_equal(take(f, 3, false), NV_E_UNSUPPORTED);
	assert_non_null(strstr(f->why.text, "disabled"));
	assert_int_equal(take(f, 3, true), 0);
	assert_int_equal(take(f, 9, true), NV_E_NO_REGION);
}

static void test_what_was_repaired_is_clean_and_stays_so(void **state)
{
	struct fix *f = *state;

	assert_int_equal(now(f, 0).region->nr_bad, 2);
	assert_int_equal(repair(f, 0, 0x5000, 1), 0);
	assert_int_equal(now(f, 0).region->nr_bad, 2);
	assert_int_equal(now(f, 0).region->bad[0].offset, 0x6000);
	assert_int_equal(repair(f, 0, 0x6000, 1), 0);
	assert_int_equal(now(f, 0).region->nr_bad, 1);
	start(f);
	assert_int_equal(now(f, 0).region->nr_bad, 1);
	assert_int_equal(now(f, 0).region->bad[0].offset, 0x3e8000);
}

static void test_a_host_described_anew_has_all_its_bad_memory_again(void **state)
{
	struct fix *f = *state;

	assert_int_equal(repair(f, 0, 0x5000, 2), 0);
	assert_int_equal(now(f, 0).region->nr_bad, 1);
	usleep(20000); /* a coarse clock's tick */
	describe(f, host);
	assert_int_equal(now(f, 0).region->nr_bad, 2);
	/* And what was repaired of the old one does not come back. */
	assert_int_equal(repair(f, 0, 0x3e8000, 1), 0);
	assert_int_equal(now(f, 0).region->nr_bad, 1);
	assert_int_equal(now(f, 0).region->bad[0].offset, 0x5000);
}

static void test_repair_that_fails_is_reported_and_changes_nothing(void **state)
{
	struct fix *f = *state;

	assert_int_equal(repair(f, 4, 0x1000, 1), NV_E_BROKEN);
	assert_non_null(strstr(f->why.text, "region1"));
	assert_int_equal(now(f, 4).region->nr_bad, 1);
	assert_int_equal(repair(f, 9, 0, 1), NV_E_NO_REGION);
	assert_int_equal(repair(f, 0, 0, 0), -ERANGE);
	assert_int_equal(repair(f, 0, 512, 1), -ERANGE);
	assert_int_equal(repair(f, 0, 64 << 20, 1), -ERANGE);
	assert_int_equal(repair(f, 0, 0, UINT64_MAX), -ERANGE);
}

static void test_a_damaged_list_of_repairs_is_an_error_not_a_guess(void **state)
{
	struct fix *f = *state;
	struct topo *t = NULL;
	char path[96];
	FILE *file;

	assert_int_equal(repair(f, 0, 0x5000, 1), 0);
	snprintf(path, sizeof(path), "%s.repaired", f->path);
	file = fopen(path, "ae");
	assert_non_null(file);
	fputs("garbage\n", file);
	fclose(file);
	assert_int_equal(topo_port_load(f->port, &t), -EBADMSG);
	assert_null(t);
}

static uint32_t changes(struct fix *f)
{
	struct pollfd p = { .fd = topo_port_watch_fd(f->port), .events = POLLIN };
	uint32_t some = 0;

	if (poll(&p, 1, 0) == 1)
		assert_int_equal(topo_port_drain(f->port, &some), 0);
	return some;
}

static void test_a_file_that_changes_wakes_the_watcher(void **state)
{
	struct fix *f = *state;
	char path[96];

	assert_int_equal(changes(f), 0);
	describe(f, host);
	assert_int_not_equal(changes(f), 0);
	assert_int_equal(changes(f), 0);

	/* As editors do it, and twice, for the first file is gone then. */
	snprintf(path, sizeof(path), "%s.new", f->path);
	for (int i = 0; i < 2; i++) {
		struct fix other = { .port = NULL };

		strcpy(other.path, path);
		describe(&other, host);
		assert_int_equal(changes(f), 0);
		assert_int_equal(rename(path, f->path), 0);
		assert_int_not_equal(changes(f), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_taken_namespace_stands_disabled_until_it_is_released),
		TEST(test_users_are_refused_by_name),
		TEST(test_modes_and_disabled_ones_are_refused_the_first_time_only),
		TEST(test_what_was_repaired_is_clean_and_stays_so),
		TEST(test_a_host_described_anew_has_all_its_bad_memory_again),
		TEST(test_repair_that_fails_is_reported_and_changes_nothing),
		TEST(test_a_damaged_list_of_repairs_is_an_error_not_a_guess),
		TEST(test_a_file_that_changes_wakes_the_watcher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
