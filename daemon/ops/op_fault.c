/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_fault.c - a machine check's journey through the daemon.
 *
 *	hv      GET_EVENTS: a batch, which also acknowledges the one before
 *	ledger  whose frames, which of them were bad before
 *	policy  note, tell the guest, or kill it
 *	book    bad ranges and faults, one transaction for the batch
 *	hv      RESOLVE, for those that hold a guest
 *	bus     the guest's health node
 *
 * Not acknowledged means not done: dying anywhere repeats the batch, and a
 * repeated RESOLVE changes nothing. If the book cannot be written the guests
 * are answered all the same, nothing is acknowledged, and an alarm stands.
 */
#include "ops/op_fault.h"

#include <stdio.h>
#include <string.h>

#include "ops/fault_text.h"
#include "ops/op_boot.h"
#include "ops/op_domain.h"

/* Parts of one event, with different owners or health, that are looked at. */
#define BLOWS 16

int fault_desk_new(const struct settings *set, struct fault_desk **ret)
{
	struct fault_desk *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
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

static const struct verdict_note *note_find(const struct fault_desk *d, uint64_t seq)
{
	size_t lo = 0, hi = d->nr_notes, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (d->notes[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < d->nr_notes && d->notes[lo].seq == seq ? &d->notes[lo] : NULL;
}

static int note_add(struct fault_desk *d, uint64_t seq, enum policy_action action, enum hv_kind kind)
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
	d->notes[d->nr_notes++] = (struct verdict_note){ seq, action, kind };
	return 0;
}

static void notes_forget(struct fault_desk *d, uint64_t seq)
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

static enum hv_kind fault_kind(const struct fault_fact *f)
{
	return f->type == HV_EVENT_TOUCH || policy_class(f->status) == POLICY_SRAR ? HV_SRAR : HV_SRAO;
}

static int on_recall(void *ctx, const struct fault_fact *f)
{
	struct nvd *nvd = ctx;
	struct pool *p = ledger_pool_by_uuid(nvd->ledger, &f->pool);
	struct policy_hit hit = {
		.now_ns = f->boot_ns,
		.mfn = p && p->site.nr ? p->site.mfn + f->off : 0,
		.nr = f->nr,
		.handle = f->handle,
		.status = f->status,
		.domid = f->domid,
		.owned = f->domid != NV_NO_DOMID,
		.touch = f->type == HV_EVENT_TOUCH,
	};

	policy_recall(nvd->desk->policy, &hit, (enum policy_action)f->action);
	return note_add(nvd->desk, f->seq, (enum policy_action)f->action, fault_kind(f));
}

int fault_recall(struct nvd *nvd, struct nv_why *why)
{
	int r = store_faults(nvd->store, nvd->host.boot_id, on_recall, nvd);

	return r ? nv_refuse(why, r, "cannot read the faults of this boot: %s", store_why(nvd->store)) : 0;
}

/* The worst of what the parts of an event deserve. */
static void judge(struct nvd *nvd, const struct hv_event *ev, const struct blow *blows, size_t nr,
		  struct policy_verdict *ret)
{
	struct policy_verdict one;
	struct policy_hit hit;
	size_t i;

	*ret = (struct policy_verdict){ .action = POLICY_NOTE };
	for (i = 0; i < nr; i++) {
		hit = (struct policy_hit){
			.now_ns = ev->time_ns,
			.mfn = blows[i].frames.mfn,
			.nr = blows[i].frames.nr,
			.handle = ev->uuid,
			.status = ev->status,
			.domid = ev->domid,
			.owned = ev->map_id && ev->domid != HV_NO_DOMAIN,
			.touch = ev->type == HV_EVENT_TOUCH,
		};
		if (blows[i].volume)
			hit.volume = blows[i].volume->fact.uuid;
		policy_decide(nvd->desk->policy, &hit, &one);
		if (!i || one.action > ret->action)
			*ret = one;
	}
}

static int write_bad(struct nvd *nvd, const struct blow *b, int64_t time_us)
{
	struct bad_fact bad = {
		.off = b->off,
		.nr = b->frames.nr,
		.time_us = time_us,
		.source = BAD_MCE,
	};
	int r;

	if (!b->pool)
		return 0;
	bad.pool = b->pool->fact.uuid;
	r = ledger_mark_bad(nvd->ledger, b->frames.mfn, b->frames.nr);
	return r ? r : store_bad_add(nvd->store, &bad);
}

static int write_fault(struct nvd *nvd, const struct hv_event *ev, const struct blow *b, enum policy_action action,
		       int64_t time_us, bool *ret_new)
{
	struct fault_fact f = {
		.boot_id = nvd->host.boot_id,
		.seq = ev->seq,
		.time_us = time_us,
		.boot_ns = ev->time_ns,
		.nr = ev->nr,
		.status = ev->status,
		.misc = ev->misc,
		.mcg = ev->mcg,
		.handle = ev->uuid,
		.gfn = ev->gfn,
		.domid = ev->map_id ? ev->domid : NV_NO_DOMID,
		.type = ev->type,
		.flags = ev->flags,
		.action = action,
	};

	if (b && b->pool) {
		f.pool = b->pool->fact.uuid;
		f.off = b->off;
	}
	return store_fault_add(nvd->store, &f, ret_new);
}

/* MCE and TOUCH: ledger, policy, book. */
static int take_fault(struct nvd *nvd, const struct hv_event *ev)
{
	const struct verdict_note *note = note_find(nvd->desk, ev->seq);
	struct frames left = { ev->spa >> NV_PAGE_SHIFT, ev->flags & HV_EVENTF_NO_ADDR ? 0 : ev->nr };
	int64_t now_us = (int64_t)clock_wall_us(nvd->clock);
	struct policy_verdict v = { .action = POLICY_NOTE };
	struct blow blows[BLOWS];
	struct event_fact e;
	size_t nr = 0, i;
	bool fresh;
	int r;

	if (left.nr)
		nr = ledger_fault(nvd->ledger, &left, blows, BLOWS);
	if (note) {
		v.action = note->action;
		v.kind = note->kind;
	} else {
		judge(nvd, ev, blows, nr, &v);
		r = note_add(nvd->desk, ev->seq, v.action, v.kind);
		if (r)
			return r;
	}
	r = write_fault(nvd, ev, nr ? &blows[0] : NULL, v.action, now_us, &fresh);
	for (i = 0; i < nr && !r; i++)
		r = write_bad(nvd, &blows[i], now_us);
	if (r || !fresh)
		return r;
	fault_text(nvd, ev, nr ? &blows[0] : NULL, &v, &e);
	fault_count(nvd, ev, &v);
	return history_write(nvd, &e);
}

static int take_notice(struct nvd *nvd, const struct hv_event *ev)
{
	struct event_fact e;

	if (ev->type == HV_EVENT_TIMEOUT) {
		nvd->count.timeouts++;
		timeout_text(nvd, ev, &e);
	} else if (ev->type == HV_EVENT_LOST) {
		lost_text(nvd, &e);
	} else {
		return 0;
	}
	return history_write(nvd, &e);
}

/* Everything of the batch but RELEASED, in one transaction. */
static int batch_write(struct nvd *nvd, const struct hv_batch *b)
{
	uint32_t i;
	int r;

	r = store_begin(nvd->store, STORE_DURABLE);
	for (i = 0; i < b->nr && !r; i++) {
		const struct hv_event *ev = &b->event[i];

		if (ev->type == HV_EVENT_MCE || ev->type == HV_EVENT_TOUCH)
			r = take_fault(nvd, ev);
		else
			r = take_notice(nvd, ev);
	}
	if (!r)
		return store_commit(nvd->store);
	store_rollback(nvd->store);
	return r;
}

/* Without the book, too: what the guests get does not wait for a disk. */
static void batch_judge(struct nvd *nvd, const struct hv_batch *b)
{
	struct policy_verdict v;
	struct blow blows[BLOWS];
	struct frames left;
	uint32_t i;
	size_t nr;

	for (i = 0; i < b->nr; i++) {
		const struct hv_event *ev = &b->event[i];

		if ((ev->type != HV_EVENT_MCE && ev->type != HV_EVENT_TOUCH) || note_find(nvd->desk, ev->seq))
			continue;
		left = (struct frames){ ev->spa >> NV_PAGE_SHIFT, ev->flags & HV_EVENTF_NO_ADDR ? 0 : ev->nr };
		nr = left.nr ? ledger_fault(nvd->ledger, &left, blows, BLOWS) : 0;
		judge(nvd, ev, blows, nr, &v);
		if (note_add(nvd->desk, ev->seq, v.action, v.kind))
			return;
	}
}

static int resolve_one(struct nvd *nvd, const struct hv_event *ev, const struct verdict_note *note)
{
	struct hv_resolve rs = { .seq = ev->seq, .action = HV_RESUME };
	int r;

	if (note && note->action == POLICY_VMCE) {
		rs.action = HV_VMCE;
		rs.kind = note->kind;
	} else if (note && note->action == POLICY_KILL) {
		rs.action = HV_CRASH;
	}
	r = hv_resolve(nvd->hv, &rs);
	if (r == -EOPNOTSUPP && rs.action == HV_VMCE) {
		/* It cannot be told, and going on it would meet the page again and again. */
		rs.action = HV_CRASH;
		rs.kind = 0;
		r = hv_resolve(nvd->hv, &rs);
	}
	/* Answered before, or nobody left to answer: as good as done. */
	return r == -EALREADY || r == -ESRCH || r == -ESTALE ? 0 : r;
}

static int batch_resolve(struct nvd *nvd, const struct hv_batch *b, struct nv_why *why)
{
	int r, failed = 0;
	uint32_t i;

	for (i = 0; i < b->nr; i++) {
		const struct hv_event *ev = &b->event[i];

		if (!(ev->flags & HV_EVENTF_HELD) || (ev->flags & HV_EVENTF_RESOLVED))
			continue;
		r = resolve_one(nvd, ev, note_find(nvd->desk, ev->seq));
		if (r)
			failed = nvd_hv(nvd, r, "resolve a fault", why);
		else
			fault_publish(nvd, ev);
	}
	return failed;
}

static int batch_release(struct nvd *nvd, const struct hv_batch *b, struct nv_why *why)
{
	int r, failed = 0;
	uint32_t i;

	for (i = 0; i < b->nr; i++) {
		if (b->event[i].type != HV_EVENT_RELEASED)
			continue;
		policy_forget(nvd->desk->policy, b->event[i].domid, &b->event[i].uuid);
		r = op_domain_released(nvd, &b->event[i], why);
		if (r)
			failed = r;
	}
	return failed;
}

static bool batch_lost(struct nvd *nvd, const struct hv_batch *b)
{
	uint32_t i;

	nvd->events_lost = b->lost;
	for (i = 0; i < b->nr; i++)
		if (b->event[i].type == HV_EVENT_LOST)
			return true;
	return false;
}

int op_fault_step(struct nvd *nvd, struct nv_why *why)
{
	struct fault_desk *d = nvd->desk;
	uint64_t told = store_last_event(nvd->store);
	int r, failed = 0;

	r = hv_events(nvd->hv, d->done_seq, &d->batch);
	if (r == -EBUSY && d->done_seq) {
		/* One of them is not resolved after all: all over again. */
		d->done_seq = 0;
		return OP_MORE;
	}
	if (r)
		return nvd_hv(nvd, r, "hand over its events", why);
	notes_forget(d, d->done_seq);
	if (!d->batch.nr)
		return 0;

	r = nvd_book(nvd, batch_write(nvd, &d->batch), why);
	if (r) {
		failed = r;
		batch_judge(nvd, &d->batch);
	} else {
		history_tell_since(nvd, told);
	}
	r = batch_resolve(nvd, &d->batch, why);
	failed = failed ? failed : r;
	r = batch_release(nvd, &d->batch, why);
	failed = failed ? failed : r;
	if (!failed && batch_lost(nvd, &d->batch)) {
		failed = op_rescan(nvd, why);
		if (!failed)
			failed = op_resolve_lost(nvd, why);
	}
	if (failed)
		return failed;
	d->done_seq = d->batch.event[d->batch.nr - 1].seq;
	return OP_MORE;
}
