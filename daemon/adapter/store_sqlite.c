/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite.c - the book in a SQLite database: opening it,
 * transactions, what errors mean.
 */
#include "adapter/store_sqlite_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* How long a commit waits for a person who looks at the book with sqlite3. */
#define BUSY_MS 500

/* A log longer than this is checkpointed at a commit, idle or not: 64 MiB. */
#define AUTOCHECKPOINT_PAGES 16384

/* Reading is sequential, so a small cache does; in KiB. */
#define CACHE_KIB 1024

static const char *const statements[ST_ROWS] = {
#define X(NAME, sql) [ST_##NAME] = (sql),
	STORE_STATEMENTS(X)
#undef X
};

int sql_error(sqlite3 *db, int rc, struct nv_why *why)
{
	const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	int err = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return nv_refuse(why, -ENOSPC,
				 "the disk that holds the database is full");
	case SQLITE_READONLY:
		return nv_refuse(why, NV_E_BOOK_READ_ONLY,
				 "the database cannot be written: %s", text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* our statements are right, so its schema is not */
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "the database is damaged: %s", text);
	case SQLITE_NOMEM:
		return nv_refuse(why, -ENOMEM, "no memory for the database");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return nv_refuse(why, -EBUSY,
				 "another program has locked the database");
	case SQLITE_CANTOPEN:
		if (err == EROFS || err == EACCES || err == EPERM)
			return nv_refuse(why, NV_E_BOOK_READ_ONLY,
					 "the database cannot be opened for writing: %s",
					 strerror(err));
		break;
	default:
		break;
	}
	if (err == ENOSPC || err == EDQUOT)
		return nv_refuse(why, -ENOSPC,
				 "the disk that holds the database is full");
	return nv_refuse(why, err > 0 ? -err : -EIO, "the database failed: %s%s%s",
			 text, err > 0 ? ", " : "",
			 err > 0 ? strerror(err) : "");
}

static void tx_over(struct store_sqlite *s)
{
	s->in_tx = false;
	if (s->lazy)
		sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL,
			     NULL);
	s->lazy = false;
}

static void tx_undo(struct store_sqlite *s)
{
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->last_event = s->last_event_before;
	s->place_id = 0;
	tx_over(s);
}

int sql_fail(struct store_sqlite *s, int rc)
{
	int r = sql_error(s->db, rc, &s->store.why);
	size_t i;

	for (i = 0; i < ST_NR; i++)
		if (s->stmt[i])
			sqlite3_reset(s->stmt[i]);
	tx_undo(s);
	return r;
}

static const char *statement_text(unsigned int nr, struct sql_text *buf)
{
	if (nr < ST_ROWS)
		return statements[nr];
	nr -= ST_ROWS;
	return row_sql(nr / ROW_VERBS, nr % ROW_VERBS, buf);
}

sqlite3_stmt *sql_stmt(struct store_sqlite *s, unsigned int nr, int *ret_r)
{
	struct sql_text buf;
	int rc;

	if (!s->stmt[nr]) {
		rc = sqlite3_prepare_v3(s->db, statement_text(nr, &buf), -1,
					SQLITE_PREPARE_PERSISTENT,
					&s->stmt[nr], NULL);
		if (rc != SQLITE_OK) {
			*ret_r = sql_fail(s, rc);
			return NULL;
		}
	}
	sqlite3_reset(s->stmt[nr]);
	return s->stmt[nr];
}

int sql_done(struct store_sqlite *s, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_DONE)
		return sql_fail(s, rc);
	sqlite3_reset(st);
	s->dirty = true;
	return 0;
}

static int sql_run(struct store_sqlite *s, enum store_statement nr)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, nr, &r);

	return st ? sql_done(s, st) : r;
}

