/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_mem_history.c - bad ranges, faults and events in memory.
 */
#include "adapter/store_mem_int.h"

#include <string.h>

/* In the order of pools, then of offsets. */
static int bad_insert(struct store_mem *s, const struct bad_fact *b)
{
	const struct bad_fact *row;
	size_t at;
	int cmp;

	for (at = 0; at < rows(s, T_BAD); at++) {
		row = row_at(s, T_BAD, at);
		cmp = memcmp(&row->pool, &b->pool, sizeof(b->pool));
		if (cmp > 0 || (!cmp && row->off > b->off))
			break;
	}
	return row_insert(s, T_BAD, at, b);
}

/* What of @b no row has yet. */
static int bad_fill(struct store_mem *s, const struct bad_fact *b)
{
	uint64_t at = b->off, end = b->off + b->nr;
	struct bad_fact gap = *b, row;
	size_t i;
	int r = 0;

	for (i = 0; i < rows(s, T_BAD) && at < end && !r; i++) {
		row = *(struct bad_fact *)row_at(s, T_BAD, i);
		if (!nv_uuid_equal(&row.pool, &b->pool) ||
		    row.off + row.nr <= at || row.off >= end)
			continue;
		gap.off = at;
		gap.nr = row.off > at ? row.off - at : 0;
		at = row.off + row.nr;
		if (gap.nr) {
			r = bad_insert(s, &gap);
			i++;
		}
	}
	gap.off = at;
	gap.nr = end - at;
	return r || at >= end ? r : bad_insert(s, &gap);
}

int mem_bad_add(struct store *store, const struct bad_fact *b)
{
	struct store_mem *s = mem_of(store);
	bool own;
	int r;

	if (!frames_valid(b->off, b->nr))
		return nv_refuse(&store->why, -EINVAL,
				 "a bad range is no range");
	r = unit_begin(s, &own);
	return r ? r : unit_end(s, own, bad_fill(s, b));
}

static int bad_clear(struct store_mem *s, const struct nv_uuid *pool,
		     uint64_t from, uint64_t to)
{
	struct bad_fact row, left;
	size_t i;
	int r = 0;

	for (i = rows(s, T_BAD); i-- > 0 && !r;) {
		row = *(struct bad_fact *)row_at(s, T_BAD, i);
		if (!nv_uuid_equal(&row.pool, pool) || row.off >= to ||
		    row.off + row.nr <= from)
			continue;
		row_remove(s, T_BAD, i);
		left = row;
		left.off = to;
		left.nr = row.off + row.nr > to ? row.off + row.nr - to : 0;
		if (left.nr)
			r = row_insert(s, T_BAD, i, &left);
		left = row;
		left.nr = row.off < from ? from - row.off : 0;
		if (left.nr && !r)
			r = row_insert(s, T_BAD, i, &left);
	}
	return r;
}

int mem_bad_del(struct store *store, const struct nv_uuid *pool,
		uint64_t off, uint64_t nr)
{
	struct store_mem *s = mem_of(store);
	bool own;
	int r;

	if (!frames_valid(off, nr))
		return nv_refuse(&store->why, -EINVAL,
				 "a bad range is no range");
	r = unit_begin(s, &own);
	return r ? r : unit_end(s, own, bad_clear(s, pool, off, off + nr));
}

int mem_load_bad(struct store *store, const struct nv_uuid *pool,
		 store_bad_fn fn, void *ctx)
{
	struct store_mem *s = mem_of(store);
	const struct bad_fact *b;
	size_t i;
	int r = 0;

	for (i = 0; i < rows(s, T_BAD) && !r; i++) {
		b = row_at(s, T_BAD, i);
		if (!pool || nv_uuid_equal(&b->pool, pool))
			r = fn(ctx, b);
	}
	return r;
}

int mem_fault_add(struct store *store, const struct fault_fact *f,
		  bool *ret_new)
{
	struct store_mem *s = mem_of(store);
	const struct fault_fact *row;
	bool own;
	size_t i;
	int r;

	*ret_new = false;
	for (i = 0; i < rows(s, T_FAULT); i++) {
		row = row_at(s, T_FAULT, i);
		if (row->boot_id == f->boot_id && row->seq >= f->seq)
			break;
	}
	if (i < rows(s, T_FAULT) &&
	    ((struct fault_fact *)row_at(s, T_FAULT, i))->seq == f->seq)
		return 0;
	r = unit_begin(s, &own);
	if (!r)
		r = unit_end(s, own, row_insert(s, T_FAULT, i, f));
	*ret_new = !r;
	return r;
}

int mem_faults(struct store *store, uint64_t boot_id, store_fault_fn fn,
	       void *ctx)
{
	struct store_mem *s = mem_of(store);
	const struct fault_fact *f;
	size_t i;
	int r = 0;

	for (i = 0; i < rows(s, T_FAULT) && !r; i++) {
		f = row_at(s, T_FAULT, i);
		if (f->boot_id == boot_id)
			r = fn(ctx, f);
	}
	return r;
}

/* By time, boot_id and seq. */
static bool is_later(const struct fault_fact *a, const struct fault_fact *b)
{
	if (a->time_us != b->time_us)
		return a->time_us > b->time_us;
	if (a->boot_id != b->boot_id)
		return a->boot_id > b->boot_id;
	return a->seq > b->seq;
}

int mem_faults_before(struct store *store, uint64_t boot_id, int64_t since_us,
		      store_fault_fn fn, void *ctx)
{
	struct store_mem *s = mem_of(store);
	const struct fault_fact *f, *next, *last = NULL;
	size_t i;
	int r = 0;

	do {
		for (i = 0, next = NULL; i < rows(s, T_FAULT); i++) {
			f = row_at(s, T_FAULT, i);
			if (f->boot_id == boot_id || f->time_us < since_us ||
			    (last && !is_later(f, last)))
				continue;
			if (!next || is_later(next, f))
				next = f;
		}
		last = next;
		if (next)
			r = fn(ctx, next);
	} while (next && !r);
	return r;
}

int mem_event_add(struct store *store, const struct event_fact *e,
		  uint64_t *ret_id)
{
	struct store_mem *s = mem_of(store);
	struct event_fact row = *e;
	bool own;
	int r = unit_begin(s, &own);

	if (r)
		return r;
	row.id = s->now.last_event + 1;
	r = row_insert(s, T_EVENT, rows(s, T_EVENT), &row);
	if (!r)
		s->now.last_event = row.id;
	r = unit_end(s, own, r);
	if (!r)
		*ret_id = row.id;
	return r;
}

static bool event_wanted(const struct event_fact *e,
			 const struct store_events *q)
{
	if (e->id <= q->after || e->time_us < q->since_us)
		return false;
	if (!q->pool)
		return true;
	return nv_uuid_equal(&e->pool, q->pool) && e->nr &&
	       frames_overlap(e->off, e->nr, q->off, q->nr);
}

int mem_events(struct store *store, const struct store_events *q,
	       store_event_fn fn, void *ctx)
{
	struct store_mem *s = mem_of(store);
	uint64_t wanted = 0, skip, told = 0;
	size_t i;
	int r = 0;

	for (i = 0; i < rows(s, T_EVENT); i++)
		wanted += event_wanted(row_at(s, T_EVENT, i), q);
	skip = q->newest && wanted > q->limit ? wanted - q->limit : 0;
	for (i = 0; i < rows(s, T_EVENT) && !r && told < q->limit; i++) {
		if (!event_wanted(row_at(s, T_EVENT, i), q))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		told++;
		r = fn(ctx, row_at(s, T_EVENT, i));
	}
	return r;
}
