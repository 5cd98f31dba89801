/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/unknown.c - the ledger's unknown mappings: the hypervisor has them, and
 * no record says why.
 *
 * They may lie anywhere: on free frames, which are held then; on volumes,
 * which must not be touched meanwhile; outside of every pool.
 */
#include <assert.h>

#include "core/ledger-int.h"

static bool is_unknown(const struct mapping *m)
{
	return m->fact.state == MAPPING_UNKNOWN;
}

struct mapping *unknown_at(struct ledger *l, uint64_t mfn)
{
	struct mapping *m;

	if (!l->nr_unknown)
		return NULL;
	for (m = l->first; m; m = m->next)
		if (is_unknown(m) && mfn >= m->mfn && mfn - m->mfn < m->fact.nr)
			return m;
	return NULL;
}

uint64_t unknown_cut(struct ledger *l, uint64_t mfn, uint64_t end)
{
	struct mapping *m;

	for (m = l->nr_unknown ? l->first : NULL; m; m = m->next) {
		if (!is_unknown(m))
			continue;
		if (m->mfn > mfn)
			end = NV_MIN(end, m->mfn);
		else if (mfn - m->mfn < m->fact.nr)
			end = NV_MIN(end, m->mfn + m->fact.nr);
	}
	return end;
}

bool ledger_volume_unknown(struct ledger *l, const struct volume *v)
{
	const struct extent *e;
	struct mapping *m;

	if (!l->nr_unknown || !pool_placed(v->pool))
		return false;
	for (m = l->first; m; m = m->next) {
		if (!is_unknown(m))
			continue;
		for (e = v->extents; e; e = e->next)
			if (frames_overlap(m->mfn, m->fact.nr,
					   ledger_extent_mfn(e), e->fact.nr))
				return true;
	}
	return false;
}

/* One run of free frames. Return: 0 or -ENOMEM. */
static int unknown_hold_run(struct ledger *l, struct mapping *m,
			    struct pool *p, uint64_t mfn, uint64_t nr)
{
	struct extent *e = extent_new(p, mfn - p->site.mfn, nr), *clash;
	int r;

	if (!e)
		return -ENOMEM;
	e->mapping = m;
	e->fact.gfn = m->fact.gfn + (mfn - m->mfn);
	r = extents_take(l, e, &clash);
	if (r) {
		assert(r < 0); /* they were just seen to be free */
		extents_free(l, e);
		return r;
	}
	e->next = m->held;
	m->held = e;
	p->mapped += nr;
	return 0;
}

static int unknown_hold(struct ledger *l, struct mapping *m, struct pool *p)
{
	struct frames f = frames_common(m->mfn, m->fact.nr, p->site.mfn,
					p->site.nr);
	uint64_t at = f.mfn, end = frames_end(&f), to;
	struct rangemap_range r;
	int err;

	while (f.nr && at < end) {
		r = rangemap_find(l->own, at);
		to = NV_MIN(r.end, end);
		if (r.tag == p->tag) {
			err = unknown_hold_run(l, m, p, at, to - at);
			if (err)
				return err;
		}
		at = to;
	}
	return 0;
}

int unknown_hold_in(struct ledger *l, struct pool *p)
{
	struct mapping *m;
	int r;

	for (m = l->nr_unknown ? l->first : NULL; m; m = m->next) {
		if (!is_unknown(m))
			continue;
		r = unknown_hold(l, m, p);
		if (r)
			return r;
	}
	return 0;
}

int unknown_hold_all(struct ledger *l)
{
	struct pool *p;
	int r = 0;

	if (!l->unknown_stale)
		return 0;
	for (p = l->pools; p && !r; p = p->next)
		if (pool_placed(p))
			r = unknown_hold_in(l, p);
	l->unknown_stale = r;
	return r;
}

void unknown_forget(struct ledger *l, struct mapping *m, const struct pool *p)
{
	struct extent **at = &m->held, *e;

	while ((e = *at)) {
		if (e->pool != p) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		e->next = NULL;
		l->owed--;
		extents_free(l, e);
	}
}

void unknown_release(struct ledger *l, struct mapping *m)
{
	struct extent *e;

	for (e = m->held; e; e = e->next)
		e->pool->mapped -= e->fact.nr;
	extents_give(l, m->held);
	extents_free(l, m->held);
	m->held = NULL;
	l->nr_unknown--;
	mapping_free(l, m);
}

static int unknown_make(struct ledger *l, const struct unknown_extent *u,
			struct mapping **ret)
{
	struct mapping_fact fact = { .boot_id = l->boot_id,
				     .handle = u->handle,
				     .gfn = u->gfn,
				     .nr = u->nr,
				     .domid = u->domid,
				     .state = MAPPING_UNKNOWN };
	struct extent *e = extent_new(NULL, u->mfn, u->nr);
	struct mapping *m;

	if (!e)
		return -ENOMEM;
	m = mapping_make(l, &fact, NULL, NULL, e);
	if (!m) {
		extents_free(l, e);
		return -ENOMEM;
	}
	m->mfn = u->mfn;
	map_id_set(l, e, u->map_id);
	l->nr_unknown++;
	*ret = m;
	return 0;
}

int ledger_unknown_add(struct ledger *l, const struct unknown_extent *u,
		       struct mapping **ret)
{
	struct extent *known = ledger_extent_by_map_id(l, u->map_id);
	struct mapping *m;
	struct pool *p;
	int r;

	if (known) {
		*ret = known->mapping;
		return 0;
	}
	if (!frames_valid(u->mfn, u->nr))
		return -EINVAL;
	r = unknown_make(l, u, &m);
	if (r)
		return r;
	for (p = l->pools; p; p = p->next) {
		if (!pool_placed(p))
			continue;
		r = unknown_hold(l, m, p);
		if (r) {
			unknown_release(l, m);
			return r;
		}
	}
	*ret = m;
	return 0;
}
