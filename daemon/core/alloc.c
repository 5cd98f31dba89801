/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/alloc.c - which free frames become a volume's.
 *
 * One walk over what is free and good finds the run that fits best, and the
 * few longest in case none is long enough. Frames are aligned as machine
 * addresses, since that is what large pages need.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "core/ledger-int.h"

/* A volume in more pieces than this is refused: each is a mapping of its own. */
#define ALLOC_PIECES 64

/*
 * Walks the runs of frames that are free and good, from the first that may be:
 * a pool that fills up from below is not walked from below each time.
 */
struct runs {
	struct ledger *l;
	uint32_t tag;
	struct rangemap_walk own, health;
	bool inside;
};

struct survey {
	struct frames best;  /* the shortest that is long enough; nr 0: none */
	uint64_t best_len;   /* of its run */
	struct frames top[ALLOC_PIECES]; /* the longest, longest first */
	size_t nr_top;
	uint64_t sum_top;
	uint64_t longest;    /* aligned or not */
};

static struct runs runs_of(struct ledger *l, const struct pool *p)
{
	return (struct runs){
		.l = l,
		.tag = p->tag,
		.own = rangemap_walk(l->own, p->lowest_free,
				     p->site.mfn + p->site.nr),
	};
}

static bool runs_next(struct runs *it, struct frames *ret)
{
	struct rangemap_range r;

	for (;;) {
		while (it->inside && rangemap_next(&it->health, &r)) {
			if (r.tag != HEALTH_OK)
				continue;
			*ret = (struct frames){ r.start, r.end - r.start };
			return true;
		}
		it->inside = false;
		if (!rangemap_next(&it->own, &r))
			return false;
		if (r.tag != it->tag)
			continue;
		it->health = rangemap_walk(it->l->health, r.start, r.end);
		it->inside = true;
	}
}

uint64_t ledger_largest_free(struct ledger *l, struct pool *p)
{
	struct frames run;
	struct runs it;

	if (!pool_placed(p))
		return 0;
	if (!p->largest_stale)
		return p->largest_free;

	p->largest_free = 0;
	it = runs_of(l, p);
	while (runs_next(&it, &run))
		p->largest_free = NV_MAX(p->largest_free, run.nr);
	p->largest_stale = false;
	return p->largest_free;
}

static void survey_top(struct survey *s, const struct frames *run)
{
	size_t i;

	if (s->nr_top == ALLOC_PIECES) {
		if (run->nr <= s->top[s->nr_top - 1].nr)
			return;
		s->sum_top -= s->top[--s->nr_top].nr;
	}
	for (i = s->nr_top; i > 0 && s->top[i - 1].nr < run->nr; i--)
		s->top[i] = s->top[i - 1];
	s->top[i] = *run;
	s->nr_top++;
	s->sum_top += run->nr;
}

/* Pieces have whole units, so that what follows in the guest is aligned too. */
static void survey_pool(struct ledger *l, struct pool *p, uint64_t nr,
			uint64_t align, struct survey *s)
{
	uint64_t unit = NV_MIN(align, NV_2M_FRAMES), from, len;
	struct runs it = runs_of(l, p);
	struct frames run, piece;

	while (runs_next(&it, &run)) {
		s->longest = NV_MAX(s->longest, run.nr);
		from = frames_align_up(run.mfn, align);
		if (from >= frames_end(&run))
			continue;
		len = nv_align_down(frames_end(&run) - from, unit);
		if (!len)
			continue;
		piece = (struct frames){ from, len };
		if (len >= nr && (!s->best.nr || run.nr < s->best_len)) {
			s->best = (struct frames){ from, nr };
			s->best_len = run.nr;
		}
		survey_top(s, &piece);
	}
}

/* The longest pieces until it is enough, in the order of addresses. */
static int pieces_to_extents(struct pool *p, struct survey *s, uint64_t nr,
			     struct extent **ret)
{
	struct extent *first = NULL, *e, **at;
	uint64_t part;
	size_t i;

