/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_rescan.c - what the hypervisor has, read whole and believed.
 *
 * At start, and when events were lost. About what is mapped the hypervisor
 * wins; what it has and no record explains is kept.
 */
#include <string.h>

#include "core/reconcile.h"
#include "ops/listing.h"
#include "ops/op_boot.h"
#include "ops/op_unmap.h"

static int act_confirm(struct nvd *nvd, struct mapping *m)
{
	struct mapping_fact fact = m->fact;

	fact.state = MAPPING_MAPPED;
	nvd_book(nvd, store_mapping_put(nvd->store, &fact, m->extents), NULL);
	if (m->busy)
		ledger_map_done(nvd->ledger, m);
	else
		m->fact.state = MAPPING_MAPPED;
	return 0;
}

static int act_drop(struct nvd *nvd, struct mapping *m, struct nv_why *why)
{
	struct event_fact e;
	char dom[DOMAIN_PRINT];
	int r;

	/* An unknown one is not ours to unmap, but it may be found to be gone. */
	if (m->fact.state == MAPPING_UNKNOWN)
		r = ledger_released(nvd->ledger, m->extents->fact.map_id, &m);
	else
		r = ledger_unmap_begin(nvd->ledger, m, why);
	if (r)
		return r;
	e = history_event(EVENT_NOTICE, "released", "%s%s is no longer in %s, the hypervisor says",
			  m->volume ? "volume " : "a range", m->volume ? m->volume->fact.name : "",
			  domain_print(m->fact.domid, m->fact.domain, dom, sizeof(dom)));
	history_at_mapping(&e, m);
	return unmap_finish(nvd, m, &e, why);
}

static int act_unknown_gone(struct nvd *nvd, struct mapping *m)
{
	struct mapping *gone = NULL;

	if (!ledger_released(nvd->ledger, m->extents->fact.map_id, &gone) && gone)
		ledger_unmap_done(nvd->ledger, gone);
	return 0;
}

static int act_unknown(struct nvd *nvd, const struct unknown_extent *u, struct nv_why *why)
{
	struct event_fact e;
	struct mapping *m;
	char dom[DOMAIN_PRINT];
	int r;

	r = ledger_unknown_add(nvd->ledger, u, &m);
	if (r)
		return nv_refuse(why, r, "no memory for an unknown extent");
	domain_print(u->domid, NULL, dom, sizeof(dom));
	nvd_alarm(nvd, ALARM_UNKNOWN, "%s has persistent memory that no record explains; it is kept", dom);
	e = history_event(EVENT_ALARM, "unknown-extent",
			  "the hypervisor has 0x%llx (%llu pages) in %s, which no record explains; it is kept",
			  (unsigned long long)frames_to_bytes(u->mfn), (unsigned long long)u->nr, dom);
	e.mfn = u->mfn;
	e.nr = u->nr;
	e.domid = u->domid;
	e.gfn = u->gfn;
	history_next(&e, "nvctl status");
	history_note(nvd, &e);
	return 0;
}

static int act_extent(struct nvd *nvd, const struct act *a, struct nv_why *why)
{
	switch (a->what) {
	case ACT_EXTENT:
		ledger_map_extent(nvd->ledger, a->extent, a->map_id);
		return 0;
	case ACT_EXTENT_GONE:
		ledger_unmap_extent(nvd->ledger, a->extent);
		return 0;
	case ACT_MAPPING_CONFIRM:
		return act_confirm(nvd, a->mapping);
	case ACT_MAPPING_UNDO:
		/* From UNMAPPING on, op_leftover_begin() walks it back. */
		if (a->mapping->fact.state != MAPPING_UNMAPPING && !ledger_unmap_begin(nvd->ledger, a->mapping, why))
			ledger_unmap_abort(nvd->ledger, a->mapping);
		return 0;
	case ACT_MAPPING_DROP:
		return act_drop(nvd, a->mapping, why);
	case ACT_UNKNOWN_GONE:
		return act_unknown_gone(nvd, a->mapping);
	case ACT_UNKNOWN:
		return act_unknown(nvd, &a->unknown, why);
	default:
		return 0;
	}
}

/* Bad frames of one pool that nobody had told of. */
struct learned {
	struct pool *pool;
	uint64_t first, end; /* frames of the pool */
	uint64_t nr, ranges; /* nr: those that are news */
};

