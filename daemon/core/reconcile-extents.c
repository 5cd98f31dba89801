/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/reconcile-extents.c - what is mapped really?
 *
 * An extent of the book and a record of the hypervisor are the same when frames,
 * guest frames and domain are: the map_id need not be known, since the daemon
 * may have died before it could write it down. Whatever matches nothing is
 * unknown, whatever is not matched is gone.
 *
 * Records are looked up by frame in a sorted copy, so that it stays n log n and
 * does not hang on the order in which they came.
 */
#include <string.h>

#include "core/ledger-int.h"
#include "core/reconcile.h"

struct match {
	struct ledger *l;
	struct hv_record *rec;       /* by mfn */
	size_t nr;
	bool *taken;                 /* a record that is explained */
	struct acts *ret;
};

static int add(struct match *x, struct act act)
{
	struct acts one = *x->ret;
	size_t room = one.room ? 2 * one.room : 16;

	if (one.n == one.room) {
		one.v = realloc(one.v, room * sizeof(*one.v));
		if (!one.v)
			return -ENOMEM;
		one.room = room;
	}
	one.v[one.n++] = act;
	*x->ret = one;
	return 0;
}

/* The index of the record that begins at @mfn, or nr. */
static size_t record_at(const struct match *x, uint64_t mfn)
{
	size_t lo = 0, hi = x->nr, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (x->rec[mid].mfn < mfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < x->nr && x->rec[lo].mfn == mfn ? lo : x->nr;
}

static size_t record_of_extent(const struct match *x, const struct mapping *m,
			       const struct extent *e)
{
	uint64_t mfn;
	size_t i;

	if (!e->pool)
		mfn = e->fact.off;
	else if (pool_placed(e->pool))
		mfn = ledger_extent_mfn(e);
	else
		mfn = e->pool->fact.mfn + e->fact.off; /* when last seen */
	i = record_at(x, mfn);
	if (i == x->nr || x->taken[i])
		return x->nr;
	if (x->rec[i].nr != e->fact.nr || x->rec[i].gfn != e->fact.gfn ||
	    x->rec[i].domid != m->fact.domid ||
	    !nv_uuid_equal(&x->rec[i].uuid, &m->fact.handle))
		return x->nr;
	return i;
}

/* Says of each extent whether it is there; counts those that are. */
static int match_extents(struct match *x, struct mapping *m,
			 uint32_t *ret_there, bool *ret_whole)
{
	struct extent *e;
	int r = 0;
	size_t i;

	*ret_there = 0;
	*ret_whole = true;
	for (e = m->extents; e && !r; e = e->next) {
		i = record_of_extent(x, m, e);
		if (i == x->nr) {
			*ret_whole = false;
			if (e->fact.map_id)
				r = add(x, (struct act){
						   .what = ACT_EXTENT_GONE,
						   .mapping = m,
						   .extent = e });
			continue;
		}
		x->taken[i] = true;
		(*ret_there)++;
		if (x->rec[i].state != HV_EXTENT_MAPPED)
			*ret_whole = false;
		if (e->fact.map_id != x->rec[i].map_id)
			r = add(x, (struct act){ .what = ACT_EXTENT,
						 .mapping = m,
						 .extent = e,
						 .map_id = x->rec[i].map_id });
	}
	return r;
}

/*
 * A map or an unmap under way knows better: it is told by the hypervisor what
 * became of its extents.
 */
static int match_mapping(struct match *x, struct mapping *m)
{
	struct act act = { .mapping = m };
	size_t before = x->ret->n;
	uint32_t there;
	bool whole;
	int r;

	r = match_extents(x, m, &there, &whole);
	if (r)
		return r;
	if (m->busy) {
		x->ret->n = before;
		return 0;
	}
	if (m->fact.state == MAPPING_UNKNOWN) {
		x->ret->n = before;
		act.what = ACT_UNKNOWN_GONE;
		return there ? 0 : add(x, act);
	}
	if (!there)
		act.what = ACT_MAPPING_DROP;
	else if (!whole || m->fact.state == MAPPING_UNMAPPING)
		act.what = ACT_MAPPING_UNDO;
	else if (m->fact.state == MAPPING_MAPPED && x->ret->n == before)
		return 0;
	else
		act.what = ACT_MAPPING_CONFIRM;
	return add(x, act);
}

static int add_unknown(struct match *x, const struct hv_record *rec)
{
	struct act act = { .what = ACT_UNKNOWN };

	act.unknown = (struct unknown_extent){
		.mfn = rec->mfn,
		.nr = rec->nr,
		.gfn = rec->gfn,
		.map_id = rec->map_id,
		.domid = rec->domid,
		.handle = rec->uuid,
	};
	return add(x, act);
}

static int by_mfn(const void *a, const void *b)
{
	const struct hv_record *x = a, *y = b;

	return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

int reconcile_extents(struct ledger *l, const struct hv_record *extents,
		      size_t nr, struct acts *ret)
{
	nv_cleanup(nv_freep) bool *taken = calloc(nr + 1, sizeof(*taken));
	nv_cleanup(nv_freep) struct hv_record *rec =
		malloc((nr + 1) * sizeof(*rec));
	struct match x = { .l = l, .rec = rec, .nr = nr, .taken = taken,
			   .ret = ret };
	size_t before = ret->n, i;
	struct mapping *m;
	int r = 0;

	if (!taken || !rec)
		return -ENOMEM;
	if (nr)
		memcpy(rec, extents, nr * sizeof(*rec));
	qsort(rec, nr, sizeof(*rec), by_mfn);
	for (m = l->first; m && !r; m = m->next)
		r = match_mapping(&x, m);
	for (i = 0; i < nr && !r; i++)
		if (!taken[i])
			r = add_unknown(&x, &rec[i]);
	if (r)
		ret->n = before;
	return r;
}
