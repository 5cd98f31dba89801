/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/fault/flows-check.c - what must be true when a day is over.
 */
#include "tests/fault/flows.h"

#include <inttypes.h>
#include <string.h>

static void check_hypervisor(struct day *d)
{
	struct hv_record rec[HV_LIST_MAX];
	uint32_t nr = HV_LIST_MAX, i;
	uint64_t cursor = 0;
	struct extent *e;

	hv_list(d->w.hv, HV_LIST_EXTENTS, &cursor, rec, &nr);
	for (i = 0; i < nr; i++) {
		e = ledger_extent_by_map_id(d->w.nvd.ledger, rec[i].map_id);
		day_must(d, e && e->mapping, "extent %" PRIu64 " of the hypervisor has no record", rec[i].map_id);
		day_must(d, e->mapping->fact.state == MAPPING_MAPPED, "state %u", e->mapping->fact.state);
		day_must(d,
			 ledger_extent_mfn(e) == rec[i].mfn && e->fact.nr == rec[i].nr && e->fact.gfn == rec[i].gfn,
			 "extent %" PRIu64 " is elsewhere", rec[i].map_id);
		day_must(d, rec[i].state == HV_EXTENT_MAPPED, "extent %" PRIu64 " is half mapped", rec[i].map_id);
	}
}

static void check_broken(struct day *d)
{
	struct hv_record rec[HV_LIST_MAX];
	uint32_t nr = HV_LIST_MAX, i;
	uint64_t cursor = 0, broken = 0, bad = 0;
	struct pool *p;

	hv_list(d->w.hv, HV_LIST_BROKEN, &cursor, rec, &nr);
	for (i = 0; i < nr; i++) {
		broken += rec[i].nr;
		day_must(d, ledger_bad_count(d->w.nvd.ledger, rec[i].mfn, rec[i].nr) == rec[i].nr,
			 "0x%" PRIx64 " is broken and nobody knows", rec[i].mfn);
	}
	for (p = ledger_pool_next(d->w.nvd.ledger, NULL); p; p = ledger_pool_next(d->w.nvd.ledger, p))
		bad += p->bad;
	day_must(d, bad == broken, "%" PRIu64 " frames are bad, but %" PRIu64 " are to the hypervisor", bad, broken);
}

static void check_ledger(struct day *d)
{
	struct ledger *l = d->w.nvd.ledger;
	struct mapping *m;
	struct volume *v;
	struct extent *e;
	struct nv_why why = { "" };

	day_must(d, !ledger_check(l, &why), "%s", why.text);
	for (m = ledger_mapping_next(l, NULL); m; m = ledger_mapping_next(l, m)) {
		day_must(d, !m->busy && m->fact.state == MAPPING_MAPPED, "mapping %" PRIu64 ", state %u", m->fact.id,
			 m->fact.state);
		for (e = m->extents; e; e = e->next)
			day_must(d, e->fact.map_id, "an extent of a mapping that is none");
	}
	for (v = ledger_volume_next(l, NULL); v; v = ledger_volume_next(l, v))
		day_must(d, !v->busy && v->fact.state == VOLUME_READY && v->fact.name[0], "volume '%s', state %u",
			 v->fact.name, v->fact.state);
}

static void check_volume(struct day *d, const char *name, const struct promise *p)
{
	struct volume *v = NULL;
	bool there = !ledger_volume_find(d->w.nvd.ledger, name, NULL, &v);

	day_must(d, p->exists == SURE_UNKNOWN || there == (p->exists == SURE_YES), "volume %s %s", name,
		 there ? "is there" : "is lost");
	if (there && p->exists == SURE_YES)
		day_must(d, p->mapped == SURE_UNKNOWN || !!v->mapping == (p->mapped == SURE_YES), "volume %s %s",
			 name, v->mapping ? "is mapped" : "is not mapped");
}

/* Free again means zero, once it was a volume's. */
static void check_zero(struct day *d)
{
	struct pool *p;
	uint64_t mfn;
	struct place at;

	for (p = ledger_pool_next(d->w.nvd.ledger, NULL); p; p = ledger_pool_next(d->w.nvd.ledger, p))
		for (mfn = p->site.mfn; p->site.nr && mfn < p->site.mfn + p->site.nr; mfn += 512) {
			ledger_place(d->w.nvd.ledger, frames_to_bytes(mfn), 4096, &at);
			if (at.volume || at.mapping || flows_day(d)->bare.exists)
				continue;
			day_must(d, !hv_mem_is_secret(d->w.hv, mfn, 512),
				 "0x%" PRIx64 " is free and holds a volume's bytes", mfn);
		}
}

struct entries {
	uint32_t faults, touches;
};

static int on_entry(void *ctx, const struct event_fact *e)
{
	struct entries *n = ctx;

	n->faults += !strcmp(e->kind, "fault");
	n->touches += !strcmp(e->kind, "touch");
	return 0;
}

static void check_faults(struct day *d)
{
	struct hv_mem_actions done = hv_mem_actions(d->w.hv);
	const struct store_events all = { .limit = UINT32_MAX };
	struct flows_day *f = flows_day(d);
	struct entries n = { 0 };

	day_must(d, !hv_mem_unresolved(d->w.hv), "a guest is held for ever");
	day_must(d, done.vmce + done.crash + done.gone == done.held, "told %u times of %u, and %u were gone",
		 done.vmce, done.held, done.gone);
	day_must(d, !done.resume, "%u times sent on", done.resume);
	/* The second time that a page is met, and never before; without memory the first may be forgotten. */
	day_must(d, done.crash <= f->touches, "%u were killed", done.crash);
	day_must(d, d->trouble.allocation || done.crash + done.gone >= f->touches,
		 "%u were killed of %u that touched it again", done.crash, f->touches);
	store_events(d->w.store, &all, on_entry, &n);
	day_must(d, n.faults == f->hits, "%u faults in the history of %u", n.faults, f->hits);
	day_must(d, n.touches == f->touches, "%u touches in the history of %u", n.touches, f->touches);
}

static void check_repaired(struct day *d)
{
	if (flows_day(d)->repaired == SURE_YES)
		day_must(d, !ledger_is_bad(d->w.nvd.ledger, DAY_FREE, 2), "%u frames are not repaired",
			 (unsigned int)ledger_bad_count(d->w.nvd.ledger, DAY_FREE, 2));
}

void flows_check(struct day *d)
{
	static void (*const checks[])(struct day *) = { check_ledger, check_hypervisor, check_broken,
							check_faults, check_zero, check_repaired };
	int r = world_settle(&d->w);
	size_t i;

	day_must(d, !r, "%d: %s", r, d->w.why.text);
	for (i = 0; i < NV_ARRAY_SIZE(checks) && !day_failed(d); i++)
		checks[i](d);
	if (!day_failed(d))
		check_volume(d, "a", &flows_day(d)->a);
}
