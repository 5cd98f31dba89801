/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_put.c - writing pools, volumes and mappings.
 */
#include "adapter/store_sqlite_int.h"

int sqlite_pool_put(struct store *store, const struct pool_fact *p)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct cells c;
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_POOL_PUT, &r);

	if (!st)
		return r;
	c = cells_bind(st);
	put_uuid(&c, &p->uuid);
	put_text(&c, p->name);
	put_text(&c, p->device);
	put_text(&c, p->region);
	put_u64(&c, p->mfn);
	put_u64(&c, p->nr);
	put_sum(&c);
	return sql_done(s, st);
}

/* DELETE ... WHERE key = ? */
static int delete_by_uuid(struct store_sqlite *s, enum store_statement nr,
			  const struct nv_uuid *uuid)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, nr, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_uuid(&c, uuid);
	return sql_done(s, st);
}

static int delete_by_id(struct store_sqlite *s, enum store_statement nr,
			uint64_t id)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, nr, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, id);
	return sql_done(s, st);
}

int sqlite_pool_del(struct store *store, const struct nv_uuid *uuid)
{
	return delete_by_uuid(store_sqlite_of(store), ST_POOL_DEL, uuid);
}

static int volume_row(struct store_sqlite *s, const struct volume_fact *v)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_VOLUME_PUT, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_uuid(&c, &v->uuid);
	put_uuid(&c, &v->pool);
	put_text(&c, v->name);
	put_text(&c, v->owner);
	put_u64(&c, v->align);
	put_u64(&c, v->nr);
	put_u64(&c, (uint64_t)v->created_us);
	put_u64(&c, v->home_gfn);
	put_u64(&c, v->state);
	put_u64(&c, v->nr_extents);
	put_sum(&c);
	return sql_done(s, st);
}

static int extent_row(struct store_sqlite *s, const struct nv_uuid *volume,
		      uint32_t idx, const struct extent_fact *e)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_EXTENT_PUT, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_uuid(&c, volume);
	put_u64(&c, idx);
	put_u64(&c, e->off);
	put_u64(&c, e->nr);
	put_sum(&c);
	return sql_done(s, st);
}

int sqlite_volume_put(struct store *store, const struct volume_fact *v,
		      const struct extent *e)
{
	struct store_sqlite *s = store_sqlite_of(store);
	uint32_t i;
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = delete_by_uuid(s, ST_EXTENT_DEL, &v->uuid);
	if (!r)
		r = volume_row(s, v);
	for (i = 0; i < v->nr_extents && !r; i++, e = e->next)
		r = extent_row(s, &v->uuid, i, &e->fact);
	return sql_unit_end(s, own, r);
}

int sqlite_volume_del(struct store *store, const struct nv_uuid *uuid)
{
	struct store_sqlite *s = store_sqlite_of(store);
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = delete_by_uuid(s, ST_EXTENT_DEL, uuid);
	if (!r)
		r = delete_by_uuid(s, ST_VOLUME_DEL, uuid);
	return sql_unit_end(s, own, r);
}

static int mapping_row(struct store_sqlite *s, const struct mapping_fact *m)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_MAPPING_PUT, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, m->id);
	put_u64(&c, m->boot_id);
	put_uuid(&c, &m->volume);
	put_uuid(&c, &m->pool);
	put_uuid(&c, &m->handle);
	put_text(&c, m->domain);
	put_u64(&c, m->gfn);
	put_u64(&c, m->nr);
	put_u64(&c, m->domid);
	put_u64(&c, m->state);
	put_u64(&c, m->nr_extents);
	put_sum(&c);
	return sql_done(s, st);
}

static int mapped_row(struct store_sqlite *s, uint64_t mapping, uint32_t idx,
		      const struct extent_fact *e)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_MAPPED_PUT, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, mapping);
	put_u64(&c, idx);
	put_u64(&c, e->off);
	put_u64(&c, e->nr);
	put_u64(&c, e->gfn);
	put_u64(&c, e->map_id);
	put_sum(&c);
	return sql_done(s, st);
}

int sqlite_mapping_put(struct store *store, const struct mapping_fact *m,
		       const struct extent *e)
{
	struct store_sqlite *s = store_sqlite_of(store);
	uint32_t i;
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = delete_by_id(s, ST_MAPPED_DEL, m->id);
	if (!r)
		r = mapping_row(s, m);
	for (i = 0; i < m->nr_extents && !r; i++, e = e->next)
		r = mapped_row(s, m->id, i, &e->fact);
	return sql_unit_end(s, own, r);
}

int sqlite_mapping_del(struct store *store, uint64_t id)
{
	struct store_sqlite *s = store_sqlite_of(store);
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = delete_by_id(s, ST_MAPPED_DEL, id);
	if (!r)
		r = delete_by_id(s, ST_MAPPING_DEL, id);
	return sql_unit_end(s, own, r);
}
