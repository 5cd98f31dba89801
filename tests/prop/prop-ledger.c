/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-ledger.c - a ledger and a plain model of every frame, treated alike, stay
 * alike: volumes, resizes, mappings, unknown extents and bad frames, begun,
 * done and aborted in any order, when memory runs out, and after a restart from
 * what the book would hold.
 */
#include <string.h>

#include "tests/lib/wrap-alloc.h"
#include "tests/prop/prop-ledger.h"

/* A restart and a look at every frame are dear: once in so many operations. */
#define RESTART_EVERY 3001u
#define COMPARE_EVERY 7u

uint64_t world_op;

/* Ends cannot fail, so they are given no memory. */
static void end_volume(struct world *w, struct object *o, bool done)
{
	switch (o->pending) {
	case CREATING:
		if (done)
			ledger_volume_done(w->l, o->v);
		else
			ledger_volume_abort(w->l, o->v);
		o->pending = SETTLED;
		if (!done)
			object_end(w, o);
		break;
	case DELETING:
		if (done)
			ledger_delete_done(w->l, o->v);
		else
			ledger_delete_abort(w->l, o->v);
		o->pending = SETTLED;
		if (done)
			object_end(w, o);
		break;
	case RENAMING:
		if (done)
			ledger_rename_done(w->l, o->v);
		else
			ledger_rename_abort(w->l, o->v);
		o->pending = SETTLED;
		break;
	default:
		must(0);
	}
}

/* The part's frames are the volume's. */
static void part_join(struct world *w, struct object *o, struct object *part)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++)
		if (w->own[i] == id_of(w, part))
			w->own[i] = id_of(w, o);
	o->nr += part->nr;
	memset(part, 0, sizeof(*part));
	must(o->v->fact.nr == o->nr);
}

static void end_resize(struct world *w, struct object *o, bool done)
{
	struct object *part = &w->obj[o->part];
	struct nv_why why;

	if (o->pending == GROWING && done) {
		ledger_grow_done(w->l, o->v, part->v);
		part_join(w, o, part);
	} else if (o->pending == GROWING) {
		ledger_grow_abort(w->l, o->v, part->v);
		object_end(w, part);
	} else if (!done) {
		ledger_shrink_abort(w->l, o->v, part->v);
		part_join(w, o, part);
	} else {
		ledger_shrink_done(w->l, o->v, part->v);
		part->what = VOLUME;
		part->pending = DELETING;
		wrap_alloc_fail_at(0);
		if (ledger_delete_begin(w->l, part->v, &why))
			part->pending = SETTLED; /* an unknown extent came */
	}
	o->pending = SETTLED;
}

/* Map ids as the hypervisor would give them, never twice. */
static void give_map_ids(struct world *w, struct object *o)
{
	struct extent *e;

	for (e = o->m->extents; e; e = e->next)
		ledger_map_extent(w->l, e, ++w->serial);
}

static void mapping_ended(struct world *w, struct object *o)
{
	o->m = NULL;
	o->pending = SETTLED;
	if (o->what == BARE)
		object_end(w, o);
}

static void end_map(struct world *w, struct object *o)
{
	if (o->pending == UNMAPPING) {
		if (!below(w, 3)) {
			ledger_unmap_abort(w->l, o->m);
			o->pending = SETTLED;
			return;
		}
		ledger_unmap_done(w->l, o->m);
		mapping_ended(w, o);
		return;
	}
	switch (below(w, 4)) {
	case 0:
		ledger_map_abort(w->l, o->m);
		mapping_ended(w, o);
		break;
	case 1:
		ledger_map_undo(w->l, o->m);
		o->pending = UNMAPPING;
		break;
	default:
		give_map_ids(w, o);
		ledger_map_done(w->l, o->m);
		o->pending = SETTLED;
		break;
	}
}

static void object_settle(struct world *w, struct object *o)
{
	if (o->what == NOTHING || o->what == PART || !o->pending)
		return;
	wrap_alloc_fail_at(1);
	if (o->pending == MAPPING || o->pending == UNMAPPING)
		end_map(w, o);
	else if (o->pending == GROWING || o->pending == SHRINKING)
		end_resize(w, o, below(w, 2));
	else
		end_volume(w, o, below(w, 3));
	wrap_alloc_fail_at(0);
}

