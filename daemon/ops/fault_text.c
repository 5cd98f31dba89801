/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/fault_text.c - faults in words: for the history, the counters, the guest.
 */
#include "ops/fault_text.h"

#include <stdio.h>
#include <string.h>

#include "ops/op_device.h"

/* Of alarms about what is over. */
#define ENDS " ('systemctl reload nvdimmd' ends this alarm)"

/* A mapping of the event's domain, the one it is about if it says; or NULL. */
static const struct mapping *event_mapping(struct nvd *nvd, const struct hv_event *ev)
{
	const struct extent *x = ledger_extent_by_map_id(nvd->ledger, ev->map_id);
	struct mapping *m;

	if (x || ev->map_id)
		return x ? x->mapping : NULL;
	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m))
		if (m->fact.domid == ev->domid)
			break;
	return m;
}

static const char *event_domain(struct nvd *nvd, const struct hv_event *ev, char *buf, size_t len)
{
	const struct mapping *m = event_mapping(nvd, ev);

	return domain_print(ev->domid, m ? m->fact.domain : NULL, buf, len);
}

/* "volume db at offset 0x5000", "pool fast, free", "no pool" */
static void where_text(const struct blow *b, char *buf, size_t len)
{
	if (b && b->volume)
		snprintf(buf, len, "volume %s at offset 0x%llx", b->volume->fact.name,
			 (unsigned long long)frames_to_bytes(b->volume_off));
	else if (b && b->pool)
		snprintf(buf, len, "pool %s at offset 0x%llx, %s", b->pool->fact.name,
			 (unsigned long long)frames_to_bytes(b->off), b->extent ? "a bare range" : "free");
	else
		snprintf(buf, len, "no pool");
}

/* What became of it, and why, as the end of a sentence. */
static void outcome_text(const struct hv_event *ev, const struct policy_verdict *v, const char *dom, char *buf,
			 size_t len)
{
	if (ev->flags & HV_EVENTF_CRASHED)
		snprintf(buf, len, "it could not be contained and %s was crashed", dom);
	else if (v->action == POLICY_KILL)
		snprintf(buf, len, "%s is killed: %s", dom, v->reason);
	else if (v->action == POLICY_VMCE)
		snprintf(buf, len, "%s is told by a machine check: %s", dom, v->reason);
	else if (ev->flags & HV_EVENTF_RESOLVED)
		snprintf(buf, len, "%s was told or crashed before nvdimmd read of it", dom);
	else if (ev->map_id)
		snprintf(buf, len, "%s goes on: %s", dom, v->reason);
	else
		snprintf(buf, len, "no guest had it, it is offline");
}

/* A guest that is told or lost is more than a page that is offline. */
static enum event_severity severity(const struct hv_event *ev, const struct policy_verdict *v)
{
	if (v->avalanche || v->over_limit)
		return EVENT_ALARM;
	if (ev->flags & (HV_EVENTF_CRASHED | HV_EVENTF_RESOLVED))
		return EVENT_ERROR;
	return v->action == POLICY_NOTE ? EVENT_WARNING : EVENT_ERROR;
}

/* The kernel, or a person, may say so as well as the hardware. */
static const char *what_text(const struct hv_event *ev)
{
	if (ev->flags & HV_EVENTF_SIMULATED)
		return "memory marked as bad";
	return ev->flags & HV_EVENTF_REPEAT ? "another memory error" : "a memory error";
}

void fault_text(struct nvd *nvd, const struct hv_event *ev, const struct blow *b, const struct policy_verdict *v,
		struct event_fact *ret)
{
	bool touch = ev->type == HV_EVENT_TOUCH;
	char dom[DOMAIN_PRINT], where[160], outcome[512];
	struct event_fact e;

	event_domain(nvd, ev, dom, sizeof(dom));
	where_text(b, where, sizeof(where));
	outcome_text(ev, v, dom, outcome, sizeof(outcome));
	if (ev->flags & HV_EVENTF_NO_ADDR)
		e = history_event(EVENT_ALARM, "fault", "the hardware reported a memory error without an address");
	else if (touch)
		e = history_event(severity(ev, v), "touch", "%s touched the bad page at 0x%llx (%s); %s", dom,
				  (unsigned long long)ev->spa, where, outcome);
	else
		e = history_event(severity(ev, v), "fault",
				  "%s (%s) at 0x%llx, %llu page%s, %s; %s", what_text(ev),
				  policy_class_name(policy_class(ev->status, ev->mcg, ev->flags)), (unsigned long long)ev->spa,
				  (unsigned long long)ev->nr, ev->nr == 1 ? "" : "s", where, outcome);
	view_text_set(e.action, sizeof(e.action), policy_action_name(v->action));
	if (!touch)
		snprintf(e.status, sizeof(e.status), "0x%016llx", (unsigned long long)ev->status);
	e.mfn = b ? b->frames.mfn : ev->spa >> NV_PAGE_SHIFT;
	e.nr = b ? b->frames.nr : ev->flags & HV_EVENTF_NO_ADDR ? 0 : ev->nr;
	if (b && b->pool) {
		e.pool = b->pool->fact.uuid;
		e.off = b->off;
	}
	if (b && b->volume) {
		view_text_set(e.volume, sizeof(e.volume), b->volume->fact.name);
		e.volume_off = b->volume_off;
		history_next(&e, "nvctl why %s+0x%llx", b->volume->fact.name,
			     (unsigned long long)frames_to_bytes(b->volume_off));
	} else if (b && b->pool) {
		history_next(&e, "nvctl why 0x%llx", (unsigned long long)frames_to_bytes(e.mfn));
	} else {
		/* The platform looks for it, and its bad blocks become ours. */
		history_next(&e, "ndctl start-scrub");
	}
	if (ev->map_id) {
		const struct extent *x = ledger_extent_by_map_id(nvd->ledger, ev->map_id);

		e.domid = ev->domid;
		e.gfn = ev->gfn + (e.mfn - (ev->spa >> NV_PAGE_SHIFT));
		if (x && x->mapping)
			view_text_set(e.domain, sizeof(e.domain), x->mapping->fact.domain);
	}
	*ret = e;
}

