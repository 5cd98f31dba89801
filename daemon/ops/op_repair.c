/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_repair.c - a volume's bad pages become good again, or are said not to.
 *
 * Per bad run of a volume that is in no domain:
 *
 *	topo    the platform clears the poison, and it reads back clean
 *	hv      no longer broken, then zeroed: what the pages held is lost
 *	book    no longer bad
 *	ledger  no longer bad
 *
 * Dying, or failing, anywhere leaves the run bad in the book, and so, from the
 * next start on, everywhere. To repair again does no harm.
 */
#include <stdio.h>
#include <string.h>

#include "ops/op_volume.h"

/* Frames per turn of the loop: 2 MiB. */
#define REPAIR_AT_ONCE 512u

struct op_repair {
	struct op op;
	struct volume *volume;
	const struct extent *extent; /* where it goes on */
	uint64_t next; /* frames of it that are behind us */
	uint64_t repaired;
};

/* The next bad run. Return: false, there is none. */
static bool repair_next(struct op_repair *o, struct frames *ret)
{
	struct ledger *l = o->op.nvd->ledger;
	uint64_t mfn;

	for (; o->extent; o->extent = o->extent->next, o->next = 0) {
		mfn = ledger_extent_mfn(o->extent);
		if (!ledger_bad_next(l, mfn + o->next, mfn + o->extent->fact.nr, ret))
			continue;
		ret->nr = NV_MIN(ret->nr, (uint64_t)REPAIR_AT_ONCE);
		o->next = ret->mfn + ret->nr - mfn;
		return true;
	}
	return false;
}

static int repair_hypervisor(struct nvd *nvd, const struct frames *run, struct nv_why *why)
{
	const struct hv_range range = { .mfn = run->mfn, .nr = run->nr };
	uint64_t done = 0, again = 0;
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
	/* Half clean is bad. */
	while (hv_set_broken(nvd->hv, &range, 1, &again) == HV_MORE)
		;
	return nvd_hv(nvd, r, "take the repaired pages back", why);
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

static int repair_run(struct op_repair *o, const struct frames *run, struct nv_why *why)
{
	const struct pool *p = o->volume->pool;
	struct nvd *nvd = o->op.nvd;
	int r;

	r = topo_port_clear(nvd->topo, &p->fact.uuid, frames_to_bytes(run->mfn - p->site.mfn), run->nr, why);
	if (r < 0 && !why->text[0])
		nv_refuse(why, r, "the platform could not repair 0x%llx: %s",
			  (unsigned long long)frames_to_bytes(run->mfn), strerror(-r));
	if (!r)
		r = repair_hypervisor(nvd, run, why);
	if (!r)
		r = repair_book(nvd, p, run, why);
	if (!r && ledger_mark_good(nvd->ledger, run->mfn, run->nr))
		r = nv_refuse(why, -ENOMEM, "no memory; what was repaired counts from the next start on");
	return r;
}

static void repair_tell(struct op_repair *o, int r, const struct nv_why *why)
{
	const struct volume *v = o->volume;
	struct nvd *nvd = o->op.nvd;
	struct event_fact e;

	if (r)
		e = history_event(EVENT_ERROR, "repair-failed", "volume %s: %llu bad pages were repaired, then: %s",
				  v->fact.name, (unsigned long long)o->repaired, why->text);
	else
		e = history_event(EVENT_NOTICE, "repaired", "volume %s: %llu bad pages were repaired and are zero now",
				  v->fact.name, (unsigned long long)o->repaired);
	history_at_volume(&e, v);
	if (r)
		history_next(&e, "nvctl why %s", v->fact.name);
	history_note(nvd, &e);
}

static int repair_step(struct op *op, struct nv_why *why)
{
	struct op_repair *o = nv_container_of(op, struct op_repair, op);
	struct frames run;
	int r = 0;

	why->text[0] = '\0';
	if (repair_next(o, &run)) {
		r = repair_run(o, &run, why);
		if (!r) {
			o->repaired += run.nr;
			op->progress.done = frames_to_bytes(o->repaired);
			return OP_MORE;
		}
	}
	repair_tell(o, r, why);
	ledger_repair_end(op->nvd->ledger, o->volume);
	return r;
}

static void repair_free(struct op *op)
{
	free(nv_container_of(op, struct op_repair, op));
}

static const struct op_ops repair_ops = { .name = "repair", .step = repair_step, .free = repair_free };

int op_volume_repair_begin(struct nvd *nvd, const struct req_volume *rq, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_repair *o = calloc(1, sizeof(*o));
	struct volume *v;
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	if (r)
		return r;
	if (ledger_volume_missing(v))
		return nv_refuse(why, NV_E_NO_REGION, "the pool %s, in which the volume %s lies, is not on this host",
				 v->pool->fact.name, v->fact.name);
	r = ledger_repair_begin(nvd->ledger, v, why);
	if (r)
		return r;
	o->op.ops = &repair_ops;
	o->op.nvd = nvd;
	o->volume = v;
	o->extent = v->extents;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), "repair");
	o->op.progress.total = frames_to_bytes(ledger_volume_bad(v));
	*ret = &nv_steal(&o)->op;
	return 0;
}
