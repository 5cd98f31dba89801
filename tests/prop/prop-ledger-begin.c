/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-ledger-begin.c - operations begin, or are refused for the right reason.
 */
#include <string.h>

#include "tests/lib/wrap-alloc.h"
#include "tests/prop/prop-ledger.h"

struct object *pick(struct world *w, enum what what, enum pending pending)
{
	unsigned int start = (unsigned int)below(w, OBJECTS), i;
	struct object *o;

	for (i = 0; i < OBJECTS; i++) {
		o = &w->obj[(start + i) % OBJECTS];
		if (o->what == what && o->pending == pending)
			return o;
	}
	return NULL;
}

uint8_t id_of(const struct world *w, const struct object *o)
{
	return (uint8_t)(o - w->obj + 1);
}

void object_end(struct world *w, struct object *o)
{
	model_give(w, id_of(w, o));
	memset(o, 0, sizeof(*o));
}

static struct nv_uuid new_uuid(struct world *w)
{
	struct nv_uuid u = { { 0 } };

	w->serial++;
	memcpy(u.b + 8, &w->serial, 8);
	return u;
}

/* Does an unknown extent lie on it? */
static bool is_shadowed(const struct world *w, const struct volume *v)
{
	const struct extent *e;
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		for (e = v->extents; e && w->obj[i].what == UNKNOWN;
		     e = e->next)
			if (frames_overlap(w->obj[i].m->mfn, w->obj[i].nr,
					   ledger_extent_mfn(e), e->fact.nr))
				return true;
	return false;
}

void memory_may_fail(struct world *w)
{
	wrap_alloc_fail_at(below(w, 6) ? 0 : 1 + below(w, 5));
}

/* -ENOMEM is only ever said when it was true, and changes nothing. */
bool ran_out(struct world *w, int r)
{
	bool failed = wrap_alloc_failed();

	wrap_alloc_fail_at(0);
	if (r != -ENOMEM)
		return false;
	must(failed);
	world_compare(w);
	return true;
}

static void check_new_volume(struct world *w, const struct volume *v,
			     uint64_t nr, struct pool *in)
{
	const struct extent *e;
	unsigned int at;

	must(v->fact.nr == nr);
	for (e = v->extents; e; e = e->next) {
		at = model_index(w, ledger_extent_mfn(e));
		must(model_run_at(w, at) >= e->fact.nr);
	}
	if (in)
		must(v->pool == in);
	else if (v->fact.nr_extents == 1)
		must(model_run_at(w, model_index(w, ledger_extent_mfn(v->extents))) ==
		     model_best(w, nr));
	else
		must(!model_best(w, nr));
}

static void check_no_space(struct world *w, uint64_t nr, const struct pool *in)
{
	unsigned int i;

	for (i = 0; i < POOLS; i++)
		if (!in || in == w->pool[i])
			must(model_sum_top(w, i) < nr);
}

static void op_create(struct world *w)
{
	struct object *o = pick(w, NOTHING, SETTLED), *other;
	struct volume_request req = { .align_bytes = 4096 };
	uint64_t nr = 1 + below(w, below(w, 4) ? 40 : 900);
	char name[NV_NAME_TEXT];
	struct nv_why why;
	struct volume *v;
	int r;

	if (!o)
		return;
	other = below(w, 20) ? NULL : pick(w, VOLUME, SETTLED);
	if (other && !other->v->fact.name[0])
		return;
	req.uuid = new_uuid(w);
	snprintf(name, sizeof(name), "v%llu", (unsigned long long)w->serial);
	req.name = other ? other->v->fact.name : name;
	req.pool = below(w, 2) ? w->pool[below(w, POOLS)] : NULL;
	req.size_bytes = frames_to_bytes(nr);
	memory_may_fail(w);
	r = ledger_volume_begin(w->l, &req, &why, &v);
	if (ran_out(w, r))
		return;
	if (other) {
		must(r == NV_E_EXISTS);
		return;
	}
	if (r) {
		must(r == NV_E_NO_SPACE);
		check_no_space(w, nr, req.pool);
		return;
	}
	check_new_volume(w, v, nr, req.pool);
	*o = (struct object){ VOLUME, CREATING, v, NULL, 0, nr };
	must(model_take(w, v->extents, 0, id_of(w, o)) == nr);
	w->counts[CREATING]++;
}

