/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_put.c - writing pools, volumes, mappings and what guests
 * are to get.
 */
#include "adapter/store_sqlite_int.h"

#include <stdio.h>

/* A volume's or a mapping's extents, one row each. */
static int put_pieces(struct store_sqlite *s, enum store_row row,
		      struct piece owner, uint32_t n, const struct extent *e)
{
	int r = 0;

	for (; owner.idx < n && !r; owner.idx++, e = e->next) {
		owner.fact = e->fact;
		r = row_put(s, row, &owner);
	}
	return r;
}

int sqlite_pool_put(struct store *store, const struct pool_fact *p)
{
	return row_put(store_sqlite_of(store), ROW_POOL, p);
}

int sqlite_pool_del(struct store *store, const struct nv_uuid *uuid)
{
	return row_del(store_sqlite_of(store), ROW_POOL,
		       &(struct pool_fact){ .uuid = *uuid });
}

int sqlite_volume_put(struct store *store, const struct volume_fact *v,
		      const struct extent *e)
{
	struct store_sqlite *s = store_sqlite_of(store);
	const struct piece owner = { .volume = v->uuid };
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = row_del(s, ROW_EXTENT, &owner);
	if (!r)
		r = row_put(s, ROW_VOLUME, v);
	if (!r)
		r = put_pieces(s, ROW_EXTENT, owner, v->nr_extents, e);
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
	r = row_del(s, ROW_EXTENT, &(struct piece){ .volume = *uuid });
	if (!r)
		r = row_del(s, ROW_VOLUME,
			    &(struct volume_fact){ .uuid = *uuid });
	return sql_unit_end(s, own, r);
}

int sqlite_mapping_put(struct store *store, const struct mapping_fact *m,
		       const struct extent *e)
{
	struct store_sqlite *s = store_sqlite_of(store);
	const struct piece owner = { .mapping = m->id };
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = row_del(s, ROW_MAPPED, &owner);
	if (!r)
		r = row_del(s, ROW_DEVICE, m);
	if (!r)
		r = row_put(s, ROW_MAPPING, m);
	if (!r && m->is_device)
		r = row_put(s, ROW_DEVICE, m);
	if (!r)
		r = put_pieces(s, ROW_MAPPED, owner, m->nr_extents, e);
	return sql_unit_end(s, own, r);
}

int sqlite_mapping_del(struct store *store, uint64_t id)
{
	struct store_sqlite *s = store_sqlite_of(store);
	const struct mapping_fact m = { .id = id };
	bool own;
	int r;

	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = row_del(s, ROW_MAPPED, &(struct piece){ .mapping = id });
	if (!r)
		r = row_del(s, ROW_DEVICE, &m);
	if (!r)
		r = row_del(s, ROW_MAPPING, &m);
	return sql_unit_end(s, own, r);
}

int sqlite_guest_put(struct store *store, const struct guest_fact *g)
{
	return row_put(store_sqlite_of(store), ROW_GUEST, g);
}

int sqlite_guest_del(struct store *store, const char *guest, uint32_t device)
{
	struct guest_fact key = { .device = device };

	/* Nobody is on a list by a name that no list has room for. */
	if (snprintf(key.guest, sizeof(key.guest), "%s", guest) >=
	    (int)sizeof(key.guest))
		return 0;
	return row_del(store_sqlite_of(store), ROW_GUEST, &key);
}
