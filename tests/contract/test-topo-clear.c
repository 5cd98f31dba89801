/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-topo-clear.c - repair through the real libndctl, by a platform made up here.
 *
 * QEMU offers no clear-error command, so the kernel's answers to the two
 * commands are scripted: this program's open64(), fstat64() and ioctl() stand
 * before the C library's.
 * What the kernel would do to its bad-block list on success is done to the
 * recording's.
 */
#define _GNU_SOURCE /* RTLD_NEXT, struct stat64 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/ndctl.h>

#include "adapter/topo_ndctl.h"
#include "tests/contract/replay.h"
#include "tests/lib/cm.h"

#define SPA UINT64_C(0x100000000)

/* How the platform behaves; cmocka's tests run one after the other. */
static struct platform {
	UMockdevTestbed *bed;
	const char *list_after; /* the region's bad blocks once it cleared something */
	uint64_t at_once; /* bytes that one command clears, at most */
	uint32_t status; /* of the clear command: firmware's own */
	int error; /* of the ioctl */
	int fd; /* the control device */
	unsigned int caps, clears;
	uint64_t first_spa, last_spa;
} platform;

static int ars_cap(struct nd_cmd_ars_cap *cap)
{
	platform.caps++;
	cap->status = ND_ARS_PERSISTENT << 16;
	cap->max_ars_out = 4096;
	cap->clear_err_unit = 256;
	return 0;
}

static int clear_error(struct nd_cmd_clear_error *clear)
{
	platform.clears++;
	if (platform.error) {
		errno = platform.error;
		return -1;
	}
	if (!platform.first_spa)
		platform.first_spa = clear->address;
	platform.last_spa = clear->address;
	clear->status = platform.status;
	clear->cleared = NV_MIN(clear->length, platform.at_once);
	if (platform.list_after)
		replay_write(platform.bed, "region0", "badblocks", platform.list_after);
	return 0;
}

/* The bus's control device: a file that says it is the recorded one. */
int open64(const char *path, int flags, ...)
{
	static int (*real)(const char *, int, ...);
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "open64");
	if (strcmp(path, "/dev/ndctl0"))
		return real(path, flags, mode);
	platform.fd = real("/dev/null", O_RDWR | O_CLOEXEC);
	return platform.fd;
}

int fstat64(int fd, struct stat64 *st)
{
	static int (*real)(int, struct stat64 *);
	int r;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fstat64");
	r = real(fd, st);
	if (!r && fd == platform.fd)
		st->st_rdev = makedev(246, 0);
	return r;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*real)(int, unsigned long, ...);
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd == platform.fd && _IOC_NR(request) == ND_CMD_ARS_CAP)
		return ars_cap(arg);
	if (fd == platform.fd && _IOC_NR(request) == ND_CMD_CLEAR_ERROR)
		return clear_error(arg);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "ioctl");
	return real(fd, request, arg);
}

/* The recording with bad frames 5, 6, 1000 and the last, and the commands. */
static int setup(void **state)
{
	platform = (struct platform){ .bed = replay_open("plain"), .at_once = UINT64_MAX };
	replay_write(platform.bed, ".", "commands", "ars_cap ars_start ars_status clear_error cmd_call \n");
	/* A disabled namespace, as a pool is, has no disk and no second list. */
	replay_write(platform.bed, "region0/namespace0.0/block/pmem0", "badblocks", "");
	return 0;
}

static int teardown(void **state)
{
	g_clear_object(&platform.bed);
	return 0;
}

static int repair(uint64_t offset, uint64_t nr, struct nv_why *why)
{
	nv_cleanup(topo_port_freep) struct topo_port *port = NULL;
	const struct nv_uuid id = topo_id_from_cookie(0x2468ac00123456);

	why->text[0] = '\0';
	assert_int_equal(topo_ndctl_new("/nonexistent", &port), 0);
	return topo_port_clear(port, &id, offset, nr, why);
}

static void test_repaired_frames_are_asked_for_by_address_and_read_back_clean(void **state)
{
	struct nv_why why;

	platform.list_after = "8000 8\n524280 8\n";
	assert_int_equal(repair(5 * 4096, 2, &why), 0);
	assert_int_equal(platform.clears, 1);
	assert_int_equal(platform.caps, 1);
	assert_int_equal(platform.first_spa, SPA + 5 * 4096);
}

static void test_a_platform_that_repairs_in_pieces_is_asked_again(void **state)
{
	struct nv_why why;

	platform.at_once = 512;
	platform.list_after = "8000 8\n524280 8\n";
	assert_int_equal(repair(5 * 4096, 2, &why), 0);
	assert_int_equal(platform.clears, 16);
	assert_int_equal(platform.last_spa, SPA + 7 * 4096 - 512);
}

static void test_success_that_cannot_be_read_back_is_failure(void **state)
{
	struct nv_why why;

	assert_int_equal(repair(5 * 4096, 2, &why), NV_E_BROKEN);
	assert_non_null(strstr(why.text, "still"));
	/* One frame of two. */
	platform.list_after = "48 8\n";
	assert_int_equal(repair(5 * 4096, 2, &why), NV_E_BROKEN);
	assert_non_null(strstr(why.text, "lists 1 of them"));
	/* A list that nobody can read proves nothing. */
	platform.list_after = "garbage\n";
	assert_int_equal(repair(5 * 4096, 2, &why), NV_E_BROKEN);
	assert_non_null(strstr(why.text, "verified"));
}

static void test_a_platform_that_stops_half_way_is_not_asked_for_ever(void **state)
{
	struct nv_why why;

	platform.at_once = 0;
	assert_int_equal(repair(5 * 4096, 2, &why), NV_E_BROKEN);
	assert_int_equal(platform.clears, 1);
	assert_non_null(strstr(why.text, "0 of 8192 bytes"));
}

static void test_failure_is_reported_as_failure(void **state)
{
	struct nv_why why;

	platform.status = 5;
	assert_int_equal(repair(5 * 4096, 2, &why), NV_E_BROKEN);
	platform.status = 0;
	platform.error = EIO;
	assert_int_equal(repair(5 * 4096, 2, &why), -EIO);
	assert_non_null(strstr(why.text, "Input/output error"));
}

static void test_a_platform_without_the_command_is_named(void **state)
{
	struct nv_why why;

	replay_write(platform.bed, ".", "commands", "cmd_call \n");
	assert_int_equal(repair(5 * 4096, 2, &why), NV_E_UNSUPPORTED);
	assert_non_null(strstr(why.text, "ACPI.NFIT"));
	assert_int_equal(platform.clears, 0);
}

static void test_a_range_outside_the_namespace_is_never_asked_for(void **state)
{
	static const struct {
		uint64_t offset, nr;
	} bad[] = {
		{ 0, 0 }, { 512, 1 }, { 65536 * 4096, 1 }, { 65535 * 4096, 2 }, { 0, UINT64_MAX }, { UINT64_MAX - 4095, 1 },
	};
	struct nv_why why;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(bad); i++)
		assert_int_equal(repair(bad[i].offset, bad[i].nr, &why), -ERANGE);
	assert_int_equal(platform.clears, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_repaired_frames_are_asked_for_by_address_and_read_back_clean,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_platform_that_repairs_in_pieces_is_asked_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_success_that_cannot_be_read_back_is_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_platform_that_stops_half_way_is_not_asked_for_ever, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_failure_is_reported_as_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_platform_without_the_command_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_range_outside_the_namespace_is_never_asked_for, setup, teardown),
	};

	replay_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
