/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_events.c - faults and the history of what happened.
 */
#include "adapter/store_sqlite_int.h"

int sqlite_fault_add(struct store *store, const struct fault_fact *f,
		     bool *ret_new)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int r;

	r = row_put(s, ROW_FAULT, f);
	if (r)
		return r;
	s->too_many = true;
	*ret_new = sqlite3_changes(s->db) > 0;
	return 0;
}

static int faults_read(struct store *store, const char *from, uint64_t boot_id,
		       int64_t since_us, store_fault_fn fn, void *ctx)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	struct store_sqlite *s = store_sqlite_of(store);
	struct fault_fact f;
	int rc, r = 0;

	rc = row_select(s->db, ROW_FAULT, from, &st);
	if (rc != SQLITE_OK)
		return sql_error(s->db, rc, &store->why);
	sqlite3_bind_int64(st, 1, (int64_t)boot_id);
	sqlite3_bind_int64(st, 2, since_us);
	while (!r && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		row_read(st, ROW_FAULT, &f);
		r = fn(ctx, &f);
	}
	if (!r && rc != SQLITE_DONE)
		r = sql_error(s->db, rc, &store->why);
	return r;
}

int sqlite_faults(struct store *store, uint64_t boot_id, store_fault_fn fn,
		  void *ctx)
{
	return faults_read(store, "fault WHERE boot_id = ?1 AND time_us >= ?2"
			   " ORDER BY seq", boot_id, INT64_MIN, fn, ctx);
}

/* All faults are looked at, once a start; the history's limit is the limit of that, too. */
int sqlite_faults_before(struct store *store, uint64_t boot_id,
			 int64_t since_us, store_fault_fn fn, void *ctx)
{
	return faults_read(store, "fault WHERE boot_id != ?1 AND time_us >= ?2"
			   " ORDER BY time_us, boot_id, seq", boot_id, since_us,
			   fn, ctx);
}

int sqlite_event_add(struct store *store, const struct event_fact *e,
		     uint64_t *ret_id)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct event_fact row = *e;
	int r;

	row.id = s->last_event + 1;
	r = row_put(s, ROW_EVENT, &row);
	if (r)
		return r;
	s->too_many = true;
	*ret_id = ++s->last_event;
	return 0;
}

/* Newest first inside, so that the limit keeps those; oldest first outside. */
static const char *events_from(const struct store_events *q)
{
#define ANYWHERE "event WHERE id > ?1 AND time_us >= ?2 "
#define AT ANYWHERE "AND pool = ?4 AND nr > 0 AND off < ?6 AND off + nr > ?5 "
#define NEWEST(from) \
	"(SELECT * FROM " from "ORDER BY id DESC LIMIT ?3) ORDER BY id"
#define OLDEST(from) from "ORDER BY id LIMIT ?3"

	if (q->pool)
		return q->newest ? NEWEST(AT) : OLDEST(AT);
	return q->newest ? NEWEST(ANYWHERE) : OLDEST(ANYWHERE);
}

int sqlite_events(struct store *store, const struct store_events *q,
		  store_event_fn fn, void *ctx)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	struct store_sqlite *s = store_sqlite_of(store);
	struct event_fact e;
	int rc, r = 0;

	rc = row_select(s->db, ROW_EVENT, events_from(q), &st);
	if (rc != SQLITE_OK)
		return sql_error(s->db, rc, &store->why);
	sqlite3_bind_int64(st, 1, (int64_t)q->after);
	sqlite3_bind_int64(st, 2, q->since_us);
	sqlite3_bind_int64(st, 3, q->limit);
	if (q->pool) {
		sqlite3_bind_blob(st, 4, q->pool->b, sizeof(q->pool->b),
				  SQLITE_STATIC);
		sqlite3_bind_int64(st, 5, (int64_t)q->off);
		sqlite3_bind_int64(st, 6, (int64_t)(q->off + q->nr));
	}
	while (!r && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		row_read(st, ROW_EVENT, &e);
		r = fn(ctx, &e);
	}
	if (!r && rc != SQLITE_DONE)
		r = sql_error(s->db, rc, &store->why);
	return r;
}

int events_last(struct store_sqlite *s)
{
	int64_t last = 0;
	int rc;

	rc = sql_number(s->db,
			"SELECT max((SELECT id FROM event_floor),"
			" coalesce((SELECT max(id) FROM event), 0))",
			&last);
	if (rc != SQLITE_OK)
		return sql_error(s->db, rc, &s->store.why);
	s->last_event = s->last_event_before = (uint64_t)last;
	return 0;
}
