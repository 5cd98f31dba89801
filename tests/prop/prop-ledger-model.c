/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-ledger-model.c - the model: one array of owners, one of bad frames.
 */
#include <string.h>

#include "tests/prop/prop-ledger.h"

/* As in core/alloc.c: a volume has at most this many pieces. */
#define PIECES 64

static struct pool *pool_new(struct world *w, unsigned int i)
{
	struct pool_site site = { .mfn = w->mfn[i], .nr = POOL_FRAMES };
	struct nv_uuid uuid = { { (uint8_t)(i + 1) } };
	struct nv_why why;
	struct pool *p;

	snprintf(site.device, sizeof(site.device), "namespace%u.0", i);
	must(!ledger_pool_begin(w->l, &uuid, NULL, &site, &why, &p));
	ledger_pool_done(w->l, p);
	ledger_pool_armed(w->l, p);
	return p;
}

void world_begin(struct world *w)
{
	unsigned int i;

	must(!ledger_new(&w->l));
	ledger_set_boot(w->l, 7);
	w->mfn[0] = 0x100000;
	w->mfn[1] = w->mfn[0] + POOL_FRAMES;
	w->mfn[2] = NV_FRAMES_MAX - POOL_FRAMES;
	for (i = 0; i < POOLS; i++)
		w->pool[i] = pool_new(w, i);
}

void world_end(struct world *w)
{
	w->l = ledger_free(w->l);
}

unsigned int model_index(const struct world *w, uint64_t mfn)
{
	unsigned int i;

	for (i = 0; i < POOLS; i++)
		if (mfn >= w->mfn[i] && mfn - w->mfn[i] < POOL_FRAMES)
			return i * POOL_FRAMES + (unsigned int)(mfn - w->mfn[i]);
	return FRAMES;
}

uint64_t model_take(struct world *w, const struct extent *e, uint8_t from,
		    uint8_t to)
{
	uint64_t nr = 0, i;
	unsigned int at;

	for (; e; e = e->next) {
		at = model_index(w, ledger_extent_mfn(e));
		must(at + e->fact.nr <= FRAMES);
		for (i = 0; i < e->fact.nr; i++) {
			must(w->own[at + i] == from);
			w->own[at + i] = to;
		}
		nr += e->fact.nr;
	}
	return nr;
}

/* Which unknown extent other than @but lies on the frame? */
static uint8_t covered_by(const struct world *w, unsigned int at, uint8_t but)
{
	uint64_t mfn = w->mfn[at / POOL_FRAMES] + at % POOL_FRAMES;
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		if (w->obj[i].what == UNKNOWN && i + 1 != but &&
		    mfn >= w->obj[i].m->mfn &&
		    mfn - w->obj[i].m->mfn < w->obj[i].nr)
			return (uint8_t)(i + 1);
	return 0;
}

void model_give(struct world *w, uint8_t id)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++)
		if (w->own[i] == id)
			w->own[i] = covered_by(w, i, id);
}

/* How far it is free and good from @at on, in its pool. */
uint64_t model_run_at(const struct world *w, unsigned int at)
{
	unsigned int end = (at / POOL_FRAMES + 1) * POOL_FRAMES, i = at;

	while (i < end && !w->own[i] && !w->bad[i])
		i++;
	return i - at;
}

uint64_t model_best(const struct world *w, uint64_t nr)
{
	unsigned int at = 0;
	uint64_t best = 0, len;

	while (at < FRAMES) {
		len = model_run_at(w, at);
		if (len >= nr && (!best || len < best))
			best = len;
		at += (unsigned int)len + 1;
		if (at % POOL_FRAMES == 1 && len && at > 1)
			at--; /* the run ended with its pool */
	}
	return best;
}

uint64_t model_sum_top(const struct world *w, unsigned int pool)
{
	unsigned int at = pool * POOL_FRAMES, end = at + POOL_FRAMES, i;
	uint64_t top[PIECES] = { 0 }, len, sum = 0, swap;

	while (at < end) {
		len = model_run_at(w, at);
		at += (unsigned int)len + 1;
		for (i = 0; i < PIECES && len; i++)
			if (top[i] < len) {
				swap = top[i];
				top[i] = len;
				len = swap;
			}
	}
	for (i = 0; i < PIECES; i++)
		sum += top[i];
	return sum;
}