/* One entry for all, so that whoever asks why one of them is bad finds it. */
static void learned_tell(struct nvd *nvd, struct learned *l)
{
	struct event_fact e;

	if (!l->nr)
		return;
	e = history_event(EVENT_WARNING, "bad-learned",
			  "the hypervisor knew of %llu more broken page%s of pool %s, in %llu range%s",
			  (unsigned long long)l->nr, l->nr == 1 ? "" : "s", l->pool->fact.name,
			  (unsigned long long)l->ranges, l->ranges == 1 ? "" : "s");
	history_at_pool(&e, l->pool);
	e.off = l->first;
	e.nr = l->end - l->first;
	e.mfn = l->pool->site.mfn + l->first;
	history_next(&e, "nvctl why 0x%llx", (unsigned long long)frames_to_bytes(e.mfn));
	history_note(nvd, &e);
	*l = (struct learned){ 0 };
}

static void learned_add(struct nvd *nvd, struct learned *l, struct pool *p, uint64_t off, uint64_t nr, uint64_t news)
{
	if (l->pool != p)
		learned_tell(nvd, l);
	if (!l->nr)
		*l = (struct learned){ .pool = p, .first = off };
	l->end = off + nr;
	l->nr += news;
	l->ranges++;
}

static int act_bad(struct nvd *nvd, const struct frames *range, struct learned *learned)
{
	struct pool *p = ledger_pool_at(nvd->ledger, range->mfn);
	uint64_t known = ledger_bad_count(nvd->ledger, range->mfn, range->nr);
	struct bad_fact b = { .nr = range->nr, .source = BAD_HYPERVISOR };
	int r;

	r = ledger_mark_bad(nvd->ledger, range->mfn, range->nr);
	if (r || !p)
		return r;
	b.pool = p->fact.uuid;
	b.off = range->mfn - p->site.mfn;
	b.time_us = (int64_t)clock_wall_us(nvd->clock);
	learned_add(nvd, learned, p, b.off, b.nr, range->nr - known);
	return nvd_book(nvd, store_bad_add(nvd->store, &b), NULL);
}

int op_rescan(struct nvd *nvd, struct nv_why *why)
{
	nv_cleanup(acts_deinit) struct acts acts = { 0 };
	nv_cleanup(listing_deinit) struct listing extents = { 0 }, broken = { 0 };
	struct learned learned = { 0 };
	size_t i;
	int r;

	r = listing_read(nvd, HV_LIST_EXTENTS, &extents, why);
	if (!r)
		r = listing_read(nvd, HV_LIST_BROKEN, &broken, why);
	if (r)
		return r;
	r = reconcile_extents(nvd->ledger, extents.v, extents.n, &acts);
	if (!r)
		r = reconcile_bad(nvd->ledger, broken.v, broken.n, &acts);
	if (r)
		return nv_refuse(why, r, "no memory");
	for (i = 0; i < acts.n && !r; i++) {
		if (acts.v[i].what == ACT_BAD_LEARN)
			r = act_bad(nvd, &acts.v[i].range, &learned);
		else
			r = act_extent(nvd, &acts.v[i], why);
	}
	learned_tell(nvd, &learned);
	return r;
}

/* Nobody knows any more what they met, only that they must not wait for ever. */
static int resolve_extent(struct nvd *nvd, uint64_t map_id)
{
	struct hv_resolve rs = { .map_id = map_id, .action = HV_VMCE, .kind = HV_SRAO };
	int r;

	r = hv_resolve(nvd->hv, &rs);
	if (r == -EOPNOTSUPP) {
		rs.action = HV_CRASH;
		r = hv_resolve(nvd->hv, &rs);
	}
	return r == -EALREADY || r == -ESRCH || r == -ESTALE ? 0 : r;
}

int op_resolve_lost(struct nvd *nvd, struct nv_why *why)
{
	nv_cleanup(listing_deinit) struct listing holds = { 0 }, extents = { 0 };
	size_t i, j;
	int r;

	r = listing_read(nvd, HV_LIST_HOLDS, &holds, why);
	if (!r)
		r = listing_read(nvd, HV_LIST_EXTENTS, &extents, why);
	for (i = 0; i < holds.n && !r; i++)
		for (j = 0; j < extents.n && !r && (holds.v[i].state & HV_HOLD_FAULT); j++)
			if (extents.v[j].domid == holds.v[i].domid)
				r = nvd_hv(nvd, resolve_extent(nvd, extents.v[j].map_id), "resolve lost faults", why);
	return r;
}
