/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_status.c - the whole picture, and the history.
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "ops/listing.h"
#include "ops/op_device.h"
#include "ops/op_show.h"

#define STATUS_API 1
#define MOST_EVENTS 10000

static int status_hypervisor(struct nvd *nvd, struct view_status *ret)
{
	struct view_hypervisor *h = &ret->hypervisor;
	struct mapping *m;
	struct extent *e;
	struct pool *p;

	view_text_set(h->transport, sizeof(h->transport), nvd->host.simulated ? "sim" : "xen");
	h->simulated = nvd->host.simulated;
	h->boot_id = nvd->host.boot_id;
	h->abi = nvd->host.version;
	h->max_extents = nvd->host.max_extents;
	h->deadline_ms = nvd->host.deadline_ms;
	h->events_lost = nvd->events_lost;
	for (p = ledger_pool_next(nvd->ledger, NULL); p; p = ledger_pool_next(nvd->ledger, p))
		h->regions += p->state == POOL_ONLINE;
	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m))
		for (e = m->extents; e; e = e->next)
			h->extents += e->fact.map_id != 0;
	return 0;
}

static int status_mappings(struct nvd *nvd, struct view_status *ret)
{
	struct view_mapping *to;
	struct mapping *m;

	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m)) {
		to = view_mappings_add(&ret->mappings);
		if (!to || show_mapping(nvd, m, to))
			return -ENOMEM;
	}
	return 0;
}

static int status_alarms(struct nvd *nvd, struct view_status *ret)
{
	struct view_alarm *to;
	size_t i;

	for (i = 0; i < ALARM_NR; i++) {
		if (!nvd->alarm[i][0] || i == ALARM_DEVICE)
			continue;
		to = view_status_add_alarm(ret);
		if (!to)
			return -ENOMEM;
		view_text_set(to->text, sizeof(to->text), nvd->alarm[i]);
	}
	/* One sentence for each of them, instead of one for all. */
	return device_alarms(nvd, ret);
}

/* Who is held is the hypervisor's to say; if it does not, the list is empty. */
static int status_holds(struct nvd *nvd, struct view_status *ret)
{
	nv_cleanup(listing_deinit) struct listing holds = { 0 };
	struct dom_info d;
	struct view_hold *to;
	size_t i;

	if (listing_read(nvd, HV_LIST_HOLDS, &holds, NULL))
		return 0;
	for (i = 0; i < holds.n; i++) {
		to = view_status_add_hold(ret);
		if (!to)
			return -ENOMEM;
		to->domid = holds.v[i].domid;
		if (nvd->dom && !dom_get(nvd->dom, to->domid, &d))
			view_text_set(to->domain, sizeof(to->domain), d.name);
		to->fault = holds.v[i].state & HV_HOLD_FAULT;
		to->setup = holds.v[i].state & HV_HOLD_SETUP;
	}
	return 0;
}

static int status_counters(struct nvd *nvd, struct view_status *ret)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "maps", nvd->count.maps },         { "unmaps", nvd->count.unmaps },
		{ "releases", nvd->count.releases }, { "refusals", nvd->count.refusals },
		{ "faults", nvd->count.faults },     { "touches", nvd->count.touches },
		{ "vmces", nvd->count.vmces },       { "kills", nvd->count.kills },
		{ "timeouts", nvd->count.timeouts }, { "faults_srao", nvd->count.srao },
		{ "faults_srar", nvd->count.srar },  { "faults_ucna", nvd->count.ucna },
		{ "faults_fatal", nvd->count.fatal },
	};
	struct view_counter *to;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(counters); i++) {
		to = view_status_add_counter(ret);
		if (!to)
			return -ENOMEM;
		view_text_set(to->name, sizeof(to->name), counters[i].name);
		to->value = counters[i].value;
	}
	return 0;
}

static void status_text(struct nvd *nvd, struct view_status *ret)
{
	ret->state = nvd->state;
	if (nvd->state == VIEW_DAEMON_RUNNING && nvd_is_degraded(nvd))
		ret->state = VIEW_DAEMON_DEGRADED;
	op_status_line(nvd, ret->text, sizeof(ret->text));
}

