/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bookfile.c - a book in a file for each test, and what is done to such files.
 */
#include "tests/lib/bookfile.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

struct book_dir bookfile;

int bookfile_setup(void **state)
{
	return book_dir_make(&bookfile);
}

int bookfile_teardown(void **state)
{
	book_dir_remove(&bookfile);
	return 0;
}

struct store *bookfile_open(const struct store_sqlite_conf *conf)
{
	struct nv_why why = { "" };
	struct store *s;

	if (store_sqlite_open(bookfile.path, conf, &why, &s))
		fail_msg("%s", why.text);
	return s;
}

void bookfile_sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

void bookfile_write(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

void bookfile_fill(struct store *s, uint8_t n)
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

void bookfile_events(struct store *s, int nr)
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