	for (i = 0; nr && i < s->nr_top; i++) {
		part = NV_MIN(nr, s->top[i].nr);
		e = extent_new(p, s->top[i].mfn - p->site.mfn, part);
		if (!e) {
			while ((e = first)) {
				first = e->next;
				free(e);
			}
			return -ENOMEM;
		}
		for (at = &first; *at && (*at)->fact.off < e->fact.off;)
			at = &(*at)->next;
		e->next = *at;
		*at = e;
		nr -= part;
	}
	assert(!nr);
	*ret = first;
	return 0;
}

static int one_extent(struct pool *p, const struct frames *run,
		      struct extent **ret)
{
	struct extent *e = extent_new(p, run->mfn - p->site.mfn, run->nr);

	if (!e)
		return -ENOMEM;
	*ret = e;
	return 0;
}

static bool pool_may_serve(const struct alloc_want *want, const struct pool *p)
{
	if (want->pool)
		return p == want->pool && pool_placed(p);
	return p->state == POOL_ONLINE && !p->busy;
}

/* Return: 0; NV_E_NO_SPACE without a sentence; -ENOMEM. */
static int alloc_aligned(struct ledger *l, const struct alloc_want *want,
			 uint64_t align, bool pieces, struct extent **ret)
{
	struct survey s, best = { .nr_top = 0 };
	struct pool *p, *in = NULL;

	for (p = l->pools; p; p = p->next) {
		if (!pool_may_serve(want, p))
			continue;
		memset(&s, 0, sizeof(s));
		survey_pool(l, p, want->nr, align, &s);
		if (s.best.nr && (!best.best.nr || s.best_len < best.best_len)) {
			best = s;
			in = p;
		} else if (!best.best.nr && s.sum_top >= want->nr &&
			   s.sum_top > best.sum_top) {
			best = s;
			in = p;
		}
	}
	if (in && best.best.nr)
		return one_extent(in, &best.best, ret);
	if (in && pieces)
		return pieces_to_extents(in, &best, want->nr, ret);
	return NV_E_NO_SPACE;
}

static int refuse_no_space(struct ledger *l, const struct alloc_want *want,
			   struct nv_why *why)
{
	char size[NV_SIZE_TEXT], largest[NV_SIZE_TEXT], free_text[NV_SIZE_TEXT];
	uint64_t longest = 0, sum = 0;
	struct pool *p, *in = NULL;

	for (p = l->pools; p; p = p->next) {
		if (!pool_may_serve(want, p))
			continue;
		if (!in || ledger_largest_free(l, p) > longest)
			in = p;
		longest = NV_MAX(longest, ledger_largest_free(l, p));
		sum += p->free;
	}
	if (!in)
		return nv_refuse(why, NV_E_NO_POOL,
				 "there is no pool to put a volume in");
	return nv_refuse(why, NV_E_NO_SPACE,
			 "%s do not fit: the largest free extent is %s (in pool %s), %s are free in all",
			 nv_size_print_exact(frames_to_bytes(want->nr), size),
			 nv_size_print_exact(frames_to_bytes(longest), largest),
			 in->fact.name,
			 nv_size_print_exact(frames_to_bytes(sum), free_text));
}

/* Growing goes on where the volume ends, if that is free and good. */
static bool near_is_free(struct ledger *l, const struct alloc_want *want)
{
	struct rangemap_range r;

	if (!want->near || !pool_placed(want->near) ||
	    want->near_mfn >= RANGEMAP_END)
		return false;
	r = rangemap_find(l->own, want->near_mfn);
	return r.tag == want->near->tag &&
	       r.end - want->near_mfn >= want->nr &&
	       !ledger_is_bad(l, want->near_mfn, want->nr);
}

int alloc_find(struct ledger *l, const struct alloc_want *want,
	       struct nv_why *why, uint64_t *ret_align, struct extent **ret)
{
	bool may_relax = want->soft && want->align > NV_2M_FRAMES;
	struct frames run = { want->near_mfn, want->nr };
	uint64_t align = want->align;
	int r;

	if (near_is_free(l, want)) {
		*ret_align = align;
		return one_extent(want->near, &run, ret);
	}
	r = alloc_aligned(l, want, align, !may_relax, ret);
	if (r == NV_E_NO_SPACE && may_relax) {
		align = NV_2M_FRAMES;
		r = alloc_aligned(l, want, align, true, ret);
	}
	if (r == NV_E_NO_SPACE)
		return refuse_no_space(l, want, why);
	if (!r)
		*ret_align = align;
	return r;
}
