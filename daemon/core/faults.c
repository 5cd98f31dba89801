/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/faults.c - the ledger's bad frames: who is hit, and marking them.
 */
#include "core/ledger-int.h"

uint64_t ledger_bad_count(struct ledger *l, uint64_t mfn, uint64_t nr)
{
	struct rangemap_walk w = rangemap_walk(l->health, mfn, mfn + nr);
	struct rangemap_range r;
	uint64_t bad = 0;

	while (rangemap_next(&w, &r))
		if (r.tag == HEALTH_BAD)
			bad += r.end - r.start;
	return bad;
}

bool ledger_bad_next(struct ledger *l, uint64_t mfn, uint64_t end,
		     struct frames *ret)
{
	struct rangemap_walk w = rangemap_walk(l->health, mfn, end);
	struct rangemap_range r;

	while (rangemap_next(&w, &r)) {
		if (r.tag != HEALTH_BAD)
			continue;
		*ret = (struct frames){ r.start, r.end - r.start };
		return true;
	}
	return false;
}

bool ledger_is_bad(struct ledger *l, uint64_t mfn, uint64_t nr)
{
	struct frames f;

	return ledger_bad_next(l, mfn, mfn + nr, &f);
}

uint64_t extent_volume_off(const struct extent *e)
{
	const struct extent *at;
	uint64_t off = 0;

	for (at = e->volume->extents; at != e; at = at->next)
		off += at->fact.nr;
	return off;
}

/* The first of @left that has one owner and one health; says all about it. */
static struct blow blow_first(struct ledger *l, const struct frames *left)
{
	struct rangemap_range own = rangemap_find(l->own, left->mfn);
	struct rangemap_range health = rangemap_find(l->health, left->mfn);
	struct owner o = ledger_tag_owner(l, own.tag);
	uint64_t uniform = NV_MIN(own.end, health.end);
	uint64_t end = unknown_cut(l, left->mfn,
				   NV_MIN(frames_end(left), uniform));
	struct blow b = { .frames = { left->mfn, end - left->mfn },
			  .pool = o.pool,
			  .extent = o.extent,
			  .gfn = NV_NO_FRAME,
			  .was_bad = health.tag == HEALTH_BAD };
	struct mapping *unknown = unknown_at(l, left->mfn);
	uint64_t in;

	if (o.pool)
		b.off = left->mfn - o.pool->site.mfn;
	if (o.extent) {
		in = left->mfn - ledger_extent_mfn(o.extent);
		b.volume = o.extent->volume;
		b.mapping = o.extent->mapping;
		if (b.volume)
			b.volume_off = extent_volume_off(o.extent) + in;
		if (b.mapping)
			b.gfn = o.extent->fact.gfn + in;
	}
	if (unknown && !b.mapping) {
		b.mapping = unknown;
		b.gfn = unknown->fact.gfn + (left->mfn - unknown->mfn);
	}
	return b;
}

size_t ledger_fault(struct ledger *l, struct frames *left, struct blow *blows,
		    size_t room)
{
	size_t n = 0;

	if (!frames_valid(left->mfn, left->nr)) {
		left->nr = 0;
		return 0;
	}
	while (left->nr && n < room) {
		blows[n] = blow_first(l, left);
		left->mfn += blows[n].frames.nr;
		left->nr -= blows[n].frames.nr;
		n++;
	}
	return n;
}

/* Count what changes in [mfn, mfn + nr), which lies in @p, then paint it. */
static void mark_in_pool(struct ledger *l, struct pool *p, uint64_t mfn,
			 uint64_t nr, bool bad)
{
	struct rangemap_walk w = rangemap_walk(l->own, mfn, mfn + nr);
	uint64_t was_bad, change;
	struct rangemap_range r;
	struct owner o;

	while (rangemap_next(&w, &r)) {
		was_bad = ledger_bad_count(l, r.start, r.end - r.start);
		/* Wraps below zero when frames become good; so do the sums. */
		change = (bad ? r.end - r.start : 0) - was_bad;
		o = ledger_tag_owner(l, r.tag);
		p->bad += change;
		if (o.extent) {
			o.extent->bad += change;
		} else {
			p->free_bad += change;
			p->free -= change;
			p->largest_stale |= change != 0;
		}
	}
	rangemap_paint(l->health, mfn, mfn + nr, bad ? HEALTH_BAD : HEALTH_OK);
}

static int mark(struct ledger *l, uint64_t mfn, uint64_t nr, bool bad)
{
	unsigned int nr_pools = 0;
	struct frames f;
	struct pool *p;
	int r;

	if (!frames_valid(mfn, nr))
		return 0;
	for (p = l->pools; p; p = p->next)
		nr_pools += pool_placed(p);
	r = rangemap_reserve(l->health, nr_pools);
	if (r)
		return r;
	for (p = l->pools; p; p = p->next) {
		if (!pool_placed(p))
			continue;
		f = frames_common(mfn, nr, p->site.mfn, p->site.nr);
		if (f.nr)
			mark_in_pool(l, p, f.mfn, f.nr, bad);
	}
	return 0;
}

int ledger_mark_bad(struct ledger *l, uint64_t mfn, uint64_t nr)
{
	return mark(l, mfn, nr, true);
}

int ledger_mark_good(struct ledger *l, uint64_t mfn, uint64_t nr)
{
	return mark(l, mfn, nr, false);
}
