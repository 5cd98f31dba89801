/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_load.c - reading the book: pools, volumes, mappings,
 * bad ranges, what guests are to get.
 *
 * Volumes and their extents are two cursors in the same order, walked side by
 * side; so are mappings and theirs. A row whose checksum is wrong, an extent
 * without its volume or a volume without an extent that it counts on is a
 * damaged book: a fact must not go missing in silence.
 */
#include "adapter/store_sqlite_int.h"

#include <string.h>

/* Pieces of one volume or mapping, and the cursor that they come from. */
struct pieces {
	enum store_row what;
	sqlite3_stmt *st;
	bool row;      /* the cursor stands on one */
	struct extent_fact *v;
	size_t room;
};

struct load {
	sqlite3 *db;
	struct nv_why *why;
	const struct store_reader *rd;
	void *ctx;
};

static void pieces_deinit(struct pieces *p)
{
	sqlite3_finalize(p->st);
	free(p->v);
}

static int damaged(struct load *l, const char *what)
{
	return nv_refuse(l->why, NV_E_BAD_BOOK,
			 "the database is damaged: %s", what);
}

static int prepare(struct load *l, const char *sql, sqlite3_stmt **ret)
{
	int rc = sqlite3_prepare_v2(l->db, sql, -1, ret, NULL);

	return rc == SQLITE_OK ? 0 : sql_error(l->db, rc, l->why);
}

static int prepare_rows(struct load *l, enum store_row row, const char *from,
			sqlite3_stmt **ret)
{
	int rc = row_select(l->db, row, from, ret);

	return rc == SQLITE_OK ? 0 : sql_error(l->db, rc, l->why);
}

/* Return: 1 a row, 0 the end, else what went wrong. */
static int step(struct load *l, sqlite3_stmt *st, int *ret_r)
{
	int rc = sqlite3_step(st);

	*ret_r = rc == SQLITE_ROW || rc == SQLITE_DONE ?
			 0 : sql_error(l->db, rc, l->why);
	return rc == SQLITE_ROW;
}

static int pieces_begin(struct load *l, const char *from, struct pieces *p)
{
	int r = prepare_rows(l, p->what, from, &p->st);

	if (!r)
		p->row = step(l, p->st, &r);
	return r;
}

static int pieces_room(struct pieces *p, size_t nr)
{
	struct extent_fact *wider;

	if (nr <= p->room)
		return 0;
	wider = reallocarray(p->v, nr, sizeof(*wider));
	if (!wider)
		return -ENOMEM;
	p->v = wider;
	p->room = nr;
	return 0;
}

/* The next piece, if it is that of @owner, who says whose and which; else damaged. */
static int piece_read(struct load *l, struct pieces *p,
		      const struct piece *owner)
{
	struct piece x = { .fact = { .gfn = NV_NO_FRAME } };
	int r;

	if (!p->row)
		return damaged(l, "an extent is missing");
	if (!row_read(p->st, p->what, &x))
		return damaged(l, "an extent's checksum is wrong");
	if (!nv_uuid_equal(&x.volume, &owner->volume) ||
	    x.mapping != owner->mapping)
		return damaged(l, "extents and their owners do not fit");
	if (x.idx != owner->idx)
		return damaged(l, "an extent is missing");
	p->v[x.idx] = x.fact;
	p->row = step(l, p->st, &r);
	return r;
}

static int pieces_read(struct load *l, struct pieces *p, struct piece owner,
		       uint32_t nr)
{
	int r;

	if (!nr || nr > 1u << 20)
		return damaged(l, "a count of extents is impossible");
	r = pieces_room(p, nr);
	if (r)
		return nv_refuse(l->why, r, "no memory for the database");
	for (owner.idx = 0; owner.idx < nr && !r; owner.idx++)
		r = piece_read(l, p, &owner);
	return r;
}

static int load_pools(struct load *l)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	struct pool_fact p;
	int r;

	r = prepare_rows(l, ROW_POOL, "pool ORDER BY uuid", &st);
	while (!r && step(l, st, &r)) {
		if (!row_read(st, ROW_POOL, &p))
			return damaged(l, "a pool's checksum is wrong");
		if (l->rd->pool)
			r = l->rd->pool(l->ctx, &p);
	}
	return r;
}

static int load_volumes(struct load *l)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	nv_cleanup(pieces_deinit) struct pieces p = { .what = ROW_EXTENT };
	struct volume_fact v;
	int r;

	r = pieces_begin(l, "extent ORDER BY volume, idx", &p);
	if (!r)
		r = prepare_rows(l, ROW_VOLUME, "volume ORDER BY uuid", &st);
	while (!r && step(l, st, &r)) {
		if (!row_read(st, ROW_VOLUME, &v))
			return damaged(l, "a volume's checksum is wrong");
		r = pieces_read(l, &p, (struct piece){ .volume = v.uuid },
				v.nr_extents);
		if (!r && l->rd->volume)
			r = l->rd->volume(l->ctx, &v, p.v);
	}
	return r || !p.row ? r : damaged(l, "an extent has no volume");
}

static int read_device(struct load *l, sqlite3_stmt *st, struct mapping_fact *m)
{
	struct mapping_fact row;
	int r = 0;

	m->is_device = false;
	m->device = 0;
	sqlite3_reset(st);
	sqlite3_bind_int64(st, 1, (int64_t)m->id);
	if (!step(l, st, &r))
		return r;
	if (!row_read(st, ROW_DEVICE, &row))
		return damaged(l, "the checksum of a mapping's device is wrong");
	m->is_device = true;
	m->device = row.device;
	return 0;
}

