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

#include "ops/fault_desk.h"
#include "ops/fault_text.h"
#include "ops/op_boot.h"
#include "ops/op_domain.h"
#include "ops/op_pool.h"

/* Batches after which lost events are seen to, though more events wait. */
#define TURNS_MAX 32

/* Batches, all in one turn of the loop: more than the hypervisor's ring holds. */
#define CATCH_UP_MAX 16

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
	nvd->desk->learned = true;
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

/* One entry of the history for each owner of a part, so that each finds it. */
static int write_parts(struct nvd *nvd, const struct hv_event *ev, const struct policy_verdict *v, bool fresh,
		       int64_t now_us)
{
	struct frames left = fault_frames(ev);
	struct event_fact e;
	struct blow part;
	int r = 0;

	if (!left.nr && fresh) {
		fault_text(nvd, ev, NULL, v, &e);
		return history_write(nvd, &e);
	}
	while (!r && fault_part(nvd, &left, &part)) {
		r = write_bad(nvd, &part, now_us);
		if (r || !fresh)
			continue;
		fault_text(nvd, ev, &part, v, &e);
		r = history_write(nvd, &e);
	}
	return r;
}

/* MCE and TOUCH: policy, book, ledger. */
static int take_fault(struct nvd *nvd, const struct hv_event *ev)
{
	int64_t now_us = (int64_t)clock_wall_us(nvd->clock);
	struct frames left = fault_frames(ev);
	const struct policy_verdict *v;
	struct blow first;
	bool fresh, found;
	int r;

	r = fault_decide(nvd, ev, &v);
	if (r)
		return r;
	found = fault_part(nvd, &left, &first);
	r = write_fault(nvd, ev, found ? &first : NULL, v->action, now_us, &fresh);
	return r ? r : write_parts(nvd, ev, v, fresh, now_us);
}

static int take_notice(struct nvd *nvd, const struct hv_event *ev)
{
	const struct policy_verdict *v;
	struct event_fact e;
	bool fresh;
	int r;

	if (ev->type != HV_EVENT_TIMEOUT && ev->type != HV_EVENT_LOST)
		return 0;
	r = fault_decide(nvd, ev, &v);
	if (!r)
		r = write_fault(nvd, ev, NULL, v->action, (int64_t)clock_wall_us(nvd->clock), &fresh);
	if (r || !fresh)
		return r;
	if (ev->type == HV_EVENT_TIMEOUT)
		timeout_text(nvd, ev, &e);
	else
		lost_text(&e);
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
	const struct policy_verdict *v;
	uint32_t i;

	for (i = 0; i < b->nr; i++)
		if (b->event[i].type == HV_EVENT_MCE || b->event[i].type == HV_EVENT_TOUCH)
			if (fault_decide(nvd, &b->event[i], &v))
				return;
}

