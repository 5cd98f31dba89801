/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/fault_desk.c - what is decided about events, each once.
 */
#include "ops/fault_desk.h"

#include <stdio.h>
#include <string.h>

#include "ops/fault_text.h"

int fault_desk_new(const struct settings *set, struct fault_desk **ret)
{
	struct fault_desk *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	/* Who knows what a life before this one left undone? */
	d->held = true;
	r = policy_new(set, &d->policy);
	if (r) {
		free(d);
		return r;
	}
	*ret = d;
	return 0;
}

struct fault_desk *fault_desk_free(struct fault_desk *d)
{
	if (d) {
		policy_free(d->policy);
		free(d->notes);
		free(d);
	}
	return NULL;
}

const struct policy_verdict *fault_verdict(const struct fault_desk *d, uint64_t seq)
{
	size_t lo = 0, hi = d->nr_notes, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (d->notes[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < d->nr_notes && d->notes[lo].seq == seq ? &d->notes[lo].v : NULL;
}

static int note_add(struct fault_desk *d, uint64_t seq, const struct policy_verdict *v)
{
	struct verdict_note *notes;
	size_t room;

	if (d->nr_notes == d->room) {
		room = d->room ? 2 * d->room : 64;
		notes = reallocarray(d->notes, room, sizeof(*notes));
		if (!notes)
			return -ENOMEM;
		d->notes = notes;
		d->room = room;
	}
	d->notes[d->nr_notes++] = (struct verdict_note){ seq, *v };
	return 0;
}

void fault_forget(struct fault_desk *d, uint64_t seq)
{
	size_t n = 0;

	while (n < d->nr_notes && d->notes[n].seq <= seq)
		n++;
	if (!n)
		return;
	memmove(d->notes, d->notes + n, (d->nr_notes - n) * sizeof(*d->notes));
	d->nr_notes -= n;
	if (!d->nr_notes) {
		free(d->notes);
		d->notes = NULL;
		d->room = 0;
	}
}

/* ---- what is under repair ---- */

void fault_watch_begin(struct fault_desk *d, struct fault_watch *w, const struct frames *frames)
{
	*w = (struct fault_watch){ .frames = *frames, .next = d->watches };
	d->watches = w;
}

void fault_watch_end(struct fault_desk *d, struct fault_watch *w)
{
	struct fault_watch **p;

	for (p = &d->watches; *p && *p != w; p = &(*p)->next)
		;
	if (*p)
		*p = w->next;
}

void fault_watch_hit(struct fault_desk *d, const struct frames *frames)
{
	struct fault_watch *w;

	for (w = d->watches; w; w = w->next)
		w->hit |= !frames || frames_overlap(w->frames.mfn, w->frames.nr, frames->mfn, frames->nr);
}

/* ---- deciding ---- */

struct frames fault_frames(const struct hv_event *ev)
{
	return (struct frames){ ev->spa >> NV_PAGE_SHIFT, ev->flags & HV_EVENTF_NO_ADDR ? 0 : ev->nr };
}

static bool same_owner(const struct blow *a, const struct blow *b)
{
	return a->pool == b->pool && a->extent == b->extent && a->mapping == b->mapping;
}

bool fault_part(struct nvd *nvd, struct frames *left, struct blow *ret)
{
	struct frames rest;
	struct blow next;

	if (!left->nr || !ledger_fault(nvd->ledger, left, ret, 1))
		return false;
	for (rest = *left; rest.nr && ledger_fault(nvd->ledger, &rest, &next, 1) && same_owner(ret, &next); *left = rest)
		ret->frames.nr += next.frames.nr;
	return true;
}

static struct policy_hit hit_of(struct nvd *nvd, const struct hv_event *ev, const struct blow *b)
{
	struct policy_hit hit = {
		.now_ns = ev->time_ns,
		.wall_ns = clock_mono_ns(nvd->clock) + nvd->desk->wall_less_mono_ns,
		.mfn = b->frames.mfn,
		.nr = b->frames.nr,
		.handle = ev->uuid,
		.status = ev->status,
		.mcg = ev->mcg,
		.flags = ev->flags,
		.domid = ev->domid,
		/* Who is not held is not waiting for an answer. */
		.owned = ev->map_id && ev->domid != HV_NO_DOMAIN && ev->flags & HV_EVENTF_HELD,
		.touch = ev->type == HV_EVENT_TOUCH,
	};

	if (b->volume)
		hit.volume = b->volume->fact.uuid;
	return hit;
}

/* Why an event of a domain's frames asks for nothing, or NULL if it does. */
static const char *why_nothing(const struct hv_event *ev)
{
	if (ev->flags & HV_EVENTF_CRASHED)
		return "the hypervisor crashed its domain";
	if (ev->flags & HV_EVENTF_RESOLVED)
		return "told, or crashed, before nvdimmd read of it";
	if (ev->flags & HV_EVENTF_HELD || !ev->map_id)
		return NULL;
	return ev->flags & HV_EVENTF_REPEAT ? "the page is out of its reach already" : "the page was not in it yet";
}

/* The worst of what the parts of an event deserve. */
static void judge(struct nvd *nvd, const struct hv_event *ev, struct policy_verdict *ret)
{
	struct frames left = fault_frames(ev);
	const char *nothing = why_nothing(ev);
	struct policy_verdict one;
	struct policy_hit hit;
	struct blow part;

	*ret = (struct policy_verdict){ 0 };
	while (fault_part(nvd, &left, &part)) {
		hit = hit_of(nvd, ev, &part);
		if (nothing && hit.owned) {
			policy_recall(nvd->desk->policy, &hit, POLICY_VMCE);
			continue;
		}
		policy_decide(nvd->desk->policy, &hit, &one);
		one.over_limit |= ret->over_limit;
		if (one.action > ret->action)
			*ret = one;
		else
			ret->over_limit = one.over_limit;
	}
	if (nothing)
		snprintf(ret->reason, sizeof(ret->reason), "%s", nothing);
	if (!ret->action)
		ret->action = POLICY_NOTE;
}

static bool is_fault(uint32_t type)
{
	return type == HV_EVENT_MCE || type == HV_EVENT_TOUCH;
}

int fault_decide(struct nvd *nvd, const struct hv_event *ev, const struct policy_verdict **ret)
{
	struct policy_verdict v = { .action = POLICY_NOTE };
	struct frames frames = fault_frames(ev);
	int r;

	*ret = fault_verdict(nvd->desk, ev->seq);
	if (*ret)
		return 0;
	if (is_fault(ev->type)) {
		fault_watch_hit(nvd->desk, &frames);
		judge(nvd, ev, &v);
	}
	r = note_add(nvd->desk, ev->seq, &v);
	if (r)
		return r;
	fault_count(nvd, ev, &v);
	*ret = fault_verdict(nvd->desk, ev->seq);
	return 0;
}

/* ---- the life before ---- */

/* A fault that was decided before: what its guest knows, and what the limits count. */
static void recall(struct nvd *nvd, const struct fault_fact *f)
{
	const struct pool *p = ledger_pool_by_uuid(nvd->ledger, &f->pool);
	bool placed = p && p->site.nr;
	struct frames left = { placed ? p->site.mfn + f->off : 0, placed ? f->nr : 0 };
	struct policy_hit hit = {
		.now_ns = f->boot_ns,
		/* A clock that was ahead then must not keep a limit full until it is there again. */
		.wall_ns = (uint64_t)NV_MIN(f->time_us, (int64_t)clock_wall_us(nvd->clock)) * 1000,
		.mfn = left.mfn,
		.nr = f->nr,
		.handle = f->handle,
		.status = f->status,
		.mcg = f->mcg,
		.flags = f->flags,
		.domid = f->domid,
		.owned = f->domid != NV_NO_DOMID && f->flags & HV_EVENTF_HELD,
		.touch = f->type == HV_EVENT_TOUCH,
	};
	struct blow part;

	policy_recall(nvd->desk->policy, &hit, (enum policy_action)f->action);
	hit.owned = false;
	while (fault_part(nvd, &left, &part)) {
		/* It is not a younger volume's that has the place now. */
		if (!part.volume || part.volume->fact.created_us > f->time_us)
			continue;
		hit.volume = part.volume->fact.uuid;
		policy_recall(nvd->desk->policy, &hit, POLICY_NOTE);
	}
}

static int on_recall(void *ctx, const struct fault_fact *f)
{
	const struct policy_hit hit = {
		.status = f->status,
		.mcg = f->mcg,
		.flags = f->flags,
		.touch = f->type == HV_EVENT_TOUCH,
	};
	struct policy_verdict v = {
		.action = (enum policy_action)f->action,
		.kind = policy_kind(&hit),
	};
	struct nvd *nvd = ctx;

	if (is_fault(f->type))
		recall(nvd, f);
	return note_add(nvd->desk, f->seq, &v);
}

struct earlier {
	struct nvd *nvd;
	uint64_t boot_id; /* of the last one */
};

/* Nobody is left whom it held, or killed; but it was one more. */
static int on_recall_earlier(void *ctx, const struct fault_fact *f)
{
	struct earlier *e = ctx;

	if (e->boot_id != f->boot_id)
		policy_reboot(e->nvd->desk->policy);
	e->boot_id = f->boot_id;
	if (is_fault(f->type))
		recall(e->nvd, f);
	return 0;
}

/*
 * Twice the longest time of a limit: what is older has leaked out, unless it was
 * filled to the brim ever since.
 */
static int64_t recall_since(const struct nvd *nvd)
{
	uint64_t s = NV_MAX(nvd->set.page_limit.per_s, nvd->set.avalanche_s);

	return (int64_t)clock_wall_us(nvd->clock) - 2 * (int64_t)s * 1000000;
}

int fault_recall(struct nvd *nvd, struct nv_why *why)
{
	struct earlier earlier = { .nvd = nvd };
	int r;

	nvd->desk->wall_less_mono_ns = clock_wall_us(nvd->clock) * 1000 - clock_mono_ns(nvd->clock);
	r = store_faults_before(nvd->store, nvd->host.boot_id, recall_since(nvd), on_recall_earlier, &earlier);
	policy_reboot(nvd->desk->policy);
	if (!r)
		r = store_faults(nvd->store, nvd->host.boot_id, on_recall, nvd);
	return r ? nv_refuse(why, r, "cannot read the faults of the past: %s", store_why(nvd->store)) : 0;
}
