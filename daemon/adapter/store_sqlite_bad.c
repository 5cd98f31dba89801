/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_bad.c - writing bad ranges, which never overlap.
 *
 * A pool's UUID stands once, in bad_pool, which keeps a million rows short.
 * It stays when the pool is released: the frames are bad all the same.
 */
#include "adapter/store_sqlite_int.h"

static int place_lookup(struct store_sqlite *s, const struct nv_uuid *pool,
			enum store_statement nr, int64_t *ret)
{
	int r = 0, rc;
	sqlite3_stmt *st = sql_stmt(s, nr, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_uuid(&c, pool);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sql_fail(s, rc);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return 0;
}

/* *ret is 0 if nothing of the pool was ever bad. */
static int place_find(struct store_sqlite *s, const struct nv_uuid *pool,
		      int64_t *ret)
{
	int r;

	if (s->place_id && nv_uuid_equal(pool, &s->place)) {
		*ret = s->place_id;
		return 0;
	}
	r = place_lookup(s, pool, ST_PLACE_ID, ret);
	if (!r && *ret) {
		s->place = *pool;
		s->place_id = *ret;
	}
	return r;
}

static int place_make(struct store_sqlite *s, const struct nv_uuid *pool,
		      int64_t *ret)
{
	int64_t none;
	int r;

	r = place_find(s, pool, ret);
	if (r || *ret)
		return r;
	r = place_lookup(s, pool, ST_PLACE_ADD, &none);
	return r ? r : place_find(s, pool, ret);
}

/* The last row that begins before @off, or nr 0. */
static int bad_last(struct store_sqlite *s, int64_t place, uint64_t off,
		    struct bad_row *ret)
{
	int r = 0, rc;
	sqlite3_stmt *st = sql_stmt(s, ST_BAD_LAST, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, (uint64_t)place);
	put_u64(&c, off);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sql_fail(s, rc);
	*ret = (struct bad_row){ .pool = (uint64_t)place };
	if (rc == SQLITE_ROW) {
		c = cells_read(st);
		ret->off = get_u64(&c);
		ret->nr = get_u64(&c);
		ret->time_us = (int64_t)get_u64(&c);
		ret->source = get_u32(&c);
	}
	sqlite3_reset(st);
	return 0;
}

/* From the end of the range to its beginning, the gaps between its rows. */
static int bad_fill(struct store_sqlite *s, int64_t place,
		    const struct bad_fact *b)
{
	struct bad_row gap = { .pool = (uint64_t)place, .time_us = b->time_us,
			       .source = b->source };
	uint64_t end = b->off + b->nr, row_end;
	struct bad_row row;
	int r = 0;

	while (!r && end > b->off) {
		r = bad_last(s, place, end, &row);
		if (r)
			return r;
		row_end = row.off + row.nr;
		gap.off = NV_MAX(row_end, b->off);
		gap.nr = gap.off < end ? end - gap.off : 0;
		if (gap.nr)
			r = row_put(s, ROW_BAD, &gap);
		end = row.nr ? row.off : 0;
	}
	return r;
}

int sqlite_bad_add(struct store *store, const struct bad_fact *b)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int64_t place;
	bool own;
	int r;

	if (!frames_valid(b->off, b->nr))
		return nv_refuse(&store->why, -EINVAL,
				 "a bad range is no range");
	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = place_make(s, &b->pool, &place);
	if (!r)
		r = bad_fill(s, place, b);
	return sql_unit_end(s, own, r);
}

/* Take [@from, @to) out of one row; what is left of it before and after stays. */
static int bad_cut(struct store_sqlite *s, struct bad_row row, uint64_t from,
		   uint64_t to)
{
	uint64_t end = row.off + row.nr;
	int r;

	r = row_del(s, ROW_BAD, &row);
	if (!r && row.off < from) {
		row.nr = from - row.off;
		r = row_put(s, ROW_BAD, &row);
	}
	if (!r && end > to) {
		row.off = to;
		row.nr = end - to;
		r = row_put(s, ROW_BAD, &row);
	}
	return r;
}

static int bad_clear(struct store_sqlite *s, int64_t place, uint64_t from,
		     uint64_t to)
{
	uint64_t end = to;
	struct bad_row row;
	int r = 0;

	while (!r && end > from) {
		r = bad_last(s, place, end, &row);
		if (r || !row.nr || row.off + row.nr <= from)
			break;
		r = bad_cut(s, row, from, to);
		end = row.off;
	}
	return r;
}

int sqlite_bad_del(struct store *store, const struct nv_uuid *pool,
		   uint64_t off, uint64_t nr)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int64_t place;
	bool own;
	int r;

	if (!frames_valid(off, nr))
		return nv_refuse(&store->why, -EINVAL,
				 "a bad range is no range");
	r = sql_unit_begin(s, &own);
	if (r)
		return r;
	r = place_find(s, pool, &place);
	if (!r && place)
		r = bad_clear(s, place, off, off + nr);
	return sql_unit_end(s, own, r);
}
