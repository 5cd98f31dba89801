/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_int.h - what the files of the SQLite store share.
 *
 * u64 values are stored as SQLite's signed integers, bit for bit.
 */
#ifndef NV_ADAPTER_STORE_SQLITE_INT_H
#define NV_ADAPTER_STORE_SQLITE_INT_H

#include <sqlite3.h>

#include "adapter/store_sqlite.h"

/* "NVDB": what sqlite3 and file(1) show as the application id. */
#define SCHEMA_APPLICATION_ID 0x4e564442
#define SCHEMA_PAGE_SIZE 4096

/* X(NAME, sql): every statement that is kept prepared and is not that of a row. */
#define STORE_STATEMENTS(X)                                                   \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(PLACE_ID, "SELECT id FROM bad_pool WHERE uuid = ?")                 \
	X(PLACE_ADD, "INSERT INTO bad_pool(uuid) VALUES(?)")                  \
	X(BAD_LAST, "SELECT off, nr, time_us, source FROM bad WHERE pool = ?" \
		    " AND off < ? ORDER BY off DESC LIMIT 1")                 \
	X(EVENT_PRUNE, "DELETE FROM event WHERE id <= ? AND id IN"            \
		       " (SELECT id FROM event ORDER BY id LIMIT 1000)")      \
	X(FAULT_PRUNE, "DELETE FROM fault WHERE time_us <"                    \
		       " (SELECT time_us FROM event ORDER BY id LIMIT 1)")

/* The tables whose rows are facts, see store_sqlite_rows.c. */
enum store_row {
	ROW_POOL,    /* struct pool_fact */
	ROW_VOLUME,  /* struct volume_fact */
	ROW_EXTENT,  /* struct piece, with a volume */
	ROW_MAPPING, /* struct mapping_fact */
	ROW_MAPPED,  /* struct piece, with a mapping */
	ROW_DEVICE,  /* struct mapping_fact, of one that is a device */
	ROW_GUEST,   /* struct guest_fact */
	ROW_BAD,     /* struct bad_row */
	ROW_FAULT,   /* struct fault_fact */
	ROW_EVENT,   /* struct event_fact */
	ROW_NR,
};
enum row_verb { ROW_PUT, ROW_DEL, ROW_VERBS };

/* What is kept prepared: those above, and two for each row. */
enum store_statement {
#define X(NAME, sql) ST_##NAME,
	STORE_STATEMENTS(X)
#undef X
	ST_ROWS,
	ST_NR = ST_ROWS + ROW_NR * ROW_VERBS,
};
#define ST_OF_ROW(row, verb) (ST_ROWS + (unsigned int)(row) * ROW_VERBS + (verb))

struct store_sqlite {
	struct store store;
	sqlite3 *db;
	sqlite3_stmt *stmt[ST_NR];
	struct store_sqlite_conf conf;
	char *vfs;
	int lock_fd;
	bool in_tx;           /* between store_begin() and its end */
	bool lazy;            /* that one need not be durable */
	bool dirty;           /* written since the last checkpoint */
	bool too_many;        /* the history may be longer than it should be */
	uint64_t last_event;
	uint64_t last_event_before; /* the transaction under way */
	struct nv_uuid place; /* the last pool whose bad ranges were written, */
	int64_t place_id;     /* and its id; 0: none */
};

static inline struct store_sqlite *store_sqlite_of(struct store *s)
{
	return nv_container_of(s, struct store_sqlite, store);
}

/* ---- store_sqlite.c ---- */

/** sql_error() - what SQLite's @rc means, with a sentence in @why. Return: NV_E_* or -errno, never 0. */
int sql_error(sqlite3 *db, int rc, struct nv_why *why);

/** sql_fail() - the same for the store; the transaction, if any, is gone */
int sql_fail(struct store_sqlite *s, int rc);

/** sql_stmt() - a kept statement, reset. Return: NULL after sql_fail(), *ret_r set. */
sqlite3_stmt *sql_stmt(struct store_sqlite *s, unsigned int nr, int *ret_r);

/** sql_done() - run a statement that returns no rows. Return: 0 or as sql_fail(). */
int sql_done(struct store_sqlite *s, sqlite3_stmt *st);

/**
 * sql_unit_begin() - several statements that are written together
 * Joins the transaction under way, or begins one; *ret_own says which.
 */
int sql_unit_begin(struct store_sqlite *s, bool *ret_own);
/** sql_unit_end() - commit what sql_unit_begin() began. @r: how it went. Return: @r, or why not. */
int sql_unit_end(struct store_sqlite *s, bool own, int r);

