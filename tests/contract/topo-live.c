/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * topo-live.c - take, release and watch namespaces of a live kernel.
 *
 * Runs inside the machine that tests/contract/live boots, as process 1's
 * child and root. vm/live made the namespaces; they are told apart by their
 * labels' names.
 */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/topo_ndctl.h"
#include "tests/lib/cm.h"

#define MARKS "/etc/nvdimmd/taken"

struct live {
	struct topo_port *port;
	struct topo *t;
};

/* Loads again. @return: the namespace with that label. */
static const struct topo_ns *named(struct live *l, const char *label)
{
	struct topo_place place;
	struct nv_why why = { "" };

	l->t = topo_free(l->t);
	assert_int_equal(topo_port_load(l->port, &l->t), 0);
	if (topo_find(l->t, label, &place, &why))
		fail_msg("%s", why.text);
	return place.ns;
}

static const struct topo_region *region_of(struct live *l, const char *label)
{
	struct topo_place place;

	assert_int_equal(topo_find(l->t, label, &place, NULL), 0);
	return place.region;
}

static const struct topo_region *region_without_labels(struct live *l)
{
	size_t i;

	for (i = 0; i < l->t->nr_regions; i++)
		if (!l->t->regions[i].labelled)
			return &l->t->regions[i];
	fail();
	return NULL;
}

static bool marked(const struct nv_uuid *id)
{
	char path[128], text[NV_UUID_TEXT];

	snprintf(path, sizeof(path), MARKS "/%s", nv_uuid_print(id, text));
	return !access(path, F_OK);
}

static bool has_disk(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return !access(path, F_OK);
}

static int setup(void **state)
{
	struct live *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	assert_int_equal(topo_ndctl_new(MARKS, &l->port), 0);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	struct live *l = *state;

	topo_free(l->t);
	topo_port_freep(&l->port);
	free(l);
	return 0;
}

static void test_all_regions_are_found(void **state)
{
	struct live *l = *state;

	named(l, "pool");
	assert_int_equal(l->t->nr_problems, 0);
	assert_int_equal(l->t->nr_regions, 3);
	assert_int_equal(region_of(l, "pool")->nr_namespaces, 3);
	assert_int_equal(region_of(l, "guest")->nr_namespaces, 5);
	assert_int_equal(region_without_labels(l)->nr_namespaces, 1);
}

static void test_a_taken_namespace_has_no_disk_and_comes_back(void **state)
{
	struct live *l = *state;
	struct nv_why why = { "" };
	char disk[TOPO_NAME];
	const struct topo_ns *ns = named(l, "pool");
	struct nv_uuid id = ns->id;

	strcpy(disk, ns->block);
	assert_true(ns->enabled);
	assert_int_equal(ns->nr_users, 0);
	assert_true(has_disk(disk));

	assert_int_equal(topo_port_take(l->port, &id, false, &why), 0);
	assert_false(has_disk(disk));
	assert_true(marked(&id));
	ns = named(l, "pool");
	assert_false(ns->enabled);
	assert_string_equal(ns->block, "");
	assert_true(nv_uuid_equal(&ns->id, &id));
	assert_int_equal(ns->mode, TOPO_MODE_RAW);

	/* The next start of the daemon says so again. */
	assert_int_equal(topo_port_take(l->port, &id, true, &why), 0);

	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
	assert_true(has_disk(disk));
	assert_false(marked(&id));
	assert_true(named(l, "pool")->enabled);
	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
}