static void op_adopt(struct world *w)
{
	struct object *o = pick(w, NOTHING, SETTLED);
	unsigned int p = (unsigned int)below(w, POOLS), at, i;
	uint64_t nr = 1 + below(w, 30), off = below(w, POOL_FRAMES);
	struct volume_request req = { .align_bytes = 4096, .at = true };
	char name[NV_NAME_TEXT];
	struct nv_why why;
	struct volume *v;
	bool taken = false;
	int r;

	if (!o)
		return;
	req.uuid = new_uuid(w);
	snprintf(name, sizeof(name), "a%llu", (unsigned long long)w->serial);
	req.name = name;
	req.pool = w->pool[p];
	req.at_bytes = frames_to_bytes(off);
	req.size_bytes = frames_to_bytes(nr);
	memory_may_fail(w);
	r = ledger_volume_begin(w->l, &req, &why, &v);
	if (ran_out(w, r))
		return;
	if (off + nr > POOL_FRAMES) {
		must(r == NV_E_BAD_SIZE);
		return;
	}
	at = p * POOL_FRAMES + (unsigned int)off;
	for (i = 0; i < nr; i++)
		taken |= w->own[at + i];
	must(r == (taken ? NV_E_NO_SPACE : 0));
	if (r)
		return;
	*o = (struct object){ VOLUME, CREATING, v, NULL, 0, nr };
	must(model_take(w, v->extents, 0, id_of(w, o)) == nr);
}

/* What a volume that is in use or busy must answer; 0 if it is neither. */
static int expect_idle(struct world *w, const struct object *o)
{
	if (o->m)
		return NV_E_VOLUME_BUSY;
	if (o->pending)
		return NV_E_BUSY;
	return is_shadowed(w, o->v) ? NV_E_UNKNOWN_EXTENT : 0;
}

/* A part that could not be deleted at once is still waiting for that. */
static int expect_ready(struct world *w, const struct object *o)
{
	int r = expect_idle(w, o);

	if (!r && o->v->fact.state == VOLUME_DELETING)
		return NV_E_VOLUME_BUSY;
	return r;
}

static struct object *pick_volume(struct world *w)
{
	static const enum pending any[] = { SETTLED,  SETTLED,	SETTLED,
					    CREATING, DELETING, GROWING,
					    SHRINKING };

	return pick(w, VOLUME, any[below(w, NV_ARRAY_SIZE(any))]);
}

static void op_delete(struct world *w)
{
	struct object *o = pick_volume(w);
	struct nv_why why;
	int r;

	if (!o)
		return;
	memory_may_fail(w);
	r = ledger_delete_begin(w->l, o->v, &why);
	if (ran_out(w, r))
		return;
	must(r == expect_idle(w, o));
	if (!r) {
		o->pending = DELETING;
		w->counts[DELETING]++;
	}
}

static void op_rename(struct world *w)
{
	struct object *o = pick(w, VOLUME, SETTLED);
	char name[NV_NAME_TEXT];
	struct nv_why why;

	if (!o || !o->v->fact.name[0])
		return;
	snprintf(name, sizeof(name), "r%llu", (unsigned long long)++w->serial);
	must(ledger_rename_begin(w->l, o->v, o->v->fact.name, &why) ==
	     NV_E_EXISTS);
	must(!ledger_rename_begin(w->l, o->v, name, &why));
	o->pending = RENAMING;
}

static void op_grow(struct world *w)
{
	struct object *o = pick_volume(w), *part = pick(w, NOTHING, SETTLED);
	uint64_t nr;
	struct nv_uuid uuid;
	struct nv_why why;
	struct volume *v;
	int r, expect;

	if (!o || !part)
		return;
	nr = o->nr + 1 + below(w, 60);
	uuid = new_uuid(w);
	memory_may_fail(w);
	r = ledger_grow_begin(w->l, o->v, frames_to_bytes(nr), &uuid, &why, &v);
	if (ran_out(w, r))
		return;
	expect = expect_ready(w, o);
	if (r == NV_E_NO_SPACE && !expect) {
		check_no_space(w, nr - o->nr, o->v->pool);
		return;
	}
	must(r == expect);
	if (r)
		return;
	check_new_volume(w, v, nr - o->nr, o->v->pool);
	*part = (struct object){ PART, CREATING, v, NULL, 0, nr - o->nr };
	model_take(w, v->extents, 0, id_of(w, part));
	o->pending = GROWING;
	o->part = (unsigned int)(part - w->obj);
	w->counts[GROWING]++;
}

