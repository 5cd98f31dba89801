/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-store-sqlite.c - the database as a file: what is refused, backup and
 * restore, a history that ends somewhere.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/books.h"
#include "tests/lib/cm.h"
#include "tests/lib/vfs.h"

static struct book_dir dir;

static int setup(void **state)
{
	return book_dir_make(&dir);
}

static int teardown(void **state)
{
	vfs_read_only(false);
	book_dir_remove(&dir);
	return 0;
}

static struct store *must_open(const struct store_sqlite_conf *conf)
{
	struct nv_why why = { "" };
	struct store *s;

	if (store_sqlite_open(dir.path, conf, &why, &s))
		fail_msg("%s", why.text);
	return s;
}

/* Refused with @code, the sentence has @says in it, and the file is as it was. */
static void must_refuse(int code, const char *says)
{
	struct nv_why why = { "" };
	struct store *s;
	struct stat before, after;
	char *head[2] = { calloc(1, 4096), calloc(1, 4096) };
	int i, r, fd;

	assert_int_equal(stat(dir.path, &before), 0);
	for (i = 0; i < 2; i++) {
		fd = open(dir.path, O_RDONLY);
		assert_true(read(fd, head[i], 4096) >= 0);
		close(fd);
		if (i)
			break;
		r = store_sqlite_open(dir.path, NULL, &why, &s);
		if (r != code)
			fail_msg("%d: %s", r, why.text);
		if (!strstr(why.text, says))
			fail_msg("'%s' does not say '%s'", why.text, says);
	}
	assert_int_equal(stat(dir.path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_memory_equal(head[0], head[1], 4096);
	free(head[0]);
	free(head[1]);
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void fill(struct store *s, uint8_t n)
{
	struct pool_fact p = a_pool(1);
	struct extent e[2];
	struct volume_fact v;
	struct bad_fact b = { .pool = { { 1 } }, .nr = 1, .source = BAD_MCE };
	uint8_t i;

	assert_int_equal(store_pool_put(s, &p), 0);
	for (i = 1; i <= n; i++) {
		v = a_volume(i, e);
		b.off = i * 3u;
		assert_int_equal(store_volume_put(s, &v, e), 0);
		assert_int_equal(store_bad_add(s, &b), 0);
	}
}

static void test_what_is_no_database_is_refused(void **state)
{
	char text[5000];

	memset(text, 'x', sizeof(text));
	write_file(dir.path, text, sizeof(text));
	must_refuse(NV_E_BAD_BOOK, "not a database");
}

static void test_another_programs_database_is_refused(void **state)
{
	sql(dir.path, "CREATE TABLE t(x); PRAGMA application_id = 1234");
	must_refuse(NV_E_BAD_BOOK, "another program's");
}

static void test_a_newer_schema_is_refused(void **state)
{
	struct store *s = must_open(NULL);

	store_freep(&s);
	sql(dir.path, "PRAGMA user_version = 99");
	must_refuse(NV_E_BAD_BOOK, "schema 99");
}

static void test_tables_that_are_not_ours_are_refused(void **state)
{
	struct store *s = must_open(NULL);

	store_freep(&s);
	sql(dir.path, "DROP TABLE mapped");
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
		s = must_open(NULL);
		fill(s, 3);
		store_freep(&s);
		sql(dir.path, changes[i]);
		s = must_open(NULL);
		assert_int_equal(book_say(s, &said), NV_E_BAD_BOOK);
		store_freep(&s);
		unlink(dir.path);
	}
}

static void test_a_read_only_database_is_refused(void **state)
{
	struct store_sqlite_conf conf = { .vfs = VFS_NAME };
	struct nv_why why = { "" };
	struct store *s = must_open(NULL);

	fill(s, 3);
	store_freep(&s);
	vfs_register();
	vfs_read_only(true);
	assert_int_equal(store_sqlite_open(dir.path, &conf, &why, &s),
			 NV_E_BOOK_READ_ONLY);
	vfs_read_only(false);
	s = must_open(&conf);
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
	struct store *s = must_open(NULL), *t;
	struct nv_why why;

	assert_int_equal(store_sqlite_open(dir.path, NULL, &why, &t),
			 NV_E_BUSY);
	store_freep(&s);
	s = must_open(NULL);
	store_freep(&s);
}

static void test_a_file_that_may_not_grow_is_a_full_disk(void **state)
{
	struct store_sqlite_conf conf = { .max_pages = 24 };
	struct store *s = must_open(&conf);
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

static void add_events(struct store *s, int nr)
{
	struct event_fact e = { .severity = EVENT_INFO, .text = "x" };
	uint64_t id;
	int i;

	assert_int_equal(store_begin(s, STORE_DURABLE), 0);
	for (i = 0; i < nr; i++) {
		e.time_us = i;
		assert_int_equal(store_event_add(s, &e, &id), 0);
	}
	assert_int_equal(store_commit(s), 0);
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
	struct store *s = must_open(&conf);
	const struct store_events all = { .limit = 100000 };
	uint64_t seen[2] = { 0 };
	int steps = 0, r;

	add_events(s, 3500);
	while ((r = store_idle(s)) == STORE_MORE)
		steps++;
	assert_int_equal(r, 0);
	assert_int_equal(steps, 4);
	assert_int_equal(store_events(s, &all, count, seen), 0);
	assert_int_equal(seen[0], 100);
	assert_int_equal(seen[1], 3401);
	store_freep(&s);
	s = must_open(&conf);
	assert_int_equal(store_last_event(s), 3500);
	store_freep(&s);
}

static void test_idle_leaves_no_log_behind(void **state)
{
	struct store *s = must_open(NULL);
	struct stat st;
	char wal[128];

	fill(s, 100);
	snprintf(wal, sizeof(wal), "%s-wal", dir.path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size > 0);
	while (store_idle(s) == STORE_MORE)
		;
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_size, 0);
	store_freep(&s);
}

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
	struct store *s = must_open(NULL);
	struct script then, now;
	char path[128];
	uint64_t last;

	snprintf(path, sizeof(path), "%s/backup", dir.dir);
	fill(s, 20);
	add_events(s, 10);
	assert_int_equal(book_say(s, &then), 0);
	backup_to(s, path);
	fill(s, 60);
	add_events(s, 10);
	last = store_last_event(s);
	assert_int_equal(store_restore(s, path), 0);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	assert_true(store_last_event(s) >= last);
	fill(s, 2);
	store_freep(&s);
	s = must_open(NULL);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	assert_true(store_last_event(s) >= last);
	store_freep(&s);
}

static void test_a_backup_under_way_may_be_written_beside(void **state)
{
	struct store *s = must_open(NULL);
	uint64_t done, total;
	struct store_backup *b;
	struct script now, then;
	char path[128];
	int r;

	snprintf(path, sizeof(path), "%s/backup", dir.dir);
	fill(s, 100);
	add_events(s, 60000);
	assert_int_equal(store_backup_begin(s, path, &b), 0);
	assert_int_equal(store_backup_step(s, b, &done, &total), STORE_MORE);
	fill(s, 120);
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
	struct store *s = must_open(NULL);
	struct store_backup *b;
	char path[128];

	snprintf(path, sizeof(path), "%s/backup", dir.dir);
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
	struct store *s = must_open(NULL);
	struct script then, now;
	char path[128];
	size_t i;

	snprintf(path, sizeof(path), "%s/backup", dir.dir);
	fill(s, 5);
	assert_int_equal(book_say(s, &then), 0);
	for (i = 0; i < NV_ARRAY_SIZE(spoil); i++) {
		backup_to(s, path);
		sql(path, spoil[i]);
		assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	}
	write_file(path, "", 0);
	assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	write_file(path, "garbage", 7);
	assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	backup_to(s, path);
	assert_int_equal(truncate(path, 8192), 0);
	assert_int_equal(store_restore(s, path), NV_E_NO_BACKUP);
	assert_int_equal(store_restore(s, "/nowhere/backup"), NV_E_NO_BACKUP);
	assert_int_equal(book_say(s, &now), 0);
	assert_string_equal(now.text, then.text);
	store_freep(&s);
}

static void test_lazy_commits_are_atomic_and_the_next_is_durable_again(void **state)
{
	struct store *s = must_open(NULL);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(test_a_backup_restores_what_was_there),
		TEST(test_a_backup_under_way_may_be_written_beside),
		TEST(test_a_backup_that_is_given_up_leaves_no_file),
		TEST(test_what_is_no_backup_changes_nothing),
		TEST(test_lazy_commits_are_atomic_and_the_next_is_durable_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
