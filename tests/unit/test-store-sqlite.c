/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-store-sqlite.c - the database as a file: what is refused, a history that
 * ends somewhere.
 */
#include <fcntl.h>

#include "tests/lib/bookfile.h"
#include "tests/lib/vfs.h"

/* Refused with @code, the sentence has @says in it, and the file is as it was. */
static void must_refuse(int code, const char *says)
{
	struct nv_why why = { "" };
	struct store *s;
	struct stat before, after;
	char *head[2] = { calloc(1, 4096), calloc(1, 4096) };
	int i, r, fd;

	assert_int_equal(stat(bookfile.path, &before), 0);
	for (i = 0; i < 2; i++) {
		fd = open(bookfile.path, O_RDONLY);
		assert_true(read(fd, head[i], 4096) >= 0);
		close(fd);
		if (i)
			break;
		r = store_sqlite_open(bookfile.path, NULL, &why, &s);
		if (r != code)
			fail_msg("%d: %s", r, why.text);
		if (!strstr(why.text, says))
			fail_msg("'%s' does not say '%s'", why.text, says);
	}
	assert_int_equal(stat(bookfile.path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_memory_equal(head[0], head[1], 4096);
	free(head[0]);
	free(head[1]);
}

static void test_what_is_no_database_is_refused(void **state)
{
	char text[5000];

	memset(text, 'x', sizeof(text));
	bookfile_write(bookfile.path, text, sizeof(text));
	must_refuse(NV_E_BAD_BOOK, "not a database");
}

static void test_another_programs_database_is_refused(void **state)
{
	bookfile_sql(bookfile.path, "CREATE TABLE t(x); PRAGMA application_id = 1234");
	must_refuse(NV_E_BAD_BOOK, "another program's");
}

static void test_a_newer_schema_is_refused(void **state)
{
	struct store *s = bookfile_open(NULL);

	store_freep(&s);
	bookfile_sql(bookfile.path, "PRAGMA user_version = 99");
	must_refuse(NV_E_BAD_BOOK, "schema 99");
}

static void test_tables_that_are_not_ours_are_refused(void **state)
{
	struct store *s = bookfile_open(NULL);

	store_freep(&s);
	bookfile_sql(bookfile.path, "DROP TABLE mapped");
	must_refuse(NV_E_BAD_BOOK, "its tables are others");
}

static void test_a_changed_value_is_noticed(void **state)
{
	static const char *const changes[] = {
		"UPDATE volume SET nr = nr + 1 WHERE name = 'vol2'",
		"UPDATE extent SET off = off + 512 WHERE idx = 1",
		"UPDATE pool SET mfn = 0",
		"UPDATE bad SET nr = 2 WHERE off = 3",
		"DELETE FROM extent WHERE idx = 1",
		"DELETE FROM volume WHERE name = 'vol1'",
		"DELETE FROM bad_pool",
	};
	struct script said;
	struct store *s;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(changes); i++) {
		s = bookfile_open(NULL);
		bookfile_fill(s, 3);
		store_freep(&s);
		bookfile_sql(bookfile.path, changes[i]);
		s = bookfile_open(NULL);
		assert_int_equal(book_say(s, &said), NV_E_BAD_BOOK);
		store_freep(&s);
		unlink(bookfile.path);
	}
}

static void test_a_read_only_database_is_refused(void **state)
{
	struct store_sqlite_conf conf = { .vfs = VFS_NAME };
	struct nv_why why = { "" };
	struct store *s = bookfile_open(NULL);

	bookfile_fill(s, 3);
	store_freep(&s);
	vfs_register();
	vfs_read_only(true);
	assert_int_equal(store_sqlite_open(bookfile.path, &conf, &why, &s),
			 NV_E_BOOK_READ_ONLY);
	vfs_read_only(false);
	s = bookfile_open(&conf);
	store_freep(&s);
}

static void test_a_directory_without_permission_is_said_to_be_so(void **state)
{
	struct nv_why why = { "" };
	struct store *s;

	assert_int_equal(store_sqlite_open("/proc/self/book", NULL, &why, &s),
			 -ENOENT);
	assert_int_equal(store_sqlite_open("/nowhere/book", NULL, &why, &s),
			 -ENOENT);
	assert_non_null(strstr(why.text, "/nowhere/book"));
}

static void test_a_second_daemon_is_refused(void **state)
{
	struct store *s = bookfile_open(NULL), *t;
	struct nv_why why;

	assert_int_equal(store_sqlite_open(bookfile.path, NULL, &why, &t),
			 NV_E_BUSY);
	store_freep(&s);
	s = bookfile_open(NULL);
	store_freep(&s);
}

static void test_a_file_that_may_not_grow_is_a_full_disk(void **state)
{
	struct store_sqlite_conf conf = { .max_pages = 24 };
	struct store *s = bookfile_open(&conf);
	struct script before, after;
	struct extent e[2];
	struct volume_fact v;
	int r = 0, n;

	for (n = 1; !r && n < 5000; n++) {
		assert_int_equal(book_say(s, &before), 0);
		v = a_volume((uint8_t)(n % 250), e);
		memcpy(v.uuid.b + 8, &n, sizeof(n));
		r = store_volume_put(s, &v, e);
		before.text[8000] = '\0';
	}
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(store_why(s), "full"));
	assert_int_equal(book_say(s, &after), 0);
	assert_int_equal(store_volume_del(s, &v.uuid), 0);
	store_freep(&s);
}

