/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-store-backup.c - the book into a file, and a file into the book.
 */
#include "tests/lib/bookfile.h"

static void backup_to(struct store *s, const char *path)
{
	uint64_t done = 0, total = 0, last = 0;
	struct store_backup *b;
	int r;

	assert_int_equal(store_backup_begin(s, path, &b), 0);
	while ((r = store_backup_step(s, b, &done, &total)) == STORE_MORE) {
		assert_true(done >= last && done <= total);
		last = done;
	}
	assert_int_equal(r, 0);
	assert_int_equal(done, total);
	store_backup_free(s, b);
}

static void test_a_backup_restores_what_was_there(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct script then, now;
	char path[128];
	uint64_t last;

	snprintf(path, sizeof(path), "%s/backup", bookfile.dir);
	bookfile_fill(s, 20);
	bookfile_events(s, 10);
	assert_int_equal(book_say(s, &then), 0);
	backup_to(s, path);
	bookfile_fill(s, 60);
	bookfile_events(s, 10);
	last = store_last_event(s);
	assert_int_equal(store_restore(s, path), 0);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	assert_true(store_last_event(s) >= last);
	bookfile_fill(s, 2);
	store_freep(&s);
	s = bookfile_open(NULL);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	assert_true(store_last_event(s) >= last);
	store_freep(&s);
}

static void test_a_backup_under_way_may_be_written_beside(void **state)
{
	struct store *s = bookfile_open(NULL);
	uint64_t done, total;
	struct store_backup *b;
	struct script now, then;
	char path[128];
	int r;

	snprintf(path, sizeof(path), "%s/backup", bookfile.dir);
	bookfile_fill(s, 100);
	bookfile_events(s, 60000);
	assert_int_equal(store_backup_begin(s, path, &b), 0);
	assert_int_equal(store_backup_step(s, b, &done, &total), STORE_MORE);
	bookfile_fill(s, 120);
	assert_int_equal(book_say(s, &then), 0);
	while ((r = store_backup_step(s, b, &done, &total)) == STORE_MORE)
		;
	assert_int_equal(r, 0);
	store_backup_free(s, b);
	assert_int_equal(store_restore(s, path), 0);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	store_freep(&s);
}

static void test_a_backup_that_is_given_up_leaves_no_file(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct store_backup *b;
	char path[128];

	snprintf(path, sizeof(path), "%s/backup", bookfile.dir);
	assert_int_equal(store_backup_begin(s, path, &b), 0);
	store_backup_free(s, b);
	assert_int_equal(access(path, F_OK), -1);
	store_freep(&s);
}

static void test_what_is_no_backup_changes_nothing(void **state)
{
	static const char *const spoil[] = {
		"PRAGMA user_version = 99",
		"PRAGMA application_id = 1",
		"DROP TABLE event",
		"UPDATE extent SET off = 1 WHERE idx = 0",
		"DELETE FROM bad_pool",
		"UPDATE bad SET off = off + 1 WHERE off = 3",
	};
	struct store *s = bookfile_open(NULL);
	struct script then, now;
	char path[128];
	size_t i;

	snprintf(path, sizeof(path), "%s/backup", bookfile.dir);
	bookfile_fill(s, 5);
	assert_int_equal(book_say(s, &then), 0);
	for (i = 0; i < NV_ARRAY_SIZE(spoil); i++) {
		backup_to(s, path);
		bookfile_sql(path, spoil[i]);
		assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	}
	bookfile_write(path, "", 0);
	assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	bookfile_write(path, "garbage", 7);
	assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	backup_to(s, path);
	assert_int_equal(truncate(path, 8192), 0);
	assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	assert_int_equal(store_restore(s, "/nowhere/backup"), NV_E_NO_BACKUP);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	store_freep(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bookfile_setup, bookfile_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_backup_restores_what_was_there),
		TEST(test_a_backup_under_way_may_be_written_beside),
		TEST(test_a_backup_that_is_given_up_leaves_no_file),
		TEST(test_what_is_no_backup_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