static void test_a_region_without_labels_is_taken_by_its_cookie(void **state)
{
	struct live *l = *state;
	struct nv_why why = { "" };
	const struct topo_region *r;
	char path[128], disk[TOPO_NAME];
	struct nv_uuid id;

	named(l, "pool");
	r = region_without_labels(l);
	id = r->namespaces[0].id;
	strcpy(disk, r->namespaces[0].block);
	snprintf(path, sizeof(path), MARKS "/0x%llx", (unsigned long long)r->cookie);

	assert_int_equal(topo_port_take(l->port, &id, false, &why), 0);
	assert_false(has_disk(disk));
	assert_int_equal(access(path, F_OK), 0);
	named(l, "pool");
	r = region_without_labels(l);
	assert_true(nv_uuid_equal(&r->namespaces[0].id, &id));
	assert_false(r->namespaces[0].enabled);
	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
	assert_true(has_disk(disk));
	assert_int_equal(access(path, F_OK), -1);
}

/* Takes @label, which must be refused with all of that in the sentence. */
static void refused(struct live *l, const char *label, int code, const char *says, const char *also)
{
	const struct topo_ns *ns = named(l, label);
	struct nv_uuid id = ns->id;
	bool enabled = ns->enabled;
	struct nv_why why = { "" };

	assert_int_equal(topo_port_take(l->port, &id, false, &why), code);
	print_message("[ refused  ] %s\n", why.text);
	assert_non_null(strstr(why.text, says));
	assert_non_null(strstr(why.text, also));
	assert_int_equal(named(l, label)->enabled, enabled);
	assert_false(marked(&id));
}

static void test_a_mounted_namespace_is_refused_by_its_mount_point(void **state)
{
	refused(*state, "mounted", NV_E_POOL_BUSY, "mounted on ", "/mnt");
}

static void test_a_namespace_with_swap_is_refused(void **state)
{
	refused(*state, "swap", NV_E_POOL_BUSY, "swap on ", "/dev/pmem");
}

static void test_a_namespace_below_a_mapped_device_is_refused_by_both_names(void **state)
{
	refused(*state, "held", NV_E_POOL_BUSY, "held by dm-0", "(stacked)");
}

static void test_a_namespace_below_a_loop_device_is_refused(void **state)
{
	refused(*state, "loop", NV_E_POOL_BUSY, "held by ", "loop0");
}

