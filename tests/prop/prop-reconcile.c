/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prop-reconcile.c - whatever book and hypervisor say, after reconcile they
 * agree, and nothing was taken from a domain that the book did not know of.
 *
 * The hypervisor is an array of extents. Mappings are written into the book in
 * every state, made in full, in part or not at all, with and without their
 * map_ids; domains die, foreign extents come and go, frames break.
 */
#include <string.h>

#include "core/ledger-int.h"
#include "core/reconcile.h"
#include "tests/lib/prop.h"
#include "tests/lib/wrap-alloc.h"

#define VOLUMES 10u
#define FRAMES 2048u
#define RECORDS 64u
#define BASE 0x100000u

#define must(x) prop_must(op, x)

static uint64_t op;

struct world {
	struct prop rnd;
	struct ledger *l;
	struct pool *p;
	struct hv_record rec[RECORDS];
	size_t nr;
	uint64_t serial;
	uint64_t counts[ACT_BAD_LEARN + 1];
};

static uint64_t below(struct world *w, uint64_t n)
{
	return prop_below(&w->rnd, n);
}

static struct nv_uuid uuid_of(uint64_t n)
{
	struct nv_uuid u = { { 0 } };

	memcpy(u.b, &n, sizeof(n));
	u.b[15] = 1;
	return u;
}

/* Volumes of one to four pieces, all over the pool, a hole after each piece. */
static void world_begin(struct world *w)
{
	struct pool_site site = { .mfn = BASE, .nr = FRAMES,
				  .device = "namespace0.0" };
	struct volume_fact f = { .align = 1, .state = VOLUME_READY };
	struct extent_fact e[4];
	struct nv_uuid id = uuid_of(1);
	uint64_t at = 0;
	struct volume *v;
	struct nv_why why;
	uint32_t i, k;

	must(!ledger_new(&w->l));
	ledger_set_boot(w->l, 7);
	must(!ledger_pool_begin(w->l, &id, NULL, &site, &why, &w->p));
	ledger_pool_done(w->l, w->p);
	ledger_pool_armed(w->l, w->p);
	for (i = 0; i < VOLUMES; i++) {
		f.uuid = uuid_of(100 + i);
		f.pool = id;
		f.nr_extents = 1 + i % 4;
		snprintf(f.name, sizeof(f.name), "v%u", i);
		for (k = 0; k < f.nr_extents; k++) {
			e[k] = (struct extent_fact){ .off = at, .nr = 8 + i };
			at += 8 + i + 20;
		}
		must(!ledger_volume_load(w->l, &f, e, &why, &v));
	}
}

static bool hv_has(const struct world *w, uint64_t mfn, uint64_t nr)
{
	size_t i;

	for (i = 0; i < w->nr; i++)
		if (frames_overlap(mfn, nr, w->rec[i].mfn, w->rec[i].nr))
			return true;
	return false;
}

static void hv_add(struct world *w, struct hv_record rec)
{
	if (w->nr == RECORDS || hv_has(w, rec.mfn, rec.nr))
		return;
	rec.map_id = ++w->serial;
	w->rec[w->nr++] = rec;
}

static void hv_drop(struct world *w, size_t i)
{
	w->rec[i] = w->rec[--w->nr];
}

static struct hv_record *hv_find(struct world *w, uint64_t map_id)
{
	size_t i;

	for (i = 0; i < w->nr; i++)
		if (w->rec[i].map_id == map_id)
			return &w->rec[i];
	return NULL;
}

/* What a daemon that died somewhere on its way has left behind. */
static void leave_mapping(struct world *w, struct mapping_fact *f,
			  struct extent_fact *e, const struct pool *p)
{
	bool knows = below(w, 2), some = below(w, 3) == 0;
	struct mapping *m;
	struct nv_why why;
	uint64_t gfn = f->gfn;
	uint32_t k;
	int r;

	f->id = ++w->serial;
	f->boot_id = 7;
	f->state = MAPPING_MAPPING + (uint32_t)below(w, 3);
	for (k = 0; k < f->nr_extents; k++, gfn += e[k - 1].nr) {
		struct hv_record rec = {
			.mfn = p->site.mfn + e[k].off,
			.nr = e[k].nr,
			.gfn = gfn,
			.domid = f->domid,
			.state = below(w, 4) ? HV_EXTENT_MAPPED :
					       1 + (uint32_t)below(w, 3),
			.uuid = f->handle,
		};
		size_t before = w->nr;

		e[k].gfn = gfn;
		if (some && below(w, 2))
			continue;
		hv_add(w, rec);
		if (knows && w->nr > before)
			e[k].map_id = w->rec[before].map_id;
	}
	r = ledger_map_load(w->l, f, e, &why, &m);
	must(!r || r == NV_E_BAD_BOOK);
}