/* The last frames, in the volume's order, are the part's. */
static void op_shrink(struct world *w)
{
	struct object *o = pick_volume(w), *part = pick(w, NOTHING, SETTLED);
	struct nv_uuid uuid;
	struct nv_why why;
	struct volume *v;
	uint64_t nr;
	int r;

	if (!o || !part || o->nr < 2)
		return;
	nr = 1 + below(w, o->nr - 1);
	uuid = new_uuid(w);
	memory_may_fail(w);
	r = ledger_shrink_begin(w->l, o->v, frames_to_bytes(nr), &uuid, &why,
				&v);
	if (ran_out(w, r))
		return;
	must(r == expect_ready(w, o));
	if (r)
		return;
	must(o->v->fact.nr == nr && v->fact.nr == o->nr - nr);
	*part = (struct object){ PART, DELETING, v, NULL, 0, o->nr - nr };
	model_take(w, v->extents, id_of(w, o), id_of(w, part));
	o->nr = nr;
	o->pending = SHRINKING;
	o->part = (unsigned int)(part - w->obj);
	w->counts[SHRINKING]++;
}

struct map_request request(struct world *w)
{
	uint32_t domid = 1 + (uint32_t)below(w, 4);

	return (struct map_request){ .domid = domid,
				     .handle = { { (uint8_t)domid } },
				     .domain = "guest",
				     .gpa = (1 + below(w, 60)) << 21 };
}

static bool gfn_occupied(struct world *w, const struct map_request *req,
			 uint64_t nr)
{
	uint64_t gfn = frames_from_bytes(req->gpa);
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		if (w->obj[i].m && w->obj[i].m->fact.domid == req->domid &&
		    frames_overlap(gfn, nr, w->obj[i].m->fact.gfn,
				   w->obj[i].m->fact.nr))
			return true;
	return false;
}

static int expect_map(struct world *w, const struct object *o,
		      const struct map_request *req)
{
	if (o->m)
		return NV_E_ALREADY_MAPPED;
	if (o->v->fact.state != VOLUME_READY)
		return NV_E_VOLUME_BUSY;
	if (o->pending)
		return NV_E_BUSY;
	if (is_shadowed(w, o->v))
		return NV_E_UNKNOWN_EXTENT;
	return gfn_occupied(w, req, o->nr) ? NV_E_GFN_OCCUPIED : 0;
}

static void op_map(struct world *w)
{
	struct map_request req = request(w);
	struct object *o = pick_volume(w);
	struct nv_why why;
	struct mapping *m;
	int r;

	if (!o)
		return;
	req.volume = o->v;
	memory_may_fail(w);
	r = ledger_map_begin(w->l, &req, &why, &m);
	if (ran_out(w, r))
		return;
	must(r == expect_map(w, o, &req));
	if (r)
		return;
	o->m = m;
	o->pending = MAPPING;
	w->counts[MAPPING]++;
}

static void op_map_bare(struct world *w)
{
	struct object *o = pick(w, NOTHING, SETTLED);
	unsigned int p = (unsigned int)below(w, POOLS), at, i;
	struct map_request req = request(w);
	bool bad = false, taken = false;
	struct nv_why why;
	struct mapping *m;
	uint64_t nr;
	int r;

	if (!o)
		return;
	req.pool = w->pool[p];
	req.offset_bytes = below(w, 3) << 21;
	nr = (1 + below(w, 3)) * 512;
	req.size_bytes = frames_to_bytes(nr);
	memory_may_fail(w);
	r = ledger_map_begin(w->l, &req, &why, &m);
	if (ran_out(w, r))
		return;
	at = p * POOL_FRAMES + (unsigned int)(req.offset_bytes >> 12);
	if (at + nr > (p + 1) * POOL_FRAMES) {
		must(r == NV_E_BAD_SIZE);
		return;
	}
	for (i = 0; i < nr; i++) {
		taken |= w->own[at + i];
		bad |= w->bad[at + i];
	}
	if (taken)
		must(r == NV_E_POOL_IN_USE || r == NV_E_ALREADY_MAPPED);
	else if (bad)
		must(r == NV_E_BROKEN);
	else
		must(r == (gfn_occupied(w, &req, nr) ? NV_E_GFN_OCCUPIED : 0));
	if (r)
		return;
	*o = (struct object){ BARE, MAPPING, NULL, m, 0, nr };
	model_take(w, m->extents, 0, id_of(w, o));
	w->counts[8]++;
}

/* The pools fill up, are used, and are emptied, over and over. */
void op_begin(struct world *w)
{
	static void (*const ops[3][10])(struct world *) = {
		{ op_create, op_create, op_adopt, op_map_bare, op_map_bare,
		  op_map_bare, op_grow, op_map, op_create, op_shrink },
		{ op_create, op_adopt, op_delete, op_rename, op_grow,
		  op_grow, op_shrink, op_map, op_map, op_map_bare },
		{ op_delete, op_delete, op_delete, op_delete, op_shrink,
		  op_delete, op_delete, op_delete, op_delete, op_map },
	};

	ops[world_op / 500 % 3][below(w, 10)](w);
}
