/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_why.c - what is at a place, and what happened there.
 */
#include <stdio.h>
#include <string.h>

#include "ops/op_show.h"

#define WHY_EVENTS 100

struct collect {
	struct nvd *nvd;
	struct view_events *to;
};

static int on_event(void *ctx, const struct event_fact *e)
{
	struct collect *c = ctx;
	struct view_event *to = view_events_add(c->to);

	if (!to)
		return -ENOMEM;
	show_event(c->nvd, e, to);
	return 0;
}

/* The newest events about the frames of @pool that lie in these bytes. */
static int collect(struct collect *c, const struct pool *pool, uint64_t offset, uint64_t size,
		   struct nv_why *why)
{
	const struct store_events q = {
		.newest = true,
		.limit = WHY_EVENTS,
		.pool = &pool->fact.uuid,
		.off = frames_from_bytes(offset),
		.nr = frames_from_bytes(offset + NV_MAX(size, (uint64_t)1) - 1) - frames_from_bytes(offset) + 1,
	};
	int r = store_events(c->nvd->store, &q, on_event, c);

	if (r == -ENOMEM)
		return nv_refuse(why, r, "no memory");
	return r ? nv_refuse(why, r, "%s", store_why(c->nvd->store)) : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct view_event *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* In order, each once, only the newest: pieces of a volume may share an event. */
static void tidy(struct view_events *e)
{
	size_t i, n = 0, drop;

	if (!e->n)
		return;
	qsort(e->v, e->n, sizeof(e->v[0]), by_id);
	for (i = 0; i < e->n; i++)
		if (!n || e->v[n - 1].id != e->v[i].id)
			e->v[n++] = e->v[i];
	drop = n > WHY_EVENTS ? n - WHY_EVENTS : 0;
	memmove(e->v, e->v + drop, (n - drop) * sizeof(e->v[0]));
	e->n = n - drop;
}

static void show_place(const struct place *p, struct view_place *to)
{
	to->spa = p->spa;
	to->size = p->size;
	if (p->pool) {
		view_text_set(to->pool, sizeof(to->pool), p->pool->fact.name);
		view_text_set(to->region, sizeof(to->region), p->pool->fact.region);
		to->region_offset = p->region_offset;
	}
	if (p->volume) {
		view_text_set(to->volume, sizeof(to->volume), p->volume->fact.name);
		to->volume_offset = p->volume_offset;
	}
	to->in_domain = p->mapping;
	if (p->mapping) {
		to->domid = p->mapping->fact.domid;
		view_text_set(to->domain, sizeof(to->domain), p->mapping->fact.domain);
		to->gpa = p->gpa;
	}
}

static void show_next(const struct place *p, struct view_why *ret)
{
	if (p->volume)
		snprintf(ret->next, sizeof(ret->next), "nvctl repair %s", p->volume->fact.name);
	else if (p->pool)
		snprintf(ret->next, sizeof(ret->next), "nvctl pool repair %s", p->pool->fact.name);
}

static void show_state(struct nvd *nvd, const struct place *p, struct view_why *ret)
{
	uint64_t first = frames_from_bytes(p->spa);
	uint64_t last = frames_from_bytes(p->spa + NV_MAX(p->size, (uint64_t)1) - 1);

	ret->bad = frames_to_bytes(ledger_bad_count(nvd->ledger, first, last - first + 1));
	if (ret->bad)
		show_next(p, ret);
	ret->state = p->mapping ? VIEW_PLACE_MAPPED :
		     p->volume	? VIEW_PLACE_KEPT :
		     p->pool	? VIEW_PLACE_FREE :
				  VIEW_PLACE_ELSEWHERE;
}

int show_find_place(struct nvd *nvd, const struct req_why *rq, struct nv_why *why, struct place *ret)
{
	uint64_t size = rq->has_size ? rq->size : NV_PAGE_SIZE;
	struct dom_info d;
	struct volume *v;
	int r;

	if (rq->has_spa) {
		ledger_place(nvd->ledger, rq->spa, size, ret);
		return 0;
	}
	if (rq->domain[0]) {
		r = domain_find(nvd, rq->domain, why, &d);
		return r ? r : ledger_place_domain(nvd->ledger, d.domid, rq->gpa, size, why, ret);
	}
	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	if (r)
		return r;
	return ledger_place_volume(nvd->ledger, v, rq->offset, size, why, ret);
}

/* A volume from its first to its last byte: every piece of it. */
static int why_volume(struct collect *c, struct volume *v, struct nv_why *why, struct view_why *ret)
{
	const struct extent *e;
	int r = 0;

	ret->place.size = frames_to_bytes(v->fact.nr);
	ret->bad = frames_to_bytes(ledger_volume_bad(v));
	if (ret->bad)
		snprintf(ret->next, sizeof(ret->next), "nvctl repair %s", v->fact.name);
	for (e = v->extents; !r && e; e = e->next)
		r = collect(c, v->pool, frames_to_bytes(e->fact.off), frames_to_bytes(e->fact.nr), why);
	return r;
}

int op_why(struct nvd *nvd, const struct req_why *rq, struct nv_why *why, struct view_why *ret)
{
	struct collect c = { nvd, &ret->events };
	struct place p;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = show_find_place(nvd, rq, why, &p);
	if (r)
		return r;
	show_place(&p, &ret->place);
	show_state(nvd, &p, ret);
	if (p.volume && rq->volume[0] && !rq->has_offset && !rq->has_size)
		r = why_volume(&c, p.volume, why, ret);
	else if (p.pool)
		r = collect(&c, p.pool, p.pool_offset, p.size, why);
	tidy(&ret->events);
	return r;
}