static void leave_volume(struct world *w)
{
	struct nv_uuid id = uuid_of(100 + below(w, VOLUMES));
	struct volume *v = ledger_volume_by_uuid(w->l, &id);
	struct mapping_fact f = { .volume = id, .pool = w->p->fact.uuid,
				  .gfn = 0x1000 + below(w, 64) * 512,
				  .nr = v->fact.nr,
				  .nr_extents = v->fact.nr_extents };
	struct extent_fact facts[4];
	struct extent *e;
	uint32_t k = 0;

	if (v->mapping)
		return;
	f.domid = 1 + (uint32_t)below(w, 5);
	f.handle = uuid_of(f.domid);
	for (e = v->extents; e; e = e->next)
		facts[k++] = (struct extent_fact){ .off = e->fact.off,
						   .nr = e->fact.nr };
	leave_mapping(w, &f, facts, w->p);
}

static void leave_bare(struct world *w)
{
	struct extent_fact e = { .off = below(w, FRAMES - 30),
				 .nr = 1 + below(w, 20) };
	struct mapping_fact f = { .pool = w->p->fact.uuid,
				  .gfn = 0x1000 + below(w, 64) * 512,
				  .nr = e.nr, .nr_extents = 1 };

	f.domid = 1 + (uint32_t)below(w, 5);
	f.handle = uuid_of(f.domid);
	leave_mapping(w, &f, &e, w->p);
}

static void foreign_comes(struct world *w)
{
	uint32_t domid = 1 + (uint32_t)below(w, 5);
	struct hv_record rec = { .mfn = BASE - 10 + below(w, FRAMES + 20),
				 .nr = 1 + below(w, 40),
				 .gfn = below(w, 1000) * 512,
				 .domid = domid,
				 .state = 1 + (uint32_t)below(w, 3),
				 .uuid = uuid_of(domid) };

	if (w->nr < RECORDS / 2)
		hv_add(w, rec);
}

static void something_goes(struct world *w)
{
	if (w->nr)
		hv_drop(w, below(w, w->nr));
}

/* The same frames at the same place, but in another domain, or life. */
static void another_has_it(struct world *w)
{
	struct hv_record *rec = &w->rec[below(w, RECORDS)];

	if (rec >= w->rec + w->nr)
		return;
	if (below(w, 2))
		rec->domid++;
	else
		rec->uuid.b[8]++;
	rec->map_id = ++w->serial;
}

static void mapping_end(struct world *w, struct mapping *m, bool unmap)
{
	struct nv_why why;
	struct extent *e;
	size_t i;

	must(!ledger_unmap_begin(w->l, m, &why));
	for (e = m->extents; e && unmap; e = e->next) {
		for (i = 0; i < w->nr; i++)
			if (e->fact.map_id &&
			    w->rec[i].map_id == e->fact.map_id)
				break;
		if (i < w->nr)
			hv_drop(w, i);
		ledger_unmap_extent(w->l, e);
	}
	ledger_unmap_done(w->l, m);
}

static void apply(struct world *w, const struct act *a)
{
	struct mapping *m;

	w->counts[a->what]++;
	switch (a->what) {
	case ACT_EXTENT:
		must(hv_find(w, a->map_id));
		ledger_map_extent(w->l, a->extent, a->map_id);
		break;
	case ACT_EXTENT_GONE:
		ledger_unmap_extent(w->l, a->extent);
		break;
	case ACT_MAPPING_CONFIRM:
		a->mapping->fact.state = MAPPING_MAPPED;
		break;
	case ACT_MAPPING_UNDO:
		mapping_end(w, a->mapping, true);
		break;
	case ACT_MAPPING_DROP:
		mapping_end(w, a->mapping, false);
		break;
	case ACT_UNKNOWN:
		must(hv_find(w, a->unknown.map_id));
		must(!ledger_unknown_add(w->l, &a->unknown, &m));
		break;
	case ACT_UNKNOWN_GONE:
		must(!ledger_released(w->l, a->mapping->extents->fact.map_id,
				      &m));
		must(m == a->mapping);
		ledger_unmap_done(w->l, m);
		break;
	default:
		must(0);
	}
}

/* A list that runs out of memory is as if it had not been asked for. */
static void ask(struct world *w, struct acts *acts)
{
	int r;

	wrap_alloc_fail_at(below(w, 4) ? 0 : 1 + below(w, 4));
	r = reconcile_extents(w->l, w->rec, w->nr, acts);
	if (r) {
		must(r == -ENOMEM && wrap_alloc_failed() && !acts->n);
		wrap_alloc_fail_at(0);
		r = reconcile_extents(w->l, w->rec, w->nr, acts);
	}
	wrap_alloc_fail_at(0);
	must(!r);
}