static int sqlite_begin(struct store *store, enum store_sync sync)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int r;

	if (s->in_tx)
		return nv_refuse(&s->store.why, -EBUSY,
				 "a transaction is open already");
	if (sync == STORE_LAZY) {
		/* Not allowed inside a transaction, hence before it. */
		sqlite3_exec(s->db, "PRAGMA synchronous = NORMAL", NULL, NULL,
			     NULL);
		s->lazy = true;
	}
	s->last_event_before = s->last_event;
	r = sql_run(s, ST_BEGIN);
	if (!r)
		s->in_tx = true;
	return r;
}

static int sqlite_commit(struct store *store)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int r;

	if (!s->in_tx)
		return nv_refuse(&s->store.why, -EINVAL,
				 "the transaction is gone");
	r = sql_run(s, ST_COMMIT);
	if (!r)
		tx_over(s);
	return r;
}

static void sqlite_rollback(struct store *store)
{
	struct store_sqlite *s = store_sqlite_of(store);

	if (s->in_tx)
		tx_undo(s);
}

int sql_unit_begin(struct store_sqlite *s, bool *ret_own)
{
	*ret_own = !s->in_tx;
	return *ret_own ? sqlite_begin(&s->store, STORE_DURABLE) : 0;
}

int sql_unit_end(struct store_sqlite *s, bool own, int r)
{
	if (!own)
		return r;
	if (!r)
		return sqlite_commit(&s->store);
	sqlite_rollback(&s->store);
	return r;
}

static uint64_t sqlite_last_event(struct store *store)
{
	return store_sqlite_of(store)->last_event;
}

/* The events beyond the limit, a thousand at a time, and faults as old as they. */
static int prune(struct store_sqlite *s, int *ret_changed)
{
	uint64_t keep = s->conf.max_events;
	sqlite3_stmt *st;
	int r = 0;

	*ret_changed = 0;
	if (!keep || !s->too_many || s->last_event <= keep)
		return 0;
	st = sql_stmt(s, ST_EVENT_PRUNE, &r);
	if (!st)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)(s->last_event - keep));
	r = sql_done(s, st);
	*ret_changed = sqlite3_changes(s->db);
	if (r || !*ret_changed)
		return r;
	st = sql_stmt(s, ST_FAULT_PRUNE, &r);
	return st ? sql_done(s, st) : r;
}

static int sqlite_idle(struct store *store)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int rc, r, changed;

	if (s->in_tx)
		return 0;
	r = prune(s, &changed);
	if (r || changed)
		return r ? r : STORE_MORE;
	s->too_many = false;
	if (!s->dirty)
		return 0;
	s->dirty = false;
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
				       NULL, NULL);
	sqlite3_db_release_memory(s->db);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ?
		       0 : sql_error(s->db, rc, &s->store.why);
}

void sql_forget(struct store_sqlite *s)
{
	size_t i;

	for (i = 0; i < ST_NR; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	s->place_id = 0;
}

static void sqlite_free(struct store *store)
{
	struct store_sqlite *s = store_sqlite_of(store);

	if (s->db) {
		sql_forget(s);
		sqlite3_close(s->db);
	}
	nv_closep(&s->lock_fd);
	free(s->vfs);
	free(s);
}

static const struct store_ops sqlite_ops = {
	.load = sqlite_load,
	.load_bad = sqlite_load_bad,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.pool_put = sqlite_pool_put,
	.pool_del = sqlite_pool_del,
	.volume_put = sqlite_volume_put,
	.volume_del = sqlite_volume_del,
	.mapping_put = sqlite_mapping_put,
	.mapping_del = sqlite_mapping_del,
	.guest_put = sqlite_guest_put,
	.guest_del = sqlite_guest_del,
	.bad_add = sqlite_bad_add,
	.bad_del = sqlite_bad_del,
	.fault_add = sqlite_fault_add,
	.faults = sqlite_faults,
	.faults_before = sqlite_faults_before,
	.event_add = sqlite_event_add,
	.events = sqlite_events,
	.last_event = sqlite_last_event,
	.idle = sqlite_idle,
	.backup_begin = sqlite_backup_begin,
	.backup_step = sqlite_backup_step,
	.backup_free = sqlite_backup_free,
	.restore = sqlite_restore,
	.free = sqlite_free,
};

/* One daemon at a time; the lock goes with the process, however it ends. */
static int lock_take(struct store_sqlite *s, const char *path,
		     struct nv_why *why)
{
	size_t size = strlen(path) + sizeof("-lock");
	nv_cleanup(nv_freep) char *name = malloc(size);
	int err;

	if (!name)
		return -ENOMEM;
	snprintf(name, size, "%s-lock", path);
	s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0) {
		err = errno;
		return nv_refuse(why,
				 err == EROFS || err == EACCES ?
					 NV_E_BOOK_READ_ONLY : -err,
				 "cannot write beside the database %s: %s",
				 path, strerror(err));
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB))
		return nv_refuse(why, NV_E_BUSY,
				 "another nvdimmd has the database %s", path);
	return 0;
}

