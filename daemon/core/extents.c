/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/extents.c - the ledger's extents: taking frames and giving them back.
 */
#include <assert.h>

#include "core/ledger-int.h"

struct extent *extent_new(struct pool *p, uint64_t off, uint64_t nr)
{
	struct extent *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->fact.off = off;
	e->fact.nr = nr;
	e->fact.gfn = NV_NO_FRAME;
	e->pool = p;
	return e;
}

void extents_free(struct ledger *l, struct extent *e)
{
	struct extent *next;

	for (; e; e = next) {
		next = e->next;
		hash_del(&l->map_ids, &e->by_map_id);
		slot_free(l, e->tag);
		free(e);
	}
}

uint64_t ledger_extent_mfn(const struct extent *e)
{
	return e->pool->site.mfn + e->fact.off;
}

/* Bare and unknown ranges and volumes are counted apart. */
static uint64_t *pool_counter(const struct extent *e)
{
	return e->volume ? &e->pool->allocated : &e->pool->bare;
}

static void extent_paint(struct ledger *l, struct extent *e)
{
	struct pool *p = e->pool;
	uint64_t mfn = ledger_extent_mfn(e);

	ledger_paint(l, p, mfn, e->fact.nr, e->tag);
	e->bad = ledger_bad_count(l, mfn, e->fact.nr);
	p->free -= e->fact.nr - e->bad;
	p->free_bad -= e->bad;
	*pool_counter(e) += e->fact.nr;
	if (frames_contain(mfn, e->fact.nr, p->lowest_free, 1))
		p->lowest_free = mfn + e->fact.nr;
}

static void extent_unpaint(struct ledger *l, struct extent *e)
{
	struct pool *p = e->pool;

	ledger_paint(l, p, ledger_extent_mfn(e), e->fact.nr, p->tag);
	p->free += e->fact.nr - e->bad;
	p->free_bad += e->bad;
	*pool_counter(e) -= e->fact.nr;
	e->bad = 0;
	p->lowest_free = NV_MIN(p->lowest_free, ledger_extent_mfn(e));
}

/* One range of free frames holds all of it? */
static bool extent_is_free(struct ledger *l, const struct extent *e)
{
	const struct pool *p = e->pool;
	struct rangemap_range r;

	if (!frames_contain(0, p->site.nr, e->fact.off, e->fact.nr))
		return false;
	r = rangemap_find(l->own, ledger_extent_mfn(e));
	return r.tag == p->tag && r.end >= ledger_extent_mfn(e) + e->fact.nr;
}

static int extent_take(struct ledger *l, struct extent *e)
{
	int r;

	if (!extent_is_free(l, e))
		return NV_E_BAD_BOOK;
	r = ledger_reserve(l, 2);
	if (r)
		return r;
	assert(e->tag == NO_SLOT);
	r = slot_new(l, SLOT_EXTENT, e, &e->tag);
	if (r)
		return r;
	extent_paint(l, e);
	l->owed++;
	return 0;
}

int extents_take(struct ledger *l, struct extent *first,
		 struct extent **ret_clash)
{
	struct extent *e, *undo;
	int r;

	for (e = first; e; e = e->next) {
		if (!pool_placed(e->pool))
			continue;
		r = extent_take(l, e);
		if (!r)
			continue;

		for (undo = first; undo != e; undo = undo->next) {
			l->owed--;
			extent_unpaint(l, undo);
			slot_free(l, undo->tag);
			undo->tag = NO_SLOT;
		}
		*ret_clash = e;
		return r;
	}
	return 0;
}

void extents_settle(struct ledger *l, const struct extent *first)
{
	const struct extent *e;

	for (e = first; e; e = e->next) {
		if (!pool_placed(e->pool))
			continue;
		assert(l->owed);
		l->owed--;
	}
}

int extents_owe(struct ledger *l, const struct extent *first)
{
	const struct extent *e;
	unsigned int nr = 0;
	int r;

	for (e = first; e; e = e->next)
		nr += pool_placed(e->pool);
	r = ledger_reserve(l, nr);
	if (r)
		return r;
	l->owed += nr;
	return 0;
}

void extents_give(struct ledger *l, struct extent *first)
{
	struct extent *e;

	extents_settle(l, first);
	l->unknown_stale |= l->nr_unknown != 0;
	for (e = first; e; e = e->next)
		if (pool_placed(e->pool))
			extent_unpaint(l, e);
}

int extent_split(struct ledger *l, struct extent *e, uint64_t nr)
{
	struct extent *rest;
	int r;

	assert(nr && nr < e->fact.nr);
	rest = extent_new(e->pool, e->fact.off + nr, e->fact.nr - nr);
	if (!rest)
		return -ENOMEM;
	if (pool_placed(e->pool)) {
		r = ledger_reserve(l, 2);
		if (!r)
			r = slot_new(l, SLOT_EXTENT, rest, &rest->tag);
		if (r) {
			free(rest);
			return r;
		}
		ledger_paint(l, e->pool, ledger_extent_mfn(rest),
			     rest->fact.nr, rest->tag);
		l->owed++;
		rest->bad = ledger_bad_count(l, ledger_extent_mfn(rest),
					     rest->fact.nr);
	}
	rest->volume = e->volume;
	rest->next = e->next;
	e->next = rest;
	e->fact.nr = nr;
	e->bad -= rest->bad;
	return 0;
}

bool extent_adjoins_next(const struct extent *e)
{
	return e->next && e->next->pool == e->pool &&
	       e->fact.off + e->fact.nr == e->next->fact.off;
}

void extent_merge_next(struct ledger *l, struct extent *e)
{
	struct extent *next = e->next;

	assert(extent_adjoins_next(e));
	if (pool_placed(e->pool)) {
		l->owed--;
		ledger_paint(l, e->pool, ledger_extent_mfn(next),
			     next->fact.nr, e->tag);
	}
	e->fact.nr += next->fact.nr;
	e->bad += next->bad;
	e->next = next->next;
	next->next = NULL;
	extents_free(l, next);
}

uint32_t extents_count(const struct extent *first)
{
	uint32_t nr = 0;

	for (; first; first = first->next)
		nr++;
	return nr;
}

struct extent *extents_last(struct extent *first)
{
	while (first->next)
		first = first->next;
	return first;
}
