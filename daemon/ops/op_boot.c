/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_boot.c - kernel, book and hypervisor are brought together at start.
 *
 *	hv      GET_INFO: which boot of the host is this
 *	book    pools and volumes into the ledger
 *	topo    where the pools are; TAKE them
 *	book    their bad lists; the kernel's bad blocks
 *	hv      REGISTER, SET_BROKEN, ARM
 *	book    mappings of this boot
 *	hv      LIST: it wins; what it has and we do not know is kept
 *
 * What was begun and not ended is then ended by op_leftover_begin(), one at a
 * time, beside the daily work. All of it may be repeated at any point.
 */
#include "ops/op_boot.h"

#include <stdio.h>
#include <string.h>

#include "core/reconcile.h"
#include "ops/listing.h"
#include "ops/op_fault.h"
#include "ops/op_guest.h"
#include "ops/op_pool.h"
#include "ops/op_unmap.h"
#include "ops/op_volume.h"
#include "ops/tables.h"

struct boot_load {
	struct nvd *nvd;
	struct nv_why why;
	uint64_t *stale; /* mappings of earlier boots */
	size_t nr_stale;
	bool mappings;   /* which half is read */
};

static int on_pool(void *ctx, const struct pool_fact *f)
{
	struct boot_load *l = ctx;
	struct pool *p;

	return l->mappings ? 0 : ledger_pool_load(l->nvd->ledger, f, &l->why, &p);
}

static int on_volume(void *ctx, const struct volume_fact *f, const struct extent_fact *extents)
{
	struct boot_load *l = ctx;
	struct volume *v;

	return l->mappings ? 0 : ledger_volume_load(l->nvd->ledger, f, extents, &l->why, &v);
}

static int on_mapping(void *ctx, const struct mapping_fact *f, const struct extent_fact *extents)
{
	struct boot_load *l = ctx;
	struct mapping *m;
	uint64_t *stale;

	if (!l->mappings)
		return 0;
	if (f->boot_id == l->nvd->host.boot_id)
		return ledger_map_load(l->nvd->ledger, f, extents, &l->why, &m);
	stale = reallocarray(l->stale, l->nr_stale + 1, sizeof(*stale));
	if (!stale)
		return -ENOMEM;
	l->stale = stale;
	l->stale[l->nr_stale++] = f->id;
	return 0;
}

static int on_guest(void *ctx, const struct guest_fact *f)
{
	struct boot_load *l = ctx;

	return l->mappings ? 0 : ledger_guest_load(l->nvd->ledger, f, &l->why);
}

static int boot_read(struct boot_load *l, struct nv_why *why)
{
	static const struct store_reader reader = {
		.pool = on_pool,
		.volume = on_volume,
		.mapping = on_mapping,
		.guest = on_guest,
	};
	int r;

	l->why.text[0] = '\0';
	r = store_load(l->nvd->store, &reader, l);
	if (!r)
		return 0;
	return nv_refuse(why, r, "cannot read the database: %s",
			 l->why.text[0] ? l->why.text : r == -ENOMEM ? "no memory" : store_why(l->nvd->store));
}

/* A mapping ends with the host's boot: nothing of it is left anywhere. */
static int boot_forget_stale(struct boot_load *l, struct nv_why *why)
{
	struct store *s = l->nvd->store;
	size_t i;
	int r;

	if (!l->nr_stale)
		return 0;
	r = store_begin(s, STORE_LAZY);
	for (i = 0; i < l->nr_stale && !r; i++)
		r = store_mapping_del(s, l->stale[i]);
	if (!r)
		r = store_commit(s);
	return nvd_book(l->nvd, r, why);
}

static void pool_missing(struct nvd *nvd, struct pool *p, const char *reason)
{
	ledger_pool_missing(nvd->ledger, p, reason);
	nvd_alarm(nvd, ALARM_POOL, "pool %s cannot be used: %s", p->fact.name, reason);
}

static int act_pool_attach(struct nvd *nvd, const struct act *a, struct nv_why *why)
{
	struct nv_why local = { "" };
	int r;

	r = topo_port_take(nvd->topo, &a->pool->fact.uuid, true, &local);
	if (r == TOPO_MORE)
		return OP_MORE;
	if (r) {
		pool_missing(nvd, a->pool, local.text[0] ? local.text : "it could not be taken from the kernel");
		return 0;
	}
	r = ledger_pool_attach(nvd->ledger, a->pool, &a->site, &local);
	if (r > 0) {
		nvd_alarm(nvd, ALARM_POOL, "pool %s cannot be used: %s", a->pool->fact.name, local.text);
		return 0;
	}
	if (r)
		return nv_refuse(why, r, "no memory for pool %s", a->pool->fact.name);
	/* Where it was last seen; nothing depends on it. */
	nvd_book(nvd, store_pool_put(nvd->store, &a->pool->fact), NULL);
	return pool_learn_bad(nvd, a->pool, why);
}

