/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_put.c - writing pools, volumes, mappings and what guests
 * are to get.
 */
#include "adapter/store_sqlite_int.h"

static int put_row(struct store_sqlite *s, enum store_statement nr,
		   const struct row *row, const void *fact)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, nr, &r);

	if (!st)
		return r;
	row_bind(st, row, fact);
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

/* A volume's or a mapping's extents, one row each. */
static int put_pieces(struct store_sqlite *s, enum store_statement nr,
		      const struct row *row, struct piece owner, uint32_t n,
		      const struct extent *e)
{
	int r = 0;

	for (; owner.idx < n && !r; owner.idx++, e = e->next) {
		owner.fact = e->fact;
		r = put_row(s, nr, row, &owner);
	}
	return r;
}

int sqlite_pool_put(struct store *store, const struct pool_fact *p)
{
	return put_row(store_sqlite_of(store), ST_POOL_PUT, &row_pool, p);
}

int sqlite_pool_del(struct store *store, const struct nv_uuid *uuid)
{
	return delete_by_uuid(store_sqlite_of(store), ST_POOL_DEL, uuid);
}

int sqlite_volume_put(struct store *store, const struct volume_fact *v,
		      const struct extent *e)
{
	struct store_sqlite *s = store_sqlite_of(store);
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = delete_by_uuid(s, ST_EXTENT_DEL, &v->uuid);
	if (!r)
		r = put_row(s, ST_VOLUME_PUT, &row_volume, v);
	if (!r)
		r = put_pieces(s, ST_EXTENT_PUT, &row_extent,
			       (struct piece){ .volume = v->uuid },
			       v->nr_extents, e);
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

int sqlite_mapping_put(struct store *store, const struct mapping_fact *m,
		       const struct extent *e)
{
	struct store_sqlite *s = store_sqlite_of(store);
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = delete_by_id(s, ST_MAPPED_DEL, m->id);
	if (!r)
		r = put_row(s, ST_MAPPING_PUT, &row_mapping, m);
	if (!r)
		r = put_pieces(s, ST_MAPPED_PUT, &row_mapped,
			       (struct piece){ .mapping = m->id },
			       m->nr_extents, e);
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

int sqlite_guest_put(struct store *store, const struct guest_fact *g)
{
	return put_row(store_sqlite_of(store), ST_GUEST_PUT, &row_guest, g);
}

int sqlite_guest_del(struct store *store, const char *guest, uint32_t device)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_GUEST_DEL, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_text(&c, guest);
	put_u64(&c, device);
	return sql_done(s, st);
}
