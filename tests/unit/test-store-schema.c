/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-store-schema.c - a book of an older nvdimmd is taken over whole, or not at
 * all, however the taking over ends; one of a newer is left alone.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "tests/lib/bookfile.h"
#include "tests/lib/vfs.h"
#include "tests/unit/book-1.h"

static const struct store_sqlite_conf faulty = { .vfs = VFS_NAME };

static const char was[] =
	"pool 1 pool1 namespace1.0 region1 100000+1000;"
	"volume 1 in 1 'vol1' 'name:db1' home 101 512 1024 -5 2 0+512 2048+512;"
	"volume 2 in 1 'vol2' 'name:db2' home 102 512 1024 -5 2 0+512 2048+512;"
	"volume 3 in 1 'vol3' 'name:db3' home 103 512 1024 -5 2 0+512 2048+512;"
	"mapping 3 boot f000000000000001 of 2 in 1 for 9 'gu\xc3\xa4st' 100000 1024 5 2"
	" 0+512@100000#17 2048+512@100200#18;"
	"bad 1:3+1 by 1;bad 1:6+1 by 1;bad 1:9+1 by 1;";

static void old_book(void)
{
	static const char *const parts[] = { "", "-wal", "-shm", "-journal" };
	char path[120];
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s%s", bookfile.path, parts[i]);
		unlink(path);
	}
	bookfile_sql(bookfile.path, book_1);
}

/* Big endian at byte 60 of the file (sqlite.org, file format, 1.3). */
static int version_of(const char *path)
{
	unsigned char head[64];
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, head, sizeof(head)), sizeof(head));
	close(fd);
	return head[63];
}

static void must_be_whole(struct store *s)
{
	struct script now;

	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, was);
	assert_int_equal(store_last_event(s), 2);
}

static void test_an_older_book_is_taken_over_whole(void **state)
{
	struct guest_fact g = a_guest(0, 2);
	struct script now;
	struct store *s;

	old_book();
	assert_int_equal(version_of(bookfile.path), 1);
	s = bookfile_open(NULL);
	must_be_whole(s);
	assert_int_equal(store_guest_put(s, &g), 0);
	store_freep(&s);
	assert_int_equal(version_of(bookfile.path), 3);
	s = bookfile_open(NULL);
	assert_int_equal(book_say(s, &now), 0);
	assert_non_null(strstr(now.text, "#18;guest name:db0 0: 2 at"));
	store_freep(&s);
}

/* In a process of its own, that the file system may end. Return: did it? */
static bool dies_opening(uint64_t nth, enum vfs_fault fault)
{
	struct nv_why why;
	struct store *s;
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		vfs_register();
		vfs_fault_at(nth, fault);
		if (store_sqlite_open(bookfile.path, &faulty, &why, &s))
			_exit(1);
		store_freep(&s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status) == VFS_EXIT;
}

static void dies_everywhere(enum vfs_fault fault)
{
	unsigned int old = 0, new = 0;
	struct store *s;
	uint64_t nth;
	bool died = true;

	for (nth = 1; died; nth++) {
		old_book();
		vfs_seed(nth * 77);
		died = dies_opening(nth, fault);
		if (version_of(bookfile.path) == 1)
			old++;
		else
			new++;
		s = bookfile_open(NULL);
		must_be_whole(s);
		store_freep(&s);
		assert_int_equal(version_of(bookfile.path), 3);
	}
	/* Some deaths were before it, and one at least behind it. */
	assert_true(old > 2);
	assert_true(new > 0);
}

static void test_dying_anywhere_on_the_way_loses_nothing(void **state)
{
	dies_everywhere(VFS_KILL);
}

static void test_losing_power_anywhere_on_the_way_loses_nothing(void **state)
{
	dies_everywhere(VFS_POWER);
}

static void fails_everywhere(enum vfs_fault fault)
{
	struct nv_why why = { "" };
	struct store *s = NULL;
	unsigned int refused = 0;
	uint64_t nth;
	int r;

	vfs_register();
	for (nth = 1; nth == 1 || vfs_failed(); nth++) {
		old_book();
		vfs_fault_at(nth, fault);
		r = store_sqlite_open(bookfile.path, &faulty, &why, &s);
		if (r) {
			refused++;
			assert_true(vfs_failed());
			assert_true(r < 0 || r == NV_E_BOOK_READ_ONLY);
			assert_true(why.text[0]);
		} else {
			must_be_whole(s);
			store_freep(&s);
		}
		if (!vfs_failed())
			break;
		vfs_fault_at(0, fault);
		s = bookfile_open(NULL);
		must_be_whole(s);
		store_freep(&s);
	}
	vfs_fault_at(0, fault);
	assert_true(refused > 0);
}

static void test_a_full_disk_leaves_the_older_book_as_it_was(void **state)
{
	fails_everywhere(VFS_FULL);
}

static void test_a_failing_disk_leaves_the_older_book_as_it_was(void **state)
{
	fails_everywhere(VFS_IOERR);
}

static void test_an_older_backup_is_restored(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct guest_fact g = a_guest(0, 2);
	struct script now;
	char path[128];

	snprintf(path, sizeof(path), "%s/backup", bookfile.dir);
	bookfile_sql(path, book_1);
	bookfile_fill(s, 1);
	assert_int_equal(store_restore(s, path), 0);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, was);
	assert_int_equal(store_guest_put(s, &g), 0);
	store_freep(&s);
	assert_int_equal(version_of(path), 1);
}

static void test_a_newer_book_is_refused_with_both_numbers(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct nv_why why = { "" };

	store_freep(&s);
	bookfile_sql(bookfile.path, "PRAGMA user_version = 4");
	assert_int_equal(store_sqlite_open(bookfile.path, NULL, &why, &s),
			 NV_E_BAD_BOOK);
	assert_string_equal(why.text,
			    "the database has schema 4, this nvdimmd knows up to 3: a newer one wrote it");
	assert_int_equal(version_of(bookfile.path), 4);
}

static void test_schema_1_with_the_tables_of_2_is_none_of_ours(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct nv_why why = { "" };

	store_freep(&s);
	bookfile_sql(bookfile.path, "PRAGMA user_version = 1");
	assert_int_equal(store_sqlite_open(bookfile.path, NULL, &why, &s),
			 NV_E_BAD_BOOK);
	assert_non_null(strstr(why.text, "its tables are others"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bookfile_setup, bookfile_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_older_book_is_taken_over_whole),
		TEST(test_dying_anywhere_on_the_way_loses_nothing),
		TEST(test_losing_power_anywhere_on_the_way_loses_nothing),
		TEST(test_a_full_disk_leaves_the_older_book_as_it_was),
		TEST(test_a_failing_disk_leaves_the_older_book_as_it_was),
		TEST(test_an_older_backup_is_restored),
		TEST(test_a_newer_book_is_refused_with_both_numbers),
		TEST(test_schema_1_with_the_tables_of_2_is_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