static void compare_owner(const struct world *w, unsigned int at,
			  const struct owner *o)
{
	const struct object *obj;

	must(o->pool == w->pool[at / POOL_FRAMES]);
	if (!w->own[at]) {
		must(!o->extent);
		return;
	}
	obj = &w->obj[w->own[at] - 1];
	if (obj->what == UNKNOWN && !o->extent) {
		must(w->l->unknown_stale); /* to be held before the next taking */
		return;
	}
	must(o->extent);
	must(o->extent->volume == obj->v);
	must(o->extent->mapping == obj->m);
}

void world_compare(struct world *w)
{
	struct rangemap_range r, h;
	unsigned int i, at;
	uint64_t mfn, end;
	struct owner o;

	for (i = 0; i < POOLS; i++) {
		end = w->mfn[i] + POOL_FRAMES;
		for (mfn = w->mfn[i]; mfn < end; mfn = NV_MIN(r.end, end)) {
			r = rangemap_find(w->l->own, mfn);
			at = model_index(w, mfn);
			o = ledger_tag_owner(w->l, r.tag);
			compare_owner(w, at, &o);
			for (; mfn < NV_MIN(r.end, end); mfn++, at++)
				if (!at || w->own[at] != w->own[at - 1])
					compare_owner(w, at, &o);
		}
		for (mfn = w->mfn[i]; mfn < end; mfn = NV_MIN(h.end, end)) {
			h = rangemap_find(w->l->health, mfn);
			at = model_index(w, mfn);
			for (; mfn < NV_MIN(h.end, end); mfn++, at++)
				must(w->bad[at] == (h.tag == HEALTH_BAD));
		}
	}
}

/* Facts as the book has them. */
static void load_volume(struct world *w, struct ledger *l, struct object *o)
{
	struct extent_fact facts[64];
	struct extent *e;
	struct nv_why why;
	unsigned int i = 0;

	for (e = o->v->extents; e; e = e->next) {
		must(i < NV_ARRAY_SIZE(facts));
		facts[i++] = e->fact;
	}
	must(!ledger_volume_load(l, &o->v->fact, facts, &why, &o->v));
}

static void load_mapping(struct world *w, struct ledger *l, struct object *o)
{
	struct extent_fact facts[64];
	struct unknown_extent u;
	struct extent *e;
	struct nv_why why;
	unsigned int i = 0;

	if (o->what == UNKNOWN) {
		u = (struct unknown_extent){ .mfn = o->m->mfn,
					     .nr = o->m->fact.nr,
					     .gfn = o->m->fact.gfn,
					     .map_id = o->m->extents->fact.map_id,
					     .domid = o->m->fact.domid,
					     .handle = o->m->fact.handle };
		must(!ledger_unknown_add(l, &u, &o->m));
		return;
	}
	for (e = o->m->extents; e; e = e->next)
		facts[i++] = e->fact;
	must(!ledger_map_load(l, &o->m->fact, facts, &why, &o->m));
}

static void load_bad(struct world *w, struct ledger *l)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++)
		if (w->bad[i])
			must(!ledger_mark_bad(l, w->mfn[i / POOL_FRAMES] +
						 i % POOL_FRAMES, 1));
}

/* The order in which pools are found does not matter: some are late. */
void world_restart(struct world *w)
{
	struct pool_site site[POOLS];
	struct ledger *l, *old = w->l;
	struct nv_why why;
	bool late[POOLS];
	unsigned int i;

	must(!ledger_new(&l));
	ledger_set_boot(l, 7);
	for (i = 0; i < POOLS; i++) {
		site[i] = w->pool[i]->site;
		late[i] = below(w, 2);
		must(!ledger_pool_load(l, &w->pool[i]->fact, &why,
				       &w->pool[i]));
		if (!late[i])
			must(!ledger_pool_attach(l, w->pool[i], &site[i],
						 &why));
	}
	for (i = 0; i < OBJECTS; i++)
		if (w->obj[i].v)
			load_volume(w, l, &w->obj[i]);
	for (i = 0; i < OBJECTS; i++)
		if (w->obj[i].m)
			load_mapping(w, l, &w->obj[i]);
	for (i = 0; i < POOLS; i++)
		if (late[i])
			must(!ledger_pool_attach(l, w->pool[i], &site[i],
						 &why));
	load_bad(w, l);
	for (i = 0; i < POOLS; i++)
		ledger_pool_armed(l, w->pool[i]);
	ledger_free(old);
	w->l = l;
	w->counts[11]++;
	must(!ledger_check(l, &why));
	world_compare(w);
}
