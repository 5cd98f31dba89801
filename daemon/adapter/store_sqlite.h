/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite.h - the book in a SQLite database (port/store.h).
 *
 * One file, in WAL mode, synchronous=FULL; application_id and user_version say
 * what it is. One daemon at a time may have it (PATH-lock says who); anybody
 * who may read it can look at it with sqlite3 meanwhile. Rows that matter carry
 * a checksum, since SQLite itself does not notice a flipped bit in a value.
 */
#ifndef NV_ADAPTER_STORE_SQLITE_H
#define NV_ADAPTER_STORE_SQLITE_H

#include "port/store.h"

struct store_sqlite_conf {
	uint64_t max_events; /* of the history; older ones go when idle. 0: all stay */
	uint64_t max_pages;  /* of 4 KiB: the file's quota; 0: none */
	const char *vfs;     /* SQLite's name of a file system; NULL: the usual */
};

/**
 * store_sqlite_open() - open the book at @path; make it if there is none
 * An older schema is brought up to date, in one transaction.
 * @conf: copied; NULL: all defaults
 * NV_E_BAD_BOOK (no database, another program's, damaged, a newer schema),
 * NV_E_BOOK_READ_ONLY, NV_E_BUSY (another process has it), -ENOSPC, -errno;
 * each with its sentence in @why. Nothing is changed then.
 */
int store_sqlite_open(const char *path, const struct store_sqlite_conf *conf,
		      struct nv_why *why, struct store **ret) nv_must_check;

#endif
