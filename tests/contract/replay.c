/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/contract/replay.c - put a recording in place and load it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/topo_ndctl.h"
#include "adapter/topo_ndctl_int.h"
#include "tests/contract/replay.h"
#include "tests/lib/cm.h"

#ifndef REPLAY_DATA
#error "REPLAY_DATA names the directory of the recordings"
#endif

#define BUS "devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0"

const char *__lsan_default_suppressions(void);

/* libndctl forgets some of what it parsed when the rest is damaged. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libndctl.so";
}

void replay_main(char **argv)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload && strstr(preload, "umockdev"))
		return;
	/* The sanitizer wants to be loaded first; that it is second is fine. */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
	execlp("umockdev-wrapper", "umockdev-wrapper", argv[0], NULL);
	perror("umockdev-wrapper");
	_exit(77);
}

/*
 * "nd" is a bus and a class at once, umockdev knows it as a bus only. The
 * class is where libndctl looks for the control devices.
 */
static void add_class(const char *root)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/sys/class/nd", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/sys/class/nd/ndctl0", root);
	assert_int_equal(symlink("../../" BUS "/nd/ndctl0", path), 0);
}

UMockdevTestbed *replay_open(const char *name)
{
	UMockdevTestbed *bed = umockdev_testbed_new();
	g_autofree char *path =
		g_strdup_printf("%s/%s.umockdev", REPLAY_DATA, name);
	g_autofree char *root = NULL;
	GError *err = NULL;

	umockdev_testbed_add_from_file(bed, path, &err);
	if (err)
		fail_msg("%s: %s", path, err->message);
	root = umockdev_testbed_get_root_dir(bed);
	add_class(root);
	return bed;
}

static char *attr_path(UMockdevTestbed *bed, const char *dev, const char *attr)
{
	g_autofree char *root = umockdev_testbed_get_root_dir(bed);

	return g_strdup_printf("%s/sys/" BUS "/%s/%s", root, dev, attr);
}

void replay_put(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void replay_write(UMockdevTestbed *bed, const char *dev, const char *attr,
                  const char *text)
{
	g_autofree char *path = attr_path(bed, dev, attr);

	replay_put(path, text, strlen(text));
}

void replay_remove(UMockdevTestbed *bed, const char *dev, const char *attr)
{
	g_autofree char *path = attr_path(bed, dev, attr);

	assert_int_equal(unlink(path), 0);
}

struct topo *replay_load(UMockdevTestbed *bed)
{
	nv_cleanup(topo_port_freep) struct topo_port *port = NULL;
	struct topo *t = NULL;

	assert_non_null(bed);
	assert_int_equal(topo_ndctl_new("/nonexistent", &port), 0);
	assert_int_equal(topo_port_load(port, &t), 0);
	assert_non_null(t);
	return t;
}

struct topo *replay_read(UMockdevTestbed *bed)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	struct topo *t = NULL;

	assert_non_null(bed);
	assert_int_equal(topo_ndctl_read(&ctx, &t), 0);
	return t;
}

const struct topo_region *replay_region(const struct topo *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nr_regions; i++)
		if (!strcmp(t->regions[i].name, name))
			return &t->regions[i];
	return NULL;
}

const struct topo_ns *replay_ns(const struct topo *t, const char *name)
{
	size_t i, j;

	for (i = 0; i < t->nr_regions; i++)
		for (j = 0; j < t->regions[i].nr_namespaces; j++)
			if (!strcmp(t->regions[i].namespaces[j].name, name))
				return &t->regions[i].namespaces[j];
	return NULL;
}

bool replay_says(const struct topo *t, const char *a, const char *b)
{
	size_t i;

	for (i = 0; i < t->nr_problems; i++)
		if (strstr(t->problems[i], a) && strstr(t->problems[i], b))
			return true;
	return false;
}
