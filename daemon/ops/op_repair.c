/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_repair.c - bad pages become good again, or are said not to: those of
 * a volume that is in no domain, or those of a pool that nobody has.
 *
 * Per bad run:
 *
 *	events  what was reported so far is what is repaired
 *	topo    the platform clears the poison, and it reads back clean
 *	hv      no longer broken, then zeroed: what the pages held is lost
 *	events  an error of them since the first look: they stay bad
 *	book    no longer bad
 *	ledger  no longer bad
 *
 * What is reported after the second look finds the frame good in the hypervisor
 * and breaks it there; it comes into the book after the repair. Dying anywhere
 * leaves the run bad in the book, and so, from the next start on, everywhere;
 * failing leaves it bad in the hypervisor, too. To repair again does no harm. A
 * run that stays bad does not keep the others from being repaired.
 */
#include <stdio.h>
#include <string.h>

#include "ops/op_fault.h"
#include "ops/op_volume.h"

/* Frames per turn of the loop: 2 MiB. */
#define REPAIR_AT_ONCE 512u

struct op_repair {
	struct op op;
	struct volume *volume; /* busy; NULL: the pool's free frames */
	const struct extent *extent; /* of the volume: where it goes on */
	struct nv_uuid pool; /* not held: it may be released meanwhile */
	uint64_t next; /* frames of the extent, or the pool, that are behind us */
	uint64_t repaired, left; /* frames */
	struct nv_why first; /* why the first run that is left is */
	struct frames run; /* what the platform is at; nr = 0: nothing */
	struct fault_watch watch; /* of it; nr = 0: not yet */
};

/* [*next, nr) of the frames at @mfn: the first bad run. Return: false, there is none. */
static bool run_next(struct ledger *l, uint64_t mfn, uint64_t nr, uint64_t *next, struct frames *ret)
{
	if (!ledger_bad_next(l, mfn + *next, mfn + nr, ret))
		return false;
	ret->nr = NV_MIN(ret->nr, (uint64_t)REPAIR_AT_ONCE);
	*next = ret->mfn + ret->nr - mfn;
	return true;
}

static bool volume_next(struct op_repair *o, struct frames *ret)
{
	struct ledger *l = o->op.nvd->ledger;

	for (; o->extent; o->extent = o->extent->next, o->next = 0)
		if (run_next(l, ledger_extent_mfn(o->extent), o->extent->fact.nr, &o->next, ret))
			return true;
	return false;
}

/* Only what is free this very moment: it is repaired before anybody can have it. */
static bool pool_next(struct op_repair *o, const struct pool *p, struct frames *ret)
{
	struct ledger *l = o->op.nvd->ledger;
	struct frames left;
	struct blow first;

	while (run_next(l, p->site.mfn, p->site.nr, &o->next, ret)) {
		left = *ret;
		if (!ledger_fault(l, &left, &first, 1))
			return false;
		o->next = frames_end(&first.frames) - p->site.mfn;
		*ret = first.frames;
		if (!first.extent && !first.mapping)
			return true;
	}
	return false;
}

static int repair_hypervisor(struct nvd *nvd, const struct frames *run, struct nv_why *why)
{
	struct hv_range range = { .mfn = run->mfn, .nr = run->nr };
	uint64_t done = 0;
	int r;

	do
		r = hv_clear_broken(nvd->hv, &range, 1, &done);
	while (r == HV_MORE);
	if (r == -EBUSY)
		return nv_refuse(why, NV_E_UNKNOWN_EXTENT,
				 "the hypervisor has frames of it mapped that no record here explains");
	done = 0;
	while (!r || r == HV_MORE) {
		r = hv_scrub(nvd->hv, run->mfn, run->nr, &done);
		if (!r)
			return 0;
	}
	return nvd_hv(nvd, r, "take the repaired pages back", why);
}

/* What came while it was repaired is newer than the repair. */
static int repair_look(struct op_repair *o, struct nv_why *why)
{
	int r = op_fault_catch_up(o->op.nvd, why);

	if (!r && o->watch.hit)
		r = nv_refuse(why, NV_E_BROKEN, "0x%llx: errors were reported while it was repaired",
			      (unsigned long long)frames_to_bytes(o->run.mfn));
	return r;
}

/* It stays bad in the book: so everywhere. */
static void repair_undo(struct nvd *nvd, const struct frames *run)
{
	struct hv_range range = { .mfn = run->mfn, .nr = run->nr };
	uint64_t done = 0;

	while (hv_set_broken(nvd->hv, &range, 1, &done) == HV_MORE)
		;
}

static int repair_book(struct nvd *nvd, const struct pool *p, const struct frames *run, struct nv_why *why)
{
	int r;

	r = store_begin(nvd->store, STORE_DURABLE);
	if (!r)
		r = store_bad_del(nvd->store, &p->fact.uuid, run->mfn - p->site.mfn, run->nr);
	if (!r)
		r = store_commit(nvd->store);
	return nvd_book(nvd, r, why);
}