static void agree(struct world *w)
{
	const struct hv_record *rec;
	struct mapping *m = NULL;
	const struct extent *e;
	size_t i;

	for (i = 0; i < w->nr; i++) {
		rec = &w->rec[i];
		e = ledger_extent_by_map_id(w->l, rec->map_id);
		must(e && e->mapping);
		must((e->pool ? ledger_extent_mfn(e) : e->fact.off) ==
		     rec->mfn);
		must(e->fact.nr == rec->nr && e->fact.gfn == rec->gfn);
		must(e->mapping->fact.domid == rec->domid);
		must(e->mapping->fact.state == MAPPING_UNKNOWN ||
		     rec->state == HV_EXTENT_MAPPED);
		must(nv_uuid_equal(&e->mapping->fact.handle, &rec->uuid));
	}
	while ((m = ledger_mapping_next(w->l, m))) {
		must(m->fact.state == MAPPING_MAPPED ||
		     m->fact.state == MAPPING_UNKNOWN);
		for (e = m->extents; e; e = e->next)
			must(hv_find(w, e->fact.map_id));
	}
}

static void reconcile(struct world *w)
{
	struct acts acts = { 0 };
	struct hv_record foreign[RECORDS];
	size_t nr_foreign = 0, i;
	struct nv_why why;

	ask(w, &acts);
	for (i = 0; i < acts.n; i++)
		if (acts.v[i].what == ACT_UNKNOWN)
			foreign[nr_foreign++] =
				*hv_find(w, acts.v[i].unknown.map_id);
	for (i = 0; i < acts.n; i++)
		apply(w, &acts.v[i]);
	for (i = 0; i < nr_foreign; i++)
		must(hv_find(w, foreign[i].map_id));
	if (ledger_check(w->l, &why)) {
		fprintf(stderr, "op %llu: %s\n", (unsigned long long)op,
			why.text);
		abort();
	}
	agree(w);
	acts.n = 0;
	ask(w, &acts);
	must(acts.n == 0);
	acts_deinit(&acts);
}

/* Broken there is bad here afterwards, and nothing else is. */
static void learn_bad(struct world *w)
{
	struct hv_record broken[4];
	struct acts acts = { 0 };
	uint64_t before, all = 0;
	size_t i, nr = below(w, 5);

	for (i = 0; i < nr; i++)
		broken[i] = (struct hv_record){
			.mfn = BASE - 4 + below(w, FRAMES + 8),
			.nr = 1 + below(w, 6),
		};
	before = ledger_bad_count(w->l, BASE, FRAMES);
	must(!reconcile_bad(w->l, broken, nr, &acts));
	for (i = 0; i < acts.n; i++) {
		must(acts.v[i].what == ACT_BAD_LEARN);
		must(!ledger_mark_bad(w->l, acts.v[i].range.mfn,
				      acts.v[i].range.nr));
		all += acts.v[i].range.nr;
		w->counts[ACT_BAD_LEARN]++;
	}
	must(ledger_bad_count(w->l, BASE, FRAMES) <= before + all);
	acts.n = 0;
	must(!reconcile_bad(w->l, broken, nr, &acts));
	must(!acts.n);
	acts_deinit(&acts);
	if (below(w, 20) == 0)
		must(!ledger_mark_good(w->l, BASE, FRAMES));
}

int main(int argc, char **argv)
{
	static void (*const ops[])(struct world *) = {
		leave_volume, leave_volume, leave_bare, foreign_comes,
		something_goes, something_goes, something_goes, learn_bad,
		another_has_it,
		reconcile, reconcile,
	};
	static struct world w;

	w.rnd = prop_begin(argc, argv);
	world_begin(&w);
	for (op = 0; op < w.rnd.ops; op++)
		ops[below(&w, NV_ARRAY_SIZE(ops))](&w);
	printf("confirmed %llu, undone %llu, dropped %llu, unknown %llu, gone %llu, learned %llu\n",
	       (unsigned long long)w.counts[ACT_MAPPING_CONFIRM],
	       (unsigned long long)w.counts[ACT_MAPPING_UNDO],
	       (unsigned long long)w.counts[ACT_MAPPING_DROP],
	       (unsigned long long)w.counts[ACT_UNKNOWN],
	       (unsigned long long)w.counts[ACT_UNKNOWN_GONE],
	       (unsigned long long)w.counts[ACT_BAD_LEARN]);
	ledger_free(w.l);
	return 0;
}