static void op_end(struct world *w)
{
	object_settle(w, &w->obj[below(w, OBJECTS)]);
}

static void settle_all(struct world *w)
{
	unsigned int i;

	for (i = 0; i < OBJECTS; i++)
		while (w->obj[i].what != PART && w->obj[i].pending)
			object_settle(w, &w->obj[i]);
	for (i = 0; i < OBJECTS; i++)
		while (w->obj[i].pending)
			object_settle(w, &w->obj[i]);
}

static void op_unmap(struct world *w)
{
	struct object *o = &w->obj[below(w, OBJECTS)];
	struct nv_why why;
	int r;

	if (!o->m || o->pending == RENAMING)
		return;
	wrap_alloc_fail_at(1);
	r = ledger_unmap_begin(w->l, o->m, &why);
	wrap_alloc_fail_at(0);
	if (o->what == UNKNOWN)
		must(r == NV_E_UNKNOWN_EXTENT);
	else if (o->pending)
		must(r == NV_E_BUSY);
	else
		must(!r);
	if (!r)
		o->pending = UNMAPPING;
}

/* A domain died: one extent after the other is gone. */
static void op_release(struct world *w)
{
	struct object *o = &w->obj[below(w, OBJECTS)];
	struct mapping *gone = NULL;
	struct extent *e, *next;

	must(ledger_released(w->l, 0, &gone) == NV_E_NO_MAPPING);
	must(ledger_released(w->l, w->serial + 1, &gone) == NV_E_NO_MAPPING);
	if (!o->m || o->pending || !o->m->extents->fact.map_id)
		return;
	wrap_alloc_fail_at(1);
	for (e = o->m->extents; e; e = next) {
		next = e->next;
		must(!ledger_released(w->l, e->fact.map_id, &gone));
		must(!gone == !!next);
	}
	must(gone == o->m);
	ledger_unmap_done(w->l, gone);
	wrap_alloc_fail_at(0);
	w->counts[9]++;
	if (o->what == UNKNOWN)
		object_end(w, o);
	else
		mapping_ended(w, o);
}

/* The hypervisor would not have two extents on one frame. */
static bool is_mapped(const struct world *w, uint64_t mfn, uint64_t nr)
{
	const struct extent *e;
	unsigned int i;

	for (i = 0; i < OBJECTS; i++) {
		if (!w->obj[i].m)
			continue;
		if (w->obj[i].what == UNKNOWN &&
		    frames_overlap(mfn, nr, w->obj[i].m->mfn, w->obj[i].nr))
			return true;
		for (e = w->obj[i].m->extents; e; e = e->next)
			if (e->pool && frames_overlap(mfn, nr,
						      ledger_extent_mfn(e),
						      e->fact.nr))
				return true;
	}
	return false;
}

static void op_unknown(struct world *w)
{
	struct object *o = pick(w, NOTHING, SETTLED);
	struct map_request req = request(w);
	unsigned int p = (unsigned int)below(w, POOLS);
	struct unknown_extent u;
	struct mapping *m;
	uint64_t i;

	if (!o || below(w, 8))
		return;
	u = (struct unknown_extent){
		.mfn = w->mfn[p] + below(w, POOL_FRAMES) - 20,
		.nr = 1 + below(w, 100),
		.gfn = req.gpa >> 12,
		.domid = req.domid,
		.handle = req.handle,
		.map_id = ++w->serial,
	};
	if (!frames_valid(u.mfn, u.nr) || is_mapped(w, u.mfn, u.nr))
		return;
	memory_may_fail(w);
	if (ran_out(w, ledger_unknown_add(w->l, &u, &m)))
		return;
	*o = (struct object){ UNKNOWN, SETTLED, NULL, m, 0, u.nr };
	for (i = 0; i < u.nr; i++) {
		p = model_index(w, u.mfn + i);
		if (p < FRAMES && !w->own[p])
			w->own[p] = id_of(w, o);
	}
	w->counts[10]++;
}