static void test_an_open_namespace_is_refused_by_program_and_process(void **state)
{
	struct live *l = *state;
	char path[128], pid[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", named(l, "pool")->block);
	snprintf(pid, sizeof(pid), "(%d)", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	refused(l, "pool", NV_E_POOL_BUSY, "opened by topo-live", pid);
	close(fd);
}

static void test_other_modes_are_refused_with_the_way_out(void **state)
{
	refused(*state, "fsdax", NV_E_UNSUPPORTED, "fsdax", "--mode=raw");
}

static void test_a_disabled_namespace_is_refused_the_first_time_only(void **state)
{
	struct live *l = *state;
	struct nv_why why = { "" };
	struct nv_uuid id;

	refused(l, "spare", NV_E_UNSUPPORTED, "disabled", "ndctl enable-namespace");
	id = named(l, "spare")->id;
	assert_int_equal(topo_port_take(l->port, &id, true, &why), 0);
	assert_true(marked(&id));
	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
	assert_true(named(l, "spare")->enabled);
}

/* What guests write may look like a BTT's arena to the kernel. */
static void test_what_guests_wrote_does_not_keep_a_pool_from_being_taken_again(void **state)
{
	struct live *l = *state;
	struct nv_why why = { "" };
	const struct topo_ns *ns = named(l, "guest");
	struct nv_uuid id = ns->id;

	assert_int_equal(ns->mode, TOPO_MODE_SECTOR);
	assert_int_equal(topo_port_take(l->port, &id, false, &why), NV_E_UNSUPPORTED);
	assert_int_equal(topo_port_take(l->port, &id, true, &why), 0);
	assert_false(named(l, "guest")->enabled);
	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
	ns = named(l, "guest");
	assert_true(ns->enabled);
	/* A BTT's disk would end in an s: the kernel was told not to guess. */
	assert_true(isdigit((unsigned char)ns->block[strlen(ns->block) - 1]));
}

static uint32_t changes(struct live *l, int timeout_ms)
{
	struct pollfd p = { .fd = topo_port_watch_fd(l->port), .events = POLLIN };
	uint32_t all = 0, some;

	assert_true(p.fd >= 0);
	while (poll(&p, 1, timeout_ms) == 1) {
		assert_int_equal(topo_port_drain(l->port, &some), 0);
		all |= some;
		timeout_ms = 200;
	}
	return all;
}

/* The kernel takes the last character for a newline. */
static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void memory_error(uint64_t spa)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx\n", (unsigned long long)spa);
	put("/sys/kernel/debug/mce-inject/flags", "sw\n");
	put("/sys/kernel/debug/mce-inject/addr", text);
	put("/sys/kernel/debug/mce-inject/misc", "0x8c\n");
	put("/sys/kernel/debug/mce-inject/status", "0xbd000000000000c0\n");
	put("/sys/kernel/debug/mce-inject/cpu", "0");
	put("/sys/kernel/debug/mce-inject/bank", "1");
}

static void test_a_change_wakes_the_watcher_and_silence_does_not(void **state)
{
	struct live *l = *state;
	struct nv_why why = { "" };
	const struct topo_ns *ns = named(l, "pool");
	struct nv_uuid id = ns->id;
	uint64_t spa = ns->spa;
	const struct topo_region *r = region_of(l, "pool");
	size_t bad = r->nr_bad;

	assert_int_equal(changes(l, 500), 0);
	assert_int_equal(topo_port_take(l->port, &id, false, &why), 0);
	assert_true(changes(l, 5000) & TOPO_CHANGED_DEVICES);
	assert_int_equal(changes(l, 500), 0);

	/* Also while it is taken, and after the watch was built anew. */
	memory_error(spa + 7 * 4096);
	assert_int_equal(changes(l, 10000), TOPO_CHANGED_BAD);
	assert_int_equal(changes(l, 500), 0);
	named(l, "pool");
	r = region_of(l, "pool");
	assert_int_equal(r->nr_bad, bad + 1);
	assert_int_equal(r->bad[bad].offset, spa - r->spa + 7 * 4096);
	assert_int_equal(r->bad[bad].nr, 1);

	/* This machine cannot repair, and says so. */
	assert_int_equal(topo_port_clear(l->port, &id, 7 * 4096, 1, &why), NV_E_UNSUPPORTED);
	print_message("[ refused  ] %s\n", why.text);
	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
}

static void test_an_unknown_uuid_is_refused(void **state)
{
	struct live *l = *state;
	const struct nv_uuid id = { { 1, 2, 3 } };
	struct nv_why why = { "" };

	assert_int_equal(topo_port_take(l->port, &id, true, &why), NV_E_NO_REGION);
	assert_int_equal(topo_port_clear(l->port, &id, 0, 1, &why), NV_E_NO_REGION);
	assert_int_equal(topo_port_release(l->port, &id, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_regions_are_found),
		cmocka_unit_test(test_a_taken_namespace_has_no_disk_and_comes_back),
		cmocka_unit_test(test_a_region_without_labels_is_taken_by_its_cookie),
		cmocka_unit_test(test_a_mounted_namespace_is_refused_by_its_mount_point),
		cmocka_unit_test(test_a_namespace_with_swap_is_refused),
		cmocka_unit_test(test_a_namespace_below_a_mapped_device_is_refused_by_both_names),
		cmocka_unit_test(test_a_namespace_below_a_loop_device_is_refused),
		cmocka_unit_test(test_an_open_namespace_is_refused_by_program_and_process),
		cmocka_unit_test(test_other_modes_are_refused_with_the_way_out),
		cmocka_unit_test(test_a_disabled_namespace_is_refused_the_first_time_only),
		cmocka_unit_test(test_what_guests_wrote_does_not_keep_a_pool_from_being_taken_again),
		cmocka_unit_test(test_a_change_wakes_the_watcher_and_silence_does_not),
		cmocka_unit_test(test_an_unknown_uuid_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
