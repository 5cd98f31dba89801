/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_backup.c - the book into a file, and a file into the
 * book.
 */
#include "adapter/store_sqlite_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 1 MiB: a few milliseconds, so that a fault need not wait longer. */
#define PAGES_A_STEP 256

struct store_backup {
	struct store_sqlite *s;
	sqlite3 *db;
	sqlite3_backup *copy;
	char *path;
	bool whole;
};

static void closep(sqlite3 **db)
{
	sqlite3_close(*db);
}

static void backup_close(struct store_backup *b)
{
	if (b->copy)
		sqlite3_backup_finish(b->copy);
	b->copy = NULL;
	sqlite3_close(b->db);
	b->db = NULL;
}

void sqlite_backup_free(struct store_backup *b)
{
	if (!b)
		return;
	backup_close(b);
	if (!b->whole)
		unlink(b->path);
	free(b->path);
	free(b);
}

int sqlite_backup_begin(struct store *store, const char *path,
			struct store_backup **ret)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct store_backup *b = calloc(1, sizeof(*b));
	int rc, r = 0;

	if (b)
		b->path = strdup(path);
	if (!b || !b->path) {
		free(b);
		return nv_refuse(&store->why, -ENOMEM, "no memory");
	}
	b->s = s;
	unlink(path);
	rc = sqlite3_open_v2(path, &b->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				     SQLITE_OPEN_NOMUTEX,
			     s->vfs);
	if (rc == SQLITE_OK) {
		b->copy = sqlite3_backup_init(b->db, "main", s->db, "main");
		if (!b->copy)
			rc = sqlite3_errcode(b->db);
	}
	if (rc != SQLITE_OK) {
		r = sql_error(b->db, rc, &store->why);
		sqlite_backup_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

/* One file that stands for itself, on the disk. */
static int backup_finish(struct store_backup *b)
{
	nv_cleanup(nv_closep) int fd = -1;
	int rc;

	rc = sqlite3_backup_finish(b->copy);
	b->copy = NULL;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(b->db, "PRAGMA journal_mode = DELETE", NULL,
				  NULL, NULL);
	if (rc != SQLITE_OK)
		return sql_error(b->db, rc, &b->s->store.why);
	backup_close(b);
	fd = open(b->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return nv_refuse(&b->s->store.why, -errno,
				 "cannot write the backup: %s",
				 strerror(errno));
	b->whole = true;
	return 0;
}

int sqlite_backup_step(struct store_backup *b, uint64_t *done, uint64_t *total)
{
	struct nv_why *why = &b->s->store.why;
	int rc;

	if (b->whole)
		return 0;
	rc = sqlite3_backup_step(b->copy, PAGES_A_STEP);
	*total = (uint64_t)sqlite3_backup_pagecount(b->copy) * SCHEMA_PAGE_SIZE;
	*done = *total - (uint64_t)sqlite3_backup_remaining(b->copy) *
				 SCHEMA_PAGE_SIZE;
	if (rc == SQLITE_OK)
		return STORE_MORE;
	if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		return STORE_MORE;
	if (rc != SQLITE_DONE)
		return sql_error(b->db, rc, why);
	return backup_finish(b);
}

static int no_backup(struct nv_why *why, const char *path,
		     const struct nv_why *reason)
{
	return nv_refuse(why, NV_E_NO_BACKUP, "%s is no backup to restore: %.300s",
			 path, reason->text);
}

/* Memory and I/O fail as they do; everything else means: not a backup. */
static int judge(struct nv_why *why, const char *path, int r,
		 const struct nv_why *reason)
{
	if (r == -ENOMEM || r == -ENOSPC || r == -EIO)
		return nv_refuse(why, r, "%s", reason->text);
	return no_backup(why, path, reason);
}

/*
 * The backup in memory, checked whole and brought up to date there: the file
 * itself is never written, and nobody can change it after it was checked.
 */
static int restore_read(const char *path, sqlite3 **ret, struct nv_why *why)
{
	static const struct store_reader nothing;
	nv_cleanup(closep) sqlite3 *file = NULL, *copy = NULL;
	struct nv_why reason = { "" };
	sqlite3_backup *b;
	int rc, r, version = 0;

	if (access(path, R_OK))
		return nv_refuse(why, NV_E_NO_BACKUP, "cannot read %s: %s",
				 path, strerror(errno));
	rc = sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open(":memory:", &copy);
	if (rc != SQLITE_OK)
		return judge(why, path, sql_error(file, rc, &reason), &reason);
	b = sqlite3_backup_init(copy, "main", file, "main");
	rc = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(copy);
	sqlite3_backup_finish(b);
	if (rc != SQLITE_DONE)
		return judge(why, path, sql_error(NULL, rc, &reason), &reason);

	r = schema_check(copy, &reason, &version);
	if (!r && !version)
		r = nv_refuse(&reason, NV_E_BAD_BOOK, "it is empty");
	if (!r)
		r = schema_update(copy, version, &reason);
	if (!r)
		r = rows_load(copy, &nothing, NULL, &reason);
	if (!r)
		r = rows_load_bad(copy, NULL, NULL, NULL, &reason);
	if (r)
		return judge(why, path, r, &reason);
	*ret = copy;
	copy = NULL;
	return 0;
}

/* Whoever follows the history must not see an id twice. */
static int restore_keep_ids(sqlite3 *copy, uint64_t last, struct nv_why *why)
{
	char sql[80];
	int rc;

	snprintf(sql, sizeof(sql),
		 "UPDATE event_floor SET id = max(id, %llu)",
		 (unsigned long long)last);
	rc = sqlite3_exec(copy, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sql_error(copy, rc, why);
}

int sqlite_restore(struct store *store, const char *path)
{
	struct store_sqlite *s = store_sqlite_of(store);
	nv_cleanup(closep) sqlite3 *copy = NULL;
	sqlite3_backup *b;
	int rc, r;

	if (s->in_tx)
		return nv_refuse(&store->why, -EBUSY,
				 "a transaction is open");
	r = restore_read(path, &copy, &store->why);
	if (r)
		return r;
	r = restore_keep_ids(copy, s->last_event, &store->why);
	if (r)
		return r;
	sql_forget(s);
	b = sqlite3_backup_init(s->db, "main", copy, "main");
	rc = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(s->db);
	if (rc == SQLITE_DONE)
		rc = sqlite3_backup_finish(b);
	else
		sqlite3_backup_finish(b);
	if (rc != SQLITE_OK)
		return sql_fail(s, rc);
	s->dirty = true;
	s->too_many = true;
	return events_last(s);
}