/* Of a statement that is not kept. */
static inline void stmt_finalizep(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

/** sql_forget() - statements and caches; the database is another now */
void sql_forget(struct store_sqlite *s);

/* A statement and the position that is bound or read next. */
struct cells {
	sqlite3_stmt *st;
	int at;
	uint64_t sum; /* of everything bound or read so far */
	bool odd;     /* a value does not fit its field */
};

struct cells cells_bind(sqlite3_stmt *st);
struct cells cells_read(sqlite3_stmt *st);
void put_u64(struct cells *c, uint64_t v);
void put_uuid(struct cells *c, const struct nv_uuid *u);
/** put_text() - @text must live until the statement was run */
void put_text(struct cells *c, const char *text);
/** put_sum() - of what was bound before */
void put_sum(struct cells *c);
uint64_t get_u64(struct cells *c);
uint32_t get_u32(struct cells *c);
void get_uuid(struct cells *c, struct nv_uuid *ret);
void get_text(struct cells *c, char *to, size_t size);
/** get_sum() - is it that of what was read before? */
bool get_sum(struct cells *c);

/* ---- store_sqlite_rows.c ---- */

/* One extent with whose it is; a row has either a volume or a mapping. */
struct piece {
	struct nv_uuid volume;
	uint64_t mapping;
	uint32_t idx;
	struct extent_fact fact;
};

/* A bad range; its pool is the number that bad_pool gave it. */
struct bad_row {
	uint64_t pool;
	uint64_t off, nr;
	int64_t time_us;
	uint32_t source;
};

/** row_put() - write @fact as the table has it: new, or in place of the one that has its key. As sql_done(). */
int row_put(struct store_sqlite *s, enum store_row row, const void *fact);

/** row_del() - remove what has the key of @fact, in which nothing else matters. As sql_done(). */
int row_del(struct store_sqlite *s, enum store_row row, const void *fact);

/** row_select() - prepare the reading of rows @from a table, whatever follows that in SQL. Return: SQLite's. */
int row_select(sqlite3 *db, enum store_row row, const char *from,
	       sqlite3_stmt **ret);

/** row_read() - fill @fact. Return: is the sum, if it has one, that of what was read, and does all of it fit? */
bool row_read(sqlite3_stmt *st, enum store_row row, void *fact);

/* Room for any of row_sql(). */
struct sql_text {
	char s[512];
};
/** row_sql() - the statement that row_put() or row_del() keeps. Return: the text, in @buf. */
const char *row_sql(enum store_row row, enum row_verb verb,
		    struct sql_text *buf);

/* ---- store_sqlite_schema.c ---- */

/** schema_check() - is it ours, whole, and not newer than we are? NV_E_BAD_BOOK, -errno. *ret_version 0: empty. */
int schema_check(sqlite3 *db, struct nv_why *why, int *ret_version);
/** schema_update() - from @version to ours, in one transaction */
int schema_update(sqlite3 *db, int version, struct nv_why *why);
/** schema_version() - ours */
int schema_version(void);
int sql_number(sqlite3 *db, const char *sql, int64_t *ret);

/* ---- the other files: the port's functions ---- */
int sqlite_load(struct store *s, const struct store_reader *rd, void *ctx);
/** rows_load() - the same from any connection; NULL readers only check */
int rows_load(sqlite3 *db, const struct store_reader *rd, void *ctx,
	      struct nv_why *why);
int rows_load_bad(sqlite3 *db, const struct nv_uuid *pool, store_bad_fn fn,
		  void *ctx, struct nv_why *why);
int sqlite_load_bad(struct store *s, const struct nv_uuid *pool,
		    store_bad_fn fn, void *ctx);
int sqlite_pool_put(struct store *s, const struct pool_fact *p);
int sqlite_pool_del(struct store *s, const struct nv_uuid *uuid);
int sqlite_volume_put(struct store *s, const struct volume_fact *v,
		      const struct extent *extents);
int sqlite_volume_del(struct store *s, const struct nv_uuid *uuid);
int sqlite_mapping_put(struct store *s, const struct mapping_fact *m,
		       const struct extent *extents);
int sqlite_mapping_del(struct store *s, uint64_t id);
int sqlite_guest_put(struct store *s, const struct guest_fact *g);
int sqlite_guest_del(struct store *s, const char *guest, uint32_t device);
int sqlite_bad_add(struct store *s, const struct bad_fact *b);
int sqlite_bad_del(struct store *s, const struct nv_uuid *pool, uint64_t off,
		   uint64_t nr);
int sqlite_fault_add(struct store *s, const struct fault_fact *f,
		     bool *ret_new);
int sqlite_faults(struct store *s, uint64_t boot_id, store_fault_fn fn,
		  void *ctx);
int sqlite_faults_before(struct store *s, uint64_t boot_id, int64_t since_us,
			 store_fault_fn fn, void *ctx);
int sqlite_event_add(struct store *s, const struct event_fact *e,
		     uint64_t *ret_id);
int sqlite_events(struct store *s, const struct store_events *q,
		  store_event_fn fn, void *ctx);
int events_last(struct store_sqlite *s);
int sqlite_backup_begin(struct store *s, const char *path,
			struct store_backup **ret);
int sqlite_backup_step(struct store_backup *b, uint64_t *done,
		       uint64_t *total);
void sqlite_backup_free(struct store_backup *b);
int sqlite_restore(struct store *s, const char *path);

#endif