static int load_mappings(struct load *l)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL, *device = NULL;
	nv_cleanup(pieces_deinit) struct pieces p = { .what = ROW_MAPPED };
	struct mapping_fact m;
	int r;

	r = pieces_begin(l, "mapped ORDER BY mapping, idx", &p);
	if (!r)
		r = prepare_rows(l, ROW_MAPPING, "mapping ORDER BY id", &st);
	if (!r)
		r = prepare_rows(l, ROW_DEVICE, "device WHERE id = ?", &device);
	while (!r && step(l, st, &r)) {
		if (!row_read(st, ROW_MAPPING, &m))
			return damaged(l, "a mapping's checksum is wrong");
		r = pieces_read(l, &p, (struct piece){ .mapping = m.id },
				m.nr_extents);
		if (!r)
			r = read_device(l, device, &m);
		if (!r && l->rd->mapping)
			r = l->rd->mapping(l->ctx, &m, p.v);
	}
	return r || !p.row ? r : damaged(l, "an extent has no mapping");
}

static int load_guests(struct load *l)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *st = NULL;
	struct guest_fact g;
	int r;

	r = prepare_rows(l, ROW_GUEST, "guest ORDER BY guest, device", &st);
	while (!r && step(l, st, &r)) {
		if (!row_read(st, ROW_GUEST, &g))
			return damaged(l, "the checksum of a guest's device is wrong");
		if (l->rd->guest)
			r = l->rd->guest(l->ctx, &g);
	}
	return r;
}

int rows_load(sqlite3 *db, const struct store_reader *rd, void *ctx,
	      struct nv_why *why)
{
	struct load l = { .db = db, .why = why, .rd = rd, .ctx = ctx };
	int r;

	r = load_pools(&l);
	if (!r)
		r = load_volumes(&l);
	if (!r)
		r = load_mappings(&l);
	if (!r)
		r = load_guests(&l);
	return r;
}

/* One pool's rows, which are ascending and must be disjoint. */
static int load_bad_of(struct load *l, sqlite3_stmt *st, uint64_t id,
		       struct bad_fact *b, store_bad_fn fn)
{
	uint64_t end = 0;
	struct bad_row row;
	int r = 0;

	sqlite3_reset(st);
	sqlite3_bind_int64(st, 1, (int64_t)id);
	while (!r && step(l, st, &r)) {
		if (!row_read(st, ROW_BAD, &row))
			return damaged(l, "a bad range's checksum is wrong");
		if (row.pool != id)
			return damaged(l, "the bad ranges are in disorder");
		b->off = row.off;
		b->nr = row.nr;
		b->time_us = row.time_us;
		b->source = row.source;
		if (!frames_valid(b->off, b->nr) || b->off < end)
			return damaged(l, "bad ranges overlap");
		end = b->off + b->nr;
		if (fn)
			r = fn(l->ctx, b);
	}
	return r;
}

/* A range whose pool is not known would be forgotten. */
static int check_bad_pools(struct load *l)
{
	int64_t lost = 0;
	int rc;

	rc = sql_number(l->db,
			"WITH RECURSIVE p(id) AS (SELECT min(pool) FROM bad"
			" UNION ALL SELECT (SELECT min(pool) FROM bad"
			" WHERE pool > p.id) FROM p WHERE p.id IS NOT NULL)"
			" SELECT count(*) FROM p WHERE id IS NOT NULL"
			" AND id NOT IN (SELECT id FROM bad_pool)",
			&lost);
	if (rc != SQLITE_OK)
		return sql_error(l->db, rc, l->why);
	return lost ? damaged(l, "a bad range has no pool") : 0;
}

int rows_load_bad(sqlite3 *db, const struct nv_uuid *pool, store_bad_fn fn,
		  void *ctx, struct nv_why *why)
{
	nv_cleanup(stmt_finalizep) sqlite3_stmt *pools = NULL, *st = NULL;
	struct load l = { .db = db, .why = why, .ctx = ctx };
	struct bad_fact b = { .nr = 0 };
	uint64_t id;
	int r;

	r = check_bad_pools(&l);
	if (!r)
		r = prepare(&l, "SELECT id, uuid FROM bad_pool WHERE ?1 IS NULL"
				" OR uuid = ?1 ORDER BY uuid", &pools);
	if (!r)
		r = prepare_rows(&l, ROW_BAD, "bad WHERE pool = ? ORDER BY off",
				 &st);
	if (!r && pool)
		sqlite3_bind_blob(pools, 1, pool->b, sizeof(pool->b),
				  SQLITE_STATIC);
	while (!r && step(&l, pools, &r)) {
		struct cells c = cells_read(pools);

		id = get_u64(&c);
		get_uuid(&c, &b.pool);
		if (c.odd)
			return damaged(&l, "a pool's UUID is none");
		r = load_bad_of(&l, st, id, &b, fn);
	}
	return r;
}

int sqlite_load(struct store *store, const struct store_reader *rd, void *ctx)
{
	struct store_sqlite *s = store_sqlite_of(store);

	return rows_load(s->db, rd, ctx, &store->why);
}

int sqlite_load_bad(struct store *store, const struct nv_uuid *pool,
		    store_bad_fn fn, void *ctx)
{
	struct store_sqlite *s = store_sqlite_of(store);

	return rows_load_bad(s->db, pool, fn, ctx, &store->why);
}