static int count(void *ctx, const struct event_fact *e)
{
	uint64_t *ids = ctx;

	if (!ids[0])
		ids[1] = e->id;
	ids[0]++;
	return 0;
}

static void test_the_history_is_as_long_as_configured(void **state)
{
	struct store_sqlite_conf conf = { .max_events = 100 };
	struct store *s = bookfile_open(&conf);
	const struct store_events all = { .limit = 100000 };
	uint64_t seen[2] = { 0 };
	int steps = 0, r;

	bookfile_events(s, 3500);
	while ((r = store_idle(s)) == STORE_MORE)
		steps++;
	assert_int_equal(r, 0);
	assert_int_equal(steps, 4);
	assert_int_equal(store_events(s, &all, count, seen), 0);
	assert_int_equal(seen[0], 100);
	assert_int_equal(seen[1], 3401);
	store_freep(&s);
	s = bookfile_open(&conf);
	assert_int_equal(store_last_event(s), 3500);
	store_freep(&s);
}

static void test_idle_leaves_no_log_behind(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct stat st;
	char wal[128];

	bookfile_fill(s, 100);
	snprintf(wal, sizeof(wal), "%s-wal", bookfile.path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size > 0);
	while (store_idle(s) == STORE_MORE)
		;
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_size, 0);
	store_freep(&s);
}

static void test_lazy_commits_are_atomic_and_the_next_is_durable_again(void **state)
{
	struct store *s = bookfile_open(NULL);
	struct pool_fact p = a_pool(1);
	struct script said;

	assert_int_equal(store_begin(s, STORE_LAZY), 0);
	assert_int_equal(store_pool_put(s, &p), 0);
	store_rollback(s);
	assert_int_equal(store_begin(s, STORE_LAZY), 0);
	assert_int_equal(store_pool_put(s, &p), 0);
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(book_say(s, &said), 0);
	assert_string_equal(said.text,
			    "pool 1 pool1 namespace1.0 region1 100000+1000;");
	store_freep(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bookfile_setup, bookfile_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_no_database_is_refused),
		TEST(test_another_programs_database_is_refused),
		TEST(test_a_newer_schema_is_refused),
		TEST(test_tables_that_are_not_ours_are_refused),
		TEST(test_a_changed_value_is_noticed),
		TEST(test_a_read_only_database_is_refused),
		TEST(test_a_directory_without_permission_is_said_to_be_so),
		TEST(test_a_second_daemon_is_refused),
		TEST(test_a_file_that_may_not_grow_is_a_full_disk),
		TEST(test_the_history_is_as_long_as_configured),
		TEST(test_idle_leaves_no_log_behind),
		TEST(test_lazy_commits_are_atomic_and_the_next_is_durable_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
