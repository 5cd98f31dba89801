/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/bookfile.h - a book in a file for each test, and what is done to such
 * files.
 */
#ifndef NV_TESTS_BOOKFILE_H
#define NV_TESTS_BOOKFILE_H

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/books.h"
#include "tests/lib/cm.h"

extern struct book_dir bookfile;

int bookfile_setup(void **state);
int bookfile_teardown(void **state);

struct store *bookfile_open(const struct store_sqlite_conf *conf);

/* With sqlite3, as a person would. */
void bookfile_sql(const char *path, const char *text);
void bookfile_write(const char *path, const char *text, size_t len);

/* A pool, @n volumes, a bad range in each. */
void bookfile_fill(struct store *s, uint8_t n);
void bookfile_events(struct store *s, int nr);

#endif
