/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-firmware-files.c - a guest's file says what was put, or is not there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapter/firmware_files.h"
#include "codec/acpi_tables.h"
#include "tests/lib/acpi-read.h"
#include "tests/lib/cm.h"

#define UUID "3f0e7a52-8d3c-4c56-9a57-c1f6f9f0a7b1"

struct fix {
	char dir[32], guests[48];
	struct firmware_port *port;
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/nv-firmware-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->guests, sizeof(f->guests), "%s/guests", f->dir);
	assert_int_equal(firmware_files_new(f->guests, &f->port), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;
	char command[64];

	firmware_freep(&f->port);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static struct firmware at(uint64_t gpa)
{
	return (struct firmware){
		.dev[0] = { .gpa = gpa, .size = 16u << 20 }, .nr = 1 };
}

static void must_put(struct fix *f, const char *guest, uint64_t gpa)
{
	struct firmware fw = at(gpa);
	struct nv_why why = { "" };

	if (firmware_put(f->port, guest, &fw, &why))
		fail_msg("%s", why.text);
}

/* The address that the file of @guest tells; 0: there is no file. */
static uint64_t told(struct fix *f, const char *guest)
{
	uint8_t bytes[ACPI_TABLES_MAX];
	char path[FIRMWARE_PATH];
	struct acpi_seen seen;
	ssize_t n;
	int fd;

	if (firmware_path(f->port, guest, path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	assert_true(n > 0);
	acpi_read(bytes, (size_t)n, &seen);
	assert_int_equal(seen.fw.nr, 1);
	return seen.fw.dev[0].gpa;
}

static void test_the_last_that_was_put_is_what_the_guest_finds(void **state)
{
	struct fix *f = *state;

	assert_int_equal(told(f, "name:db1"), 0);
	must_put(f, "name:db1", 0x40000000);
	assert_int_equal(told(f, "name:db1"), 0x40000000);
	must_put(f, "name:db1", 0x80000000);
	assert_int_equal(told(f, "name:db1"), 0x80000000);
	assert_int_equal(told(f, "name:db2"), 0);
	assert_int_equal(firmware_del(f->port, "name:db1"), 0);
	assert_int_equal(told(f, "name:db1"), 0);
	assert_int_equal(firmware_del(f->port, "name:db1"), 0);
}

static ino_t inode(struct fix *f, const char *guest)
{
	char path[FIRMWARE_PATH];
	struct stat s;

	assert_int_equal(firmware_path(f->port, guest, path), 0);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0644);
	return s.st_ino;
}

static void test_a_file_that_says_so_already_is_not_written(void **state)
{
	struct fix *f = *state;
	ino_t before;

	must_put(f, "name:db1", 0x40000000);
	before = inode(f, "name:db1");
	must_put(f, "name:db1", 0x40000000);
	assert_int_equal(inode(f, "name:db1"), before);
	must_put(f, "name:db1", 0x80000000);
	assert_int_not_equal(inode(f, "name:db1"), before);
}

static void test_what_tables_cannot_say_leaves_the_file_as_it_was(void **state)
{
	struct fix *f = *state;
	struct firmware fw = at(0x40001000);
	struct nv_why why = { "" };

	must_put(f, "name:db1", 0x40000000);
	assert_int_equal(firmware_put(f->port, "name:db1", &fw, &why),
			 NV_E_BAD_ALIGNMENT);
	assert_true(why.text[0]);
	assert_int_equal(told(f, "name:db1"), 0x40000000);
}

static void expect_name(struct fix *f, const char *guest, const char *name)
{
	char path[FIRMWARE_PATH], want[128];

	must_put(f, guest, 0x40000000);
	assert_int_equal(firmware_path(f->port, guest, path), 0);
	snprintf(want, sizeof(want), "%s/%s", f->guests, name);
	assert_string_equal(path, want);
}

static void test_no_name_leaves_the_directory_or_is_another_guests(void **state)
{
	struct fix *f = *state;

	expect_name(f, "uuid:" UUID, UUID ".acpi");
	expect_name(f, "name:" UUID, "%33" "f0e7a52-8d3c-4c56-9a57-c1f6f9f0a7b1.acpi");
	expect_name(f, "name:db1", "db1.acpi");
	expect_name(f, "name:..", "%2E..acpi");
	expect_name(f, "name:../x", "%2E.%2Fx.acpi");
	expect_name(f, "name:a%2Fb", "a%252Fb.acpi");
	expect_name(f, "name:a\"b \\c'", "a%22b%20%5Cc%27.acpi");
	expect_name(f, "name:gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f.acpi");
}

static void test_a_name_that_is_too_long_for_a_file_is_told_so(void **state)
{
	struct fix *f = *state;
	struct firmware fw = at(0x40000000);
	struct nv_why why = { "" };
	char guest[160] = "name:";

	memset(guest + 5, '/', 150);
	assert_int_equal(firmware_put(f->port, guest, &fw, &why), -ENAMETOOLONG);
	assert_non_null(strstr(why.text, "too long"));
	memset(guest + 5, 'x', 150);
	assert_int_equal(firmware_put(f->port, guest, &fw, &why), 0);
}

static void touch(struct fix *f, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->guests, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
}

static bool is_there(struct fix *f, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->guests, name);
	return !access(path, F_OK);
}

static void test_only_the_files_of_those_who_are_kept_stay(void **state)
{
	static const char *const kept[] = { "name:db1", "uuid:" UUID };
	struct fix *f = *state;

	assert_int_equal(firmware_keep(f->port, kept, 2), 0);
	must_put(f, "name:db1", 0x40000000);
	must_put(f, "name:db2", 0x40000000);
	must_put(f, "uuid:" UUID, 0x40000000);
	touch(f, "db1.acpi.part");
	touch(f, "notes.txt");
	assert_int_equal(firmware_keep(f->port, kept, 2), 0);
	assert_int_equal(told(f, "name:db1"), 0x40000000);
	assert_int_equal(told(f, "name:db2"), 0);
	assert_int_equal(told(f, "uuid:" UUID), 0x40000000);
	assert_false(is_there(f, "db1.acpi.part"));
	assert_true(is_there(f, "notes.txt"));
	assert_int_equal(firmware_keep(f->port, NULL, 0), 0);
	assert_int_equal(told(f, "name:db1"), 0);
}

static void test_a_directory_that_cannot_be_is_an_error(void **state)
{
	struct fix *f = *state;
	struct firmware fw = at(0x40000000);
	struct nv_why why = { "" };
	int fd = open(f->guests, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(firmware_put(f->port, "name:db1", &fw, &why), -ENOTDIR);
	assert_non_null(strstr(why.text, f->guests));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_last_that_was_put_is_what_the_guest_finds),
		TEST(test_a_file_that_says_so_already_is_not_written),
		TEST(test_what_tables_cannot_say_leaves_the_file_as_it_was),
		TEST(test_no_name_leaves_the_directory_or_is_another_guests),
		TEST(test_a_name_that_is_too_long_for_a_file_is_told_so),
		TEST(test_only_the_files_of_those_who_are_kept_stay),
		TEST(test_a_directory_that_cannot_be_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
