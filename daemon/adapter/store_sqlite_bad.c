/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_bad.c - writing bad ranges, which never overlap.
 *
 * A pool's UUID stands once, in bad_pool, which keeps a million rows short.
 * It stays when the pool is released: the frames are bad all the same.
 */
#include "adapter/store_sqlite_int.h"

/* A row of bad, without its pool. */
struct bad_row {
	uint64_t off, nr, time_us, source;
};

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

static int bad_put(struct store_sqlite *s, int64_t place,
		   const struct bad_row *b)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_BAD_PUT, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, (uint64_t)place);
	put_u64(&c, b->off);
	put_u64(&c, b->nr);
	put_u64(&c, b->time_us);
	put_u64(&c, b->source);
	put_sum(&c);
	return sql_done(s, st);
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
	*ret = (struct bad_row){ .nr = 0 };
	if (rc == SQLITE_ROW) {
		c = cells_read(st);
		ret->off = get_u64(&c);
		ret->nr = get_u64(&c);
		ret->time_us = get_u64(&c);
		ret->source = get_u64(&c);
	}
	sqlite3_reset(st);
	return 0;
}

/* From the end of the range to its beginning, the gaps between its rows. */
static int bad_fill(struct store_sqlite *s, int64_t place,
		    const struct bad_fact *b)
{
	struct bad_row gap = { .time_us = (uint64_t)b->time_us,
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
			r = bad_put(s, place, &gap);
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

static int bad_remove(struct store_sqlite *s, int64_t place, uint64_t off)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_BAD_DEL, &r);
	struct cells c;

	if (!st)
		return r;
	c = cells_bind(st);
	put_u64(&c, (uint64_t)place);
	put_u64(&c, off);
	return sql_done(s, st);
}

/* Take [@from, @to) out of one row; what is left of it before and after stays. */
static int bad_cut(struct store_sqlite *s, int64_t place, struct bad_row row,
		   uint64_t from, uint64_t to)
{
	uint64_t end = row.off + row.nr;
	int r;

	r = bad_remove(s, place, row.off);
	if (!r && row.off < from) {
		row.nr = from - row.off;
		r = bad_put(s, place, &row);
	}
	if (!r && end > to) {
		row.off = to;
		row.nr = end - to;
		r = bad_put(s, place, &row);
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
		r = bad_cut(s, place, row, from, to);
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