static int boot_pools(struct nvd *nvd, struct nv_why *why)
{
	nv_cleanup(acts_deinit) struct acts acts = { 0 };
	size_t i;
	int r;

	r = pool_reload(nvd, why);
	if (r)
		return r;
	r = reconcile_pools(nvd->ledger, nvd->topology, &acts);
	if (r)
		return nv_refuse(why, r, "no memory");
	nvd_alarm(nvd, ALARM_POOL, NULL);
	for (i = 0; i < acts.n && !r; i++) {
		/* A flow has it in its hands. */
		if (acts.v[i].pool->busy)
			continue;
		if (acts.v[i].what == ACT_POOL_ATTACH)
			r = act_pool_attach(nvd, &acts.v[i], why);
		else if (acts.v[i].what == ACT_POOL_MISSING)
			pool_missing(nvd, acts.v[i].pool, acts.v[i].text);
	}
	return r;
}

/* What it refuses costs this pool, not the others. */
static void act_region(struct nvd *nvd, const struct act *a)
{
	struct nv_why why = { "" };
	int r = 0;

	if (a->pool && a->pool->busy)
		return;
	if (a->what == ACT_REGION_ENROL)
		r = pool_enrol(nvd, a->pool, &why);
	/*
	 * Also what a life before this one armed: it may have died between the
	 * hypervisor's list and the book's, and the kernel may know more by now.
	 */
	else if ((a->what == ACT_REGION_ARM || a->what == ACT_REGION_ARMED) && a->pool->state == POOL_NOT_ARMED)
		r = pool_arm(nvd, a->pool, &why);
	else if (a->what == ACT_REGION_STALE)
		hv_dismiss(nvd->hv, a->range.mfn, a->range.nr);
	if (r)
		nvd_alarm(nvd, ALARM_POOL, "pool %s cannot be used: %s", a->pool->fact.name, why.text);
}

static int boot_regions(struct nvd *nvd, struct nv_why *why)
{
	nv_cleanup(acts_deinit) struct acts acts = { 0 };
	nv_cleanup(listing_deinit) struct listing regions = { 0 }, extents = { 0 };
	size_t i;
	int r;

	r = listing_read(nvd, HV_LIST_REGIONS, &regions, why);
	if (!r)
		r = listing_read(nvd, HV_LIST_EXTENTS, &extents, why);
	if (r)
		return r;
	r = reconcile_regions(nvd->ledger, regions.v, regions.n, extents.v, extents.n, &acts);
	if (r)
		return nv_refuse(why, r, "no memory");
	for (i = 0; i < acts.n; i++)
		act_region(nvd, &acts.v[i]);
	return 0;
}

int op_topology(struct nvd *nvd, struct nv_why *why)
{
	struct topo_place place;
	struct pool *p;
	uint64_t bad;
	int r;

	r = boot_pools(nvd, why);
	if (!r)
		r = boot_regions(nvd, why);
	for (p = ledger_pool_next(nvd->ledger, NULL); p && !r; p = ledger_pool_next(nvd->ledger, p)) {
		if (p->state != POOL_ONLINE || p->busy)
			continue;
		bad = p->bad;
		r = pool_learn_bad(nvd, p, why);
		if (!r && p->bad != bad)
			r = pool_arm(nvd, p, why);
		if (!r && topo_find_id(nvd->topology, &p->fact.uuid, &place) && place.ns->enabled)
			nvd_alarm(nvd, ALARM_POOL, "%s is pool %s and was enabled in the kernel again: use it there and bytes are lost",
				  place.ns->name, p->fact.name);
	}
	return r;
}

int op_boot(struct nvd *nvd, struct nv_why *why)
{
	struct boot_load load = { .nvd = nvd };
	struct event_fact e;
	uint32_t ms = nvd->set.deadline_ms;
	int r;

	nvd->state = VIEW_DAEMON_STARTING;
	r = nvd_hv(nvd, hv_info(nvd->hv, &nvd->host), "say what it is", why);
	if (r)
		return r;
	ledger_set_boot(nvd->ledger, nvd->host.boot_id);
	r = nvd_hv(nvd, hv_set_deadline(nvd->hv, &ms), "set the deadline", why);
	if (!r)
		r = boot_read(&load, why);
	while (!r && (r = boot_pools(nvd, why)) == OP_MORE) {
		if (nvd->on_wait)
			nvd->on_wait(nvd->userdata);
		r = 0;
	}
	if (!r)
		r = boot_regions(nvd, why);
	load.mappings = true;
	if (!r)
		r = boot_read(&load, why);
	if (!r)
		r = boot_forget_stale(&load, why);
	free(load.stale);
	if (!r)
		r = fault_recall(nvd, why);
	if (!r)
		r = op_rescan(nvd, why);
	if (!r)
		r = guest_recall(nvd, why);
	if (r)
		return r;
	nvd->host.deadline_ms = ms;
	tables_boot(nvd);
	nvd->state = VIEW_DAEMON_RUNNING;
	nvd->started_us = clock_wall_us(nvd->clock);
	e = history_event(EVENT_INFO, "started", "nvdimmd started");
	history_note(nvd, &e);
	return 0;
}