/* What it was opened for, and after it was read, also what its header says. */
static int db_check_writable(struct store_sqlite *s, struct nv_why *why)
{
	if (sqlite3_db_readonly(s->db, "main") == 1)
		return nv_refuse(why, NV_E_BOOK_READ_ONLY,
				 "the database %s may only be read",
				 sqlite3_db_filename(s->db, "main"));
	return 0;
}

static int db_open(struct store_sqlite *s, const char *path,
		   struct nv_why *why)
{
	char text[160];
	int rc;

	rc = sqlite3_open_v2(path, &s->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				     SQLITE_OPEN_NOMUTEX,
			     s->vfs);
	if (rc != SQLITE_OK)
		return sql_error(s->db, rc, why);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	snprintf(text, sizeof(text),
		 "PRAGMA page_size = %d; PRAGMA cache_size = -%d;"
		 "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = 1",
		 SCHEMA_PAGE_SIZE, CACHE_KIB);
	rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
	return rc == SQLITE_OK ? db_check_writable(s, why) :
				 sql_error(s->db, rc, why);
}

/* Only now that it is known to be ours is anything written. */
static int db_prepare(struct store_sqlite *s, int version, struct nv_why *why)
{
	char text[160];
	int rc, r;

	r = db_check_writable(s, why);
	if (r)
		return r;
	snprintf(text, sizeof(text),
		 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		 "PRAGMA wal_autocheckpoint = %d; PRAGMA max_page_count = %llu",
		 AUTOCHECKPOINT_PAGES,
		 s->conf.max_pages ? (unsigned long long)s->conf.max_pages :
				     4294967294ULL);
	rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return sql_error(s->db, rc, why);
	r = schema_update(s->db, version, why);
	return r ? r : events_last(s);
}

int store_sqlite_open(const char *path, const struct store_sqlite_conf *conf,
		      struct nv_why *why, struct store **ret)
{
	struct store_sqlite *s = calloc(1, sizeof(*s));
	int r, version;

	if (!s)
		return -ENOMEM;
	s->store.ops = &sqlite_ops;
	s->lock_fd = -1;
	s->too_many = true;
	s->dirty = true;
	if (conf)
		s->conf = *conf;
	if (s->conf.vfs) {
		s->vfs = strdup(s->conf.vfs);
		s->conf.vfs = s->vfs;
	}
	r = s->conf.vfs || !conf || !conf->vfs ? 0 : -ENOMEM;
	if (!r)
		r = lock_take(s, path, why);
	if (!r)
		r = db_open(s, path, why);
	if (!r)
		r = schema_check(s->db, why, &version);
	if (!r)
		r = db_prepare(s, version, why);
	if (r) {
		if (r == -ENOMEM)
			nv_refuse(why, r, "no memory for the database");
		sqlite_free(&s->store);
		return r;
	}
	*ret = &s->store;
	return 0;
}
