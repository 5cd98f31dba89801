/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/books.h - books with something in them, and all of it as one text.
 */
#ifndef NV_TESTS_BOOKS_H
#define NV_TESTS_BOOKS_H

#include "adapter/store_sqlite.h"

struct script {
	char text[8192];
};

/* What store_load() and store_load_bad() say. */
int book_say(struct store *s, struct script *ret);

extern const struct store_reader say_all;
int say_bad(void *ctx, const struct bad_fact *b);
int say_event(void *ctx, const struct event_fact *e);
void say(struct script *s, const char *fmt, ...) nv_printf(2, 3);

/* Facts that differ by their number, a byte. */
struct pool_fact a_pool(uint8_t n);
struct volume_fact a_volume(uint8_t n, struct extent e[2]);

/* Device @n of a guest of that name, with that volume. */
struct guest_fact a_guest(uint8_t n, uint8_t volume);

/* A directory of its own, and in it the path of a book. */
struct book_dir {
	char dir[64];
	char path[96];
};
int book_dir_make(struct book_dir *d);
void book_dir_remove(struct book_dir *d);

#endif