static int repair_run(struct op_repair *o, const struct pool *p, struct nv_why *why)
{
	const struct frames *run = &o->run;
	struct nvd *nvd = o->op.nvd;
	int r;

	if (!o->watch.frames.nr) {
		r = op_fault_catch_up(nvd, why);
		if (r)
			return r;
		fault_watch_begin(nvd->desk, &o->watch, run);
	}
	/* Nobody holds the pool's free frames: somebody else may have them in the next turn. */
	do
		r = topo_port_clear(nvd->topo, &p->fact.uuid, frames_to_bytes(run->mfn - p->site.mfn), run->nr, why);
	while (r == TOPO_MORE && !o->volume);
	if (r == TOPO_MORE)
		return OP_MORE;
	if (r < 0 && !why->text[0])
		nv_refuse(why, r, "the platform could not repair 0x%llx: %s",
			  (unsigned long long)frames_to_bytes(run->mfn), strerror(-r));
	if (r)
		return r;
	r = repair_hypervisor(nvd, run, why);
	if (!r)
		r = repair_look(o, why);
	if (!r)
		r = repair_book(nvd, p, run, why);
	if (r)
		repair_undo(nvd, run);
	else if (ledger_mark_good(nvd->ledger, run->mfn, run->nr))
		r = nv_refuse(why, -ENOMEM, "no memory; what was repaired counts from the next start on");
	return r;
}

/* What cannot be had of one run may well be of the next. */
static bool is_of_this_run(int r)
{
	return r == NV_E_BROKEN || r == -EIO;
}

static void repair_unwatch(struct op_repair *o)
{
	fault_watch_end(o->op.nvd->desk, &o->watch);
	o->watch.frames.nr = 0;
}

static int repair_end(struct op_repair *o, const struct pool *p, int r, struct nv_why *why)
{
	const char *kind = o->volume ? "volume" : "pool";
	const char *name = o->volume ? o->volume->fact.name : p ? p->fact.name : "";
	unsigned long long done = o->repaired, left = o->left;
	struct nvd *nvd = o->op.nvd;
	struct event_fact e;

	if (!r && left)
		r = nv_refuse(why, NV_E_BROKEN, "%llu of %llu bad pages were repaired; of the others: %s", done,
			      done + left, o->first.text);
	if (!r)
		e = history_event(EVENT_NOTICE, "repaired", "%s %s: %llu bad page%s repaired and zero now", kind, name,
				  done, done == 1 ? " is" : "s are");
	else if (left)
		e = history_event(EVENT_ERROR, "repair-failed", "%s %s: %s", kind, name, why->text);
	else
		e = history_event(EVENT_ERROR, "repair-failed", "%s %s: %llu bad page%s repaired, then: %s", kind, name,
				  done, done == 1 ? " was" : "s were", why->text);
	if (o->volume)
		history_at_volume(&e, o->volume);
	else if (p)
		history_at_pool(&e, p);
	if (r)
		history_next(&e, o->volume ? "nvctl why %s" : "ndctl list -DH", name);
	history_note(nvd, &e);
	if (o->volume)
		ledger_repair_end(nvd->ledger, o->volume);
	return r;
}

static int repair_step(struct op *op, struct nv_why *why)
{
	struct op_repair *o = nv_container_of(op, struct op_repair, op);
	const struct pool *p = ledger_pool_by_uuid(op->nvd->ledger, &o->pool);
	int r;

	why->text[0] = '\0';
	if (!p || p->state != POOL_ONLINE || p->busy)
		return repair_end(o, p, nv_refuse(why, NV_E_NO_POOL, "the pool is no longer there"), why);
	if (!o->run.nr && !(o->volume ? volume_next(o, &o->run) : pool_next(o, p, &o->run)))
		return repair_end(o, p, 0, why);
	r = repair_run(o, p, why);
	if (r == OP_MORE)
		return r;
	if (r && !is_of_this_run(r))
		return repair_end(o, p, r, why);
	if (r && !o->left)
		o->first = *why;
	*(r ? &o->left : &o->repaired) += o->run.nr;
	o->run.nr = 0;
	repair_unwatch(o);
	op->progress.done = frames_to_bytes(o->repaired + o->left);
	return OP_MORE;
}

static void repair_free(struct op *op)
{
	struct op_repair *o = nv_container_of(op, struct op_repair, op);

	repair_unwatch(o);
	free(o);
}

static const struct op_ops repair_ops = { .name = "repair", .step = repair_step, .free = repair_free };

static int repair_new(struct nvd *nvd, const struct pool *p, uint64_t bad, struct nv_why *why, struct op_repair **ret)
{
	struct op_repair *o = calloc(1, sizeof(*o));

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	o->op.ops = &repair_ops;
	o->op.nvd = nvd;
	o->pool = p->fact.uuid;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), "repair");
	o->op.progress.total = frames_to_bytes(bad);
	*ret = o;
	return 0;
}

int op_volume_repair_begin(struct nvd *nvd, const struct req_volume *rq, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_repair *o = NULL;
	struct volume *v;
	int r;

	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	if (r)
		return r;
	if (ledger_volume_missing(v))
		return nv_refuse(why, NV_E_NO_REGION, "the pool %s, in which the volume %s lies, is not on this host",
				 v->pool->fact.name, v->fact.name);
	r = repair_new(nvd, v->pool, ledger_volume_bad(v), why, &o);
	if (!r)
		r = ledger_repair_begin(nvd->ledger, v, why);
	if (r)
		return r;
	o->volume = v;
	o->extent = v->extents;
	*ret = &nv_steal(&o)->op;
	return 0;
}

int op_pool_repair_begin(struct nvd *nvd, const struct req_pool *rq, struct nv_why *why, struct op **ret)
{
	struct op_repair *o = NULL;
	struct pool *p;
	int r;

	r = ledger_pool_find(nvd->ledger, rq->pool, why, &p);
	if (r)
		return r;
	if (p->state != POOL_ONLINE || p->busy)
		return nv_refuse(why, NV_E_NO_REGION, "the pool %s cannot be used now: see 'nvctl pool list'",
				 p->fact.name);
	r = repair_new(nvd, p, p->free_bad, why, &o);
	if (!r)
		*ret = &o->op;
	return r;
}