void op_status_line(struct nvd *nvd, char *buf, size_t len)
{
	uint32_t pools = 0, mappings = 0;
	struct mapping *m;
	struct pool *p;
	size_t i;

	if (nvd->state == VIEW_DAEMON_STARTING) {
		snprintf(buf, len, "starting");
		return;
	}
	for (i = 0; i < ALARM_NR; i++)
		if (nvd->alarm[i][0]) {
			snprintf(buf, len, "degraded: %s", nvd->alarm[i]);
			return;
		}
	for (p = ledger_pool_next(nvd->ledger, NULL); p; p = ledger_pool_next(nvd->ledger, p))
		pools++;
	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m))
		mappings++;
	if (!pools)
		snprintf(buf, len, "waiting for a pool: see 'nvctl pool list'");
	else
		snprintf(buf, len, "%u pool%s, %u mapping%s", pools, pools == 1 ? "" : "s", mappings,
			 mappings == 1 ? "" : "s");
}

int op_show_status(struct nvd *nvd, struct nv_why *why, struct view_status *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->api = STATUS_API;
	view_text_set(ret->version, sizeof(ret->version), PACKAGE_VERSION);
	ret->started = nvd->started_us;
	status_text(nvd, ret);
	r = status_hypervisor(nvd, ret);
	if (!r)
		r = show_pools(nvd, &ret->pools);
	if (!r)
		r = status_mappings(nvd, ret);
	if (!r)
		r = status_holds(nvd, ret);
	if (!r)
		r = status_alarms(nvd, ret);
	if (!r)
		r = status_counters(nvd, ret);
	return r ? nv_refuse(why, r, "no memory") : 0;
}

struct show_events {
	struct nvd *nvd;
	struct view_events *ret;
	uint32_t limit;
};

static enum view_severity severity(uint32_t s)
{
	return s >= EVENT_INFO && s <= EVENT_ALARM ? (enum view_severity)(s - EVENT_INFO) : VIEW_SEVERITY_INFO;
}

static void show_place(struct nvd *nvd, const struct event_fact *e, struct view_place *to)
{
	struct pool *p = ledger_pool_by_uuid(nvd->ledger, &e->pool);

	to->spa = e->mfn == NV_NO_FRAME ? 0 : frames_to_bytes(e->mfn);
	to->size = frames_to_bytes(e->nr);
	if (p) {
		view_text_set(to->pool, sizeof(to->pool), p->fact.name);
		view_text_set(to->region, sizeof(to->region), p->fact.region);
		to->region_offset = frames_to_bytes(p->site.region_off + e->off);
	}
	view_text_set(to->volume, sizeof(to->volume), e->volume);
	to->volume_offset = frames_to_bytes(e->volume_off);
	to->in_domain = e->domid != NV_NO_DOMID && e->gfn != NV_NO_FRAME;
	if (to->in_domain) {
		to->domid = e->domid;
		view_text_set(to->domain, sizeof(to->domain), e->domain);
		to->gpa = frames_to_bytes(e->gfn);
	}
}

void show_event(struct nvd *nvd, const struct event_fact *e, struct view_event *to)
{
	to->id = e->id;
	to->time = (uint64_t)e->time_us;
	view_text_set(to->kind, sizeof(to->kind), e->kind);
	to->severity = severity(e->severity);
	view_text_set(to->text, sizeof(to->text), e->text);
	view_text_set(to->next, sizeof(to->next), e->next);
	view_text_set(to->status, sizeof(to->status), e->status);
	view_text_set(to->action, sizeof(to->action), e->action);
	to->has_place = e->nr;
	if (e->nr)
		show_place(nvd, e, &to->place);
}

static int on_show_event(void *ctx, const struct event_fact *e)
{
	struct show_events *s = ctx;
	struct view_event *to;

	if (s->ret->n == s->limit) {
		s->ret->more = true;
		return 0;
	}
	to = view_events_add(s->ret);
	if (!to)
		return -ENOMEM;
	show_event(s->nvd, e, to);
	return 0;
}

int op_show_events(struct nvd *nvd, const struct req_events *rq, struct nv_why *why, struct view_events *ret)
{
	struct show_events s = { .nvd = nvd, .ret = ret, .limit = NV_MIN(rq->limit, (uint32_t)MOST_EVENTS) };
	struct store_events q = {
		.after = rq->has_after ? rq->after : 0,
		.since_us = rq->has_since && !rq->has_after ? (int64_t)rq->since : 0,
		.newest = !rq->has_after && !rq->has_since,
		/* One more than asked for tells whether there are more. */
		.limit = s.limit + (rq->has_after || rq->has_since),
	};
	int r;

	memset(ret, 0, sizeof(*ret));
	r = store_events(nvd->store, &q, on_show_event, &s);
	if (r == -ENOMEM)
		return nv_refuse(why, r, "no memory");
	return r ? nv_refuse(why, r, "%s", store_why(nvd->store)) : 0;
}

uint64_t op_last_event(const struct nvd *nvd)
{
	return store_last_event(nvd->store);
}