static void op_mark(struct world *w)
{
	unsigned int p = (unsigned int)below(w, POOLS), at;
	uint64_t mfn = w->mfn[p] + below(w, POOL_FRAMES + 20) - 10;
	bool bad = below(w, 4) == 0;
	uint64_t nr = 1 + below(w, bad && below(w, 30) ? 3 : 400), i;

	memory_may_fail(w);
	if (ran_out(w, bad ? ledger_mark_bad(w->l, mfn, nr) :
			     ledger_mark_good(w->l, mfn, nr)))
		return;
	for (i = 0; frames_valid(mfn, nr) && i < nr; i++) {
		at = model_index(w, mfn + i);
		if (at < FRAMES)
			w->bad[at] = bad;
	}
}

/* Every frame of the fault comes once, with its owner and what it was. */
static void op_fault(struct world *w)
{
	unsigned int p = (unsigned int)below(w, POOLS), at;
	struct frames left = { w->mfn[p] + below(w, POOL_FRAMES + 20) - 10,
			       1 + below(w, 100) };
	uint64_t mfn = left.mfn, end = frames_end(&left), i;
	const struct object *o;
	struct blow b[3];
	size_t n, k;

	if (!frames_valid(left.mfn, left.nr))
		return;
	while (left.nr) {
		n = ledger_fault(w->l, &left, b, NV_ARRAY_SIZE(b));
		must(n > 0 && (n == NV_ARRAY_SIZE(b) || !left.nr));
		for (k = 0; k < n; k++) {
			must(b[k].frames.mfn == mfn && b[k].frames.nr);
			for (i = 0; i < b[k].frames.nr; i++, mfn++) {
				at = model_index(w, mfn);
				must((at < FRAMES) == !!b[k].pool);
				if (at == FRAMES)
					continue;
				must(b[k].was_bad == w->bad[at]);
				if (!w->own[at]) {
					must(!b[k].extent);
					continue;
				}
				o = &w->obj[w->own[at] - 1];
				must(b[k].extent || o->what == UNKNOWN);
				must(!o->m || b[k].mapping == o->m);
			}
		}
	}
	must(mfn == end);
}

static void op_place(struct world *w)
{
	struct object *o = pick(w, VOLUME, SETTLED);
	struct place at, back;
	struct nv_why why;
	uint64_t off;

	if (!o)
		return;
	off = below(w, o->nr << NV_PAGE_SHIFT);
	must(!ledger_place_volume(w->l, o->v, off, 1, &why, &at));
	must(at.volume == o->v && at.volume_offset == off);
	must(w->own[model_index(w, at.spa >> NV_PAGE_SHIFT)] == id_of(w, o));
	must(at.bad == w->bad[model_index(w, at.spa >> NV_PAGE_SHIFT)]);
	if (!o->m)
		return;
	must(!ledger_place_domain(w->l, o->m->fact.domid, at.gpa, 1, &why,
				  &back));
	must(back.spa == at.spa || back.mapping != o->m);
}

static void op_any(struct world *w)
{
	static void (*const ops[])(struct world *) = {
		op_begin, op_begin, op_begin, op_begin, op_end,	  op_end,
		op_end,	  op_end,   op_unmap, op_unmap, op_mark,  op_fault,
		op_place, op_release, op_release, op_unknown,
	};

	ops[below(w, NV_ARRAY_SIZE(ops))](w);
}

int main(int argc, char **argv)
{
	static struct world w;
	struct nv_why why;

	w.rnd = prop_begin(argc, argv);
	world_begin(&w);
	for (world_op = 0; world_op < w.rnd.ops; world_op++) {
		op_any(&w);
		if (ledger_check(w.l, &why)) {
			fprintf(stderr, "op %llu: %s\n",
				(unsigned long long)world_op, why.text);
			abort();
		}
		if (world_op % COMPARE_EVERY == 0)
			world_compare(&w);
		if (world_op % RESTART_EVERY == 0) {
			settle_all(&w);
			world_restart(&w);
		}
	}
	printf("created %llu, deleted %llu, grown %llu, shrunk %llu, mapped %llu, bare %llu, released %llu, unknown %llu, restarted %llu\n",
	       (unsigned long long)w.counts[CREATING],
	       (unsigned long long)w.counts[DELETING],
	       (unsigned long long)w.counts[GROWING],
	       (unsigned long long)w.counts[SHRINKING],
	       (unsigned long long)w.counts[MAPPING],
	       (unsigned long long)w.counts[8],
	       (unsigned long long)w.counts[9],
	       (unsigned long long)w.counts[10],
	       (unsigned long long)w.counts[11]);
	world_end(&w);
	return 0;
}
