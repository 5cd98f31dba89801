/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_events.c - faults and the history of what happened.
 */
#include "adapter/store_sqlite_int.h"

#define EVENT_COLUMNS                                                 \
	"id, time_us, severity, kind, text, next, status, action, "   \
	"pool, off, nr, mfn, volume, volume_off, domain, domid, gfn"

static void stmt_finalizep(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

int sqlite_fault_add(struct store *store, const struct fault_fact *f,
		     bool *ret_new)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct cells c;
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_FAULT_ADD, &r);

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, f->boot_id);
	put_u64(&c, f->seq);
	put_u64(&c, (uint64_t)f->time_us);
	put_u64(&c, f->boot_ns);
	put_uuid(&c, &f->pool);
	put_u64(&c, f->off);
	put_u64(&c, f->nr);
	put_u64(&c, f->status);
	put_u64(&c, f->misc);
	put_u64(&c, f->mcg);
	put_uuid(&c, &f->handle);
	put_u64(&c, f->gfn);
	put_u64(&c, f->domid);
	put_u64(&c, f->type);
	put_u64(&c, f->flags);
	put_u64(&c, f->action);
	r = sql_done(s, st);
	if (r)
		return r;
	s->too_many = true;
	*ret_new = sqlite3_changes(s->db) > 0;
	return 0;
}

static void fault_read(sqlite3_stmt *st, struct fault_fact *ret)
{
	struct cells c = cells_read(st);

	ret->boot_id = get_u64(&c);
	ret->seq = get_u64(&c);
	ret->time_us = (int64_t)get_u64(&c);
	ret->boot_ns = get_u64(&c);
	get_uuid(&c, &ret->pool);
	ret->off = get_u64(&c);
	ret->nr = get_u64(&c);
	ret->status = get_u64(&c);
	ret->misc = get_u64(&c);
	ret->mcg = get_u64(&c);
	get_uuid(&c, &ret->handle);
	ret->gfn = get_u64(&c);
	ret->domid = get_u32(&c);
	ret->type = get_u32(&c);
	ret->flags = get_u32(&c);
	ret->action = get_u32(&c);
}

int sqlite_faults(struct store *store, uint64_t boot_id, store_fault_fn fn,
		  void *ctx)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	struct store_sqlite *s = store_sqlite_of(store);
	struct fault_fact f;
	int rc, r = 0;

	rc = sqlite3_prepare_v2(s->db,
				"SELECT boot_id, seq, time_us, boot_ns, pool,"
				" off, nr, status, misc, mcg, handle, gfn,"
				" domid, type, flags, action FROM fault"
				" WHERE boot_id = ? ORDER BY seq",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return sql_error(s->db, rc, &store->why);
	sqlite3_bind_int64(st, 1, (int64_t)boot_id);
	while (!r && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		fault_read(st, &f);
		r = fn(ctx, &f);
	}
	if (!r && rc != SQLITE_DONE)
		r = sql_error(s->db, rc, &store->why);
	return r;
}

int sqlite_event_add(struct store *store, const struct event_fact *e,
		     uint64_t *ret_id)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct cells c;
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_EVENT_ADD, &r);

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, s->last_event + 1);
	put_u64(&c, (uint64_t)e->time_us);
	put_u64(&c, e->severity);
	put_text(&c, e->kind);
	put_text(&c, e->text);
	put_text(&c, e->next);
	put_text(&c, e->status);
	put_text(&c, e->action);
	put_uuid(&c, &e->pool);
	put_u64(&c, e->off);
	put_u64(&c, e->nr);
	put_u64(&c, e->mfn);
	put_text(&c, e->volume);
	put_u64(&c, e->volume_off);
	put_text(&c, e->domain);
	put_u64(&c, e->domid);
	put_u64(&c, e->gfn);
	r = sql_done(s, st);
	if (r)
		return r;
	s->too_many = true;
	*ret_id = ++s->last_event;
	return 0;
}

static void event_read(sqlite3_stmt *st, struct event_fact *ret)
{
	struct cells c = cells_read(st);

	ret->id = get_u64(&c);
	ret->time_us = (int64_t)get_u64(&c);
	ret->severity = get_u32(&c);
	get_text(&c, ret->kind, sizeof(ret->kind));
	get_text(&c, ret->text, sizeof(ret->text));
	get_text(&c, ret->next, sizeof(ret->next));
	get_text(&c, ret->status, sizeof(ret->status));
	get_text(&c, ret->action, sizeof(ret->action));
	get_uuid(&c, &ret->pool);
	ret->off = get_u64(&c);
	ret->nr = get_u64(&c);
	ret->mfn = get_u64(&c);
	get_text(&c, ret->volume, sizeof(ret->volume));
	ret->volume_off = get_u64(&c);
	get_text(&c, ret->domain, sizeof(ret->domain));
	ret->domid = get_u32(&c);
	ret->gfn = get_u64(&c);
}

/* Newest first inside, so that the limit keeps those; oldest first outside. */
static const char *events_sql(const struct store_events *q)
{
#define EVENTS_ANYWHERE \
	"SELECT " EVENT_COLUMNS " FROM event WHERE id > ?1 AND time_us >= ?2 "
#define EVENTS_AT EVENTS_ANYWHERE \
	"AND pool = ?4 AND nr > 0 AND off < ?6 AND off + nr > ?5 "
#define NEWEST(sql) "SELECT * FROM (" sql "ORDER BY id DESC LIMIT ?3) ORDER BY id"

	if (q->pool)
		return q->newest ? NEWEST(EVENTS_AT) :
				   EVENTS_AT "ORDER BY id LIMIT ?3";
	return q->newest ? NEWEST(EVENTS_ANYWHERE) :
			   EVENTS_ANYWHERE "ORDER BY id LIMIT ?3";
}

int sqlite_events(struct store *store, const struct store_events *q,
		  store_event_fn fn, void *ctx)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	struct store_sqlite *s = store_sqlite_of(store);
	struct event_fact e;
	int rc, r = 0;

	rc = sqlite3_prepare_v2(s->db, events_sql(q), -1, &st, NULL);
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
		event_read(st, &e);
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