void timeout_text(struct nvd *nvd, const struct hv_event *ev, struct event_fact *ret)
{
	const struct mapping *m = event_mapping(nvd, ev);
	char dom[DOMAIN_PRINT];

	*ret = history_event(EVENT_ALARM, "timeout", "the hypervisor crashed %s: %s",
			     event_domain(nvd, ev, dom, sizeof(dom)),
			     ev->flags & HV_EVENTF_RESOLVED ? "it did not take its machine checks in time" :
							      "no decision about its bad page came in time");
	if (m)
		history_at_mapping(ret, m);
	ret->domid = ev->domid;
	history_next(ret, ev->flags & HV_EVENTF_RESOLVED ? "xl dmesg" : "journalctl -u nvdimmd");
}

void untold_text(struct nvd *nvd, const struct hv_event *ev, struct event_fact *ret)
{
	const struct mapping *m = event_mapping(nvd, ev);
	char dom[DOMAIN_PRINT];

	*ret = history_event(EVENT_ERROR, "untold", "%s cannot be told by a machine check, and was crashed instead",
			     event_domain(nvd, ev, dom, sizeof(dom)));
	if (m)
		history_at_mapping(ret, m);
	ret->domid = ev->domid;
	history_next(ret, "xl dmesg");
}

void lost_text(struct event_fact *ret)
{
	*ret = history_event(EVENT_ALARM, "events-lost",
			     "more events came than the hypervisor can keep; its state was read again whole");
	history_next(ret, "nvctl status");
}

static void count_class(struct nvd_counters *c, enum policy_class class)
{
	switch (class) {
	case POLICY_SRAO:
		c->srao++;
		break;
	case POLICY_SRAR:
		c->srar++;
		break;
	case POLICY_UCNA:
		c->ucna++;
		break;
	case POLICY_FATAL:
		c->fatal++;
		break;
	case POLICY_CE:
		break;
	}
}

static void count_event(struct nvd_counters *c, const struct hv_event *ev)
{
	switch (ev->type) {
	case HV_EVENT_MCE:
		c->faults++;
		count_class(c, policy_class(ev->status, ev->mcg, ev->flags));
		break;
	case HV_EVENT_TOUCH:
		c->touches++;
		break;
	case HV_EVENT_TIMEOUT:
		c->timeouts++;
		break;
	}
}

void fault_count(struct nvd *nvd, const struct hv_event *ev, const struct policy_verdict *v)
{
	count_event(&nvd->count, ev);
	nvd->count.vmces += v->action == POLICY_VMCE;
	nvd->count.kills += v->action == POLICY_KILL;
	if (ev->type == HV_EVENT_LOST)
		nvd_alarm(nvd, ALARM_LOST,
			  "more events came than the hypervisor can keep; everything was read again" ENDS);
	if (v->avalanche)
		nvd_alarm(nvd, ALARM_AVALANCHE,
			  "too many guests meet bad pages: a memory module is failing, and guests are told instead of "
			  "killed: see 'nvctl events'" ENDS);
	if (v->over_limit)
		nvd_alarm(nvd, ALARM_PAGES, "a volume had more than %u faults within %u s: see 'nvctl events'" ENDS,
			  nvd->set.page_limit.burst, nvd->set.page_limit.per_s);
}

void fault_publish(struct nvd *nvd, const struct hv_event *ev)
{
	const struct extent *x = ledger_extent_by_map_id(nvd->ledger, ev->map_id);
	struct bus_fault f = {
		.domid = ev->domid,
		.volume = x && x->volume ? x->volume->fact.name : NULL,
		.gpa = frames_to_bytes(ev->gfn),
		.size = frames_to_bytes(ev->nr),
	};

	if (ev->gfn == HV_NO_GFN)
		return;
	bus_fault(nvd->bus, &f);
	/* More of it is bad now. */
	device_changed(nvd, ev->domid);
}