static int resolve_one(struct nvd *nvd, const struct hv_event *ev, const struct policy_verdict *v)
{
	struct hv_resolve rs = { .seq = ev->seq, .action = HV_RESUME };
	struct event_fact e;
	int r;

	if (!v) {
		/* No memory to decide: it is told, what else. */
		rs.action = HV_VMCE;
		rs.kind = ev->type == HV_EVENT_TOUCH ? HV_SRAR : HV_SRAO;
	} else if (v->action == POLICY_VMCE) {
		rs.action = HV_VMCE;
		rs.kind = v->kind;
	} else if (v->action == POLICY_KILL) {
		rs.action = HV_CRASH;
	}
	r = hv_resolve(nvd->hv, &rs);
	if (r == -EOPNOTSUPP && rs.action == HV_VMCE) {
		/* It cannot be told, and going on it would meet the page again and again. */
		rs.action = HV_CRASH;
		rs.kind = 0;
		r = hv_resolve(nvd->hv, &rs);
		if (!r) {
			untold_text(nvd, ev, &e);
			history_note(nvd, &e);
		}
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
		r = resolve_one(nvd, ev, fault_verdict(nvd->desk, ev->seq));
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

static void batch_lost(struct nvd *nvd, const struct hv_batch *b)
{
	uint32_t i;

	if (b->lost != nvd->events_lost)
		fault_watch_hit(nvd->desk, NULL);
	nvd->events_lost = b->lost;
	for (i = 0; i < b->nr; i++)
		if (b->event[i].type == HV_EVENT_LOST) {
			fault_watch_hit(nvd->desk, NULL);
			nvd->desk->lost = nvd->desk->held = true;
		}
}

/*
 * Events are gone: the hypervisor's state tells what they were about. Better
 * once those that are still there are decided, each by its own verdict: who is
 * held then is held for what nobody has any more.
 */
static int settle_lost(struct nvd *nvd, struct nv_why *why)
{
	struct fault_desk *d = nvd->desk;
	int r = 0;

	if (d->lost)
		r = op_rescan(nvd, why);
	if (r)
		return r;
	d->lost = false;
	if (d->held)
		r = op_resolve_lost(nvd, why);
	d->held = r;
	d->turns = 0;
	return r;
}

/*
 * What the hypervisor reported it knows as broken, unless the region was taken
 * from it since, by a life that did not find the pool: after the first events
 * of a life the bad list is replayed once more.
 */
static int settle_start(struct nvd *nvd, struct nv_why *why)
{
	struct fault_desk *d = nvd->desk;
	struct pool *p;
	int r = 0;

	if (d->caught_up)
		return 0;
	for (p = ledger_pool_next(nvd->ledger, NULL); p && d->learned && !r; p = ledger_pool_next(nvd->ledger, p))
		if (p->state == POOL_ONLINE && !p->busy)
			r = pool_arm(nvd, p, why);
	d->caught_up = !r;
	return r;
}

static int batch_take(struct nvd *nvd, const struct hv_batch *b, struct nv_why *why)
{
	uint64_t told = store_last_event(nvd->store);
	int r, failed;

	failed = nvd_book(nvd, batch_write(nvd, b), why);
	if (failed)
		batch_judge(nvd, b);
	r = batch_resolve(nvd, b, why);
	/* Guests wait for an answer, whoever reads the journal does not. */
	if (!failed)
		history_tell_since(nvd, told);
	failed = failed ? failed : r;
	r = batch_release(nvd, b, why);
	return failed ? failed : r;
}

int op_fault_step(struct nvd *nvd, struct nv_why *why)
{
	struct fault_desk *d = nvd->desk;
	int r;

	r = hv_events(nvd->hv, d->done_seq, &d->batch);
	if (r == -EBUSY && d->done_seq) {
		/* One of them is not resolved after all: all over again. */
		d->done_seq = 0;
		return OP_MORE;
	}
	if (r)
		return nvd_hv(nvd, r, "hand over its events", why);
	fault_forget(d, d->done_seq);
	batch_lost(nvd, &d->batch);
	if (!d->batch.nr) {
		r = settle_lost(nvd, why);
		return r ? r : settle_start(nvd, why);
	}
	r = batch_take(nvd, &d->batch, why);
	/* A storm without end is no reason to leave them held until the deadline. */
	if (!r && d->lost && ++d->turns >= TURNS_MAX)
		r = settle_lost(nvd, why);
	if (r)
		return r;
	d->done_seq = d->batch.event[d->batch.nr - 1].seq;
	return OP_MORE;
}

int op_fault_catch_up(struct nvd *nvd, struct nv_why *why)
{
	int i, r = OP_MORE;

	for (i = 0; i < CATCH_UP_MAX && r == OP_MORE; i++)
		r = op_fault_step(nvd, why);
	if (r == OP_MORE)
		return nv_refuse(why, NV_E_BROKEN, "errors are reported faster than they can be read: try again later");
	return r;
}
