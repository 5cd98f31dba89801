/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_volume.c - a volume is created, renamed, given to another owner.
 *
 *	ledger  CREATING: the frames are taken, or a refusal
 *	book    CREATING: promised to nobody yet
 *	hv      SCRUB, one chunk per turn (not when bytes are adopted)
 *	book    READY, with its line in the history
 *	ledger  READY
 *
 * Zeroed here as well as when deleted: free frames of a new pool, or that
 * a bare range had, hold somebody's bytes. Dying anywhere: the next start
 * finds CREATING and drops it.
 */
#include "ops/op_volume.h"

#include <stdio.h>

#include "base/size.h"

struct op_create {
	struct op op;
	struct volume *volume;
	struct scrub_walk scrub;
	bool keep;
};

int volume_record(struct nvd *nvd, const struct nv_uuid *drop, const struct volume_fact *fact,
		  const struct extent *extents, struct event_fact *e, struct nv_why *why)
{
	int r;

	r = store_begin(nvd->store, STORE_DURABLE);
	if (!r && drop)
		r = store_volume_del(nvd->store, drop);
	if (!r)
		r = store_volume_put(nvd->store, fact, extents);
	if (!r && e)
		r = history_write(nvd, e);
	if (!r)
		r = store_commit(nvd->store);
	return nvd_book(nvd, r, why);
}

static int create_undo(struct nvd *nvd, struct volume *v, int failed)
{
	/* If the book keeps it, so does the ledger, until the next start. */
	if (!nvd_book(nvd, store_volume_del(nvd->store, &v->fact.uuid), NULL))
		ledger_volume_abort(nvd->ledger, v);
	return failed;
}

static int create_finish(struct op_create *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct volume *v = o->volume;
	struct volume_fact fact = v->fact;
	struct event_fact e;
	char size[NV_SIZE_TEXT];
	int r;

	e = history_event(EVENT_INFO, "volume-created", "volume %s, %s in pool %s, was created%s%s", fact.name,
			  nv_size_print(frames_to_bytes(fact.nr), size), v->pool->fact.name,
			  fact.owner[0] ? " for " : "", fact.owner);
	history_next(&e, "nvctl map %s DOMAIN", fact.name);
	history_at_volume(&e, v);
	fact.state = VOLUME_READY;
	r = volume_record(nvd, NULL, &fact, v->extents, &e, why);
	if (r)
		return create_undo(nvd, v, r);
	ledger_volume_done(nvd->ledger, v);
	o->op.volume = fact.uuid;
	history_tell(nvd, &e);
	return 0;
}

static int create_step(struct op *op, struct nv_why *why)
{
	struct op_create *o = nv_container_of(op, struct op_create, op);
	uint64_t done;
	int r;

	if (!o->keep) {
		r = scrub_walk_step(op->nvd, &o->scrub, why, &done);
		op->progress.done = frames_to_bytes(done);
		if (r == OP_MORE)
			return r;
		if (r)
			return create_undo(op->nvd, o->volume, r);
	}
	return create_finish(o, why);
}

static void create_free(struct op *op)
{
	free(nv_container_of(op, struct op_create, op));
}

static const struct op_ops create_ops = { .name = "create", .step = create_step, .free = create_free };

static int create_request(struct nvd *nvd, const struct req_create_volume *rq, struct nv_why *why,
			  struct volume_request *ret)
{
	*ret = (struct volume_request){
		.name = rq->name,
		.owner = rq->owner,
		.size_bytes = rq->size,
		.align_bytes = rq->has_align ? rq->align : 0,
		.at_bytes = rq->at,
		.at = rq->has_at,
		.created_us = (int64_t)clock_wall_us(nvd->clock),
	};
	if (rq->keep && !rq->has_at)
		return nv_refuse(why, NV_E_BAD_REQUEST, "to keep the bytes that are there, say where (at)");
	if (rq->has_align && !rq->align)
		return nv_refuse(why, NV_E_BAD_ALIGNMENT, "an alignment of 0: 4 KiB, 2 MiB and 1 GiB are possible");
	if (rq->has_at && !rq->pool[0])
		return nv_refuse(why, NV_E_BAD_REQUEST, "an offset needs a pool");
	clock_uuid(nvd->clock, &ret->uuid);
	return rq->pool[0] ? ledger_pool_find(nvd->ledger, rq->pool, why, &ret->pool) : 0;
}

int op_volume_create_begin(struct nvd *nvd, const struct req_create_volume *rq, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_create *o = calloc(1, sizeof(*o));
	struct volume_request vr;
	struct volume *v;
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	r = create_request(nvd, rq, why, &vr);
	if (!r)
		r = ledger_volume_begin(nvd->ledger, &vr, why, &v);
	if (r) {
		nvd->count.refusals++;
		return r;
	}
	r = volume_record(nvd, NULL, &v->fact, v->extents, NULL, why);
	if (r) {
		if (nvd_unsure(r))
			return create_undo(nvd, v, r);
		ledger_volume_abort(nvd->ledger, v);
		return r;
	}

	o->op.ops = &create_ops;
	o->op.nvd = nvd;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), rq->keep ? "create" : "zero");
	o->op.progress.total = rq->keep ? 0 : frames_to_bytes(v->fact.nr);
	o->volume = v;
	o->keep = rq->keep;
	scrub_walk_begin(&o->scrub, v);
	*ret = &nv_steal(&o)->op;
	return 0;
}

/* The book may have what it said it could not write: as it was, then. */
static int volume_put_back(struct nvd *nvd, const struct volume *v, int r)
{
	return nvd_unsure(r) ? store_volume_put(nvd->store, &v->fact, v->extents) : 0;
}

int op_volume_rename(struct nvd *nvd, const struct req_rename_volume *rq, struct nv_why *why)
{
	struct volume_fact fact;
	struct event_fact e;
	struct volume *v;
	int r;

	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	if (!r)
		r = ledger_rename_begin(nvd->ledger, v, rq->name, why);
	if (r)
		return r;
	e = history_event(EVENT_INFO, "volume-renamed", "volume %s is called %s now", v->fact.name, v->new_name);
	history_at_volume(&e, v);
	fact = v->fact;
	view_text_set(fact.name, sizeof(fact.name), v->new_name);
	r = volume_record(nvd, NULL, &fact, v->extents, &e, why);
	if (r) {
		/* If it may have either name, it keeps both until the next start. */
		if (!volume_put_back(nvd, v, r))
			ledger_rename_abort(nvd->ledger, v);
		return r;
	}
	ledger_rename_done(nvd->ledger, v);
	history_tell(nvd, &e);
	return 0;
}

int op_volume_set_owner(struct nvd *nvd, const struct req_set_owner *rq, struct nv_why *why)
{
	struct volume_fact fact;
	struct event_fact e;
	struct volume *v;
	int r;

	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	if (!r)
		r = ledger_owner_check(rq->owner, why);
	if (r)
		return r;
	if (v->busy)
		return nv_refuse(why, NV_E_BUSY, "something else is being done with the volume %s", v->fact.name);
	e = history_event(EVENT_NOTICE, "owner-changed", "volume %s belongs to %s now, no longer to %s", v->fact.name,
			  rq->owner[0] ? rq->owner : "nobody", v->fact.owner[0] ? v->fact.owner : "nobody");
	history_at_volume(&e, v);
	fact = v->fact;
	view_text_set(fact.owner, sizeof(fact.owner), rq->owner);
	r = volume_record(nvd, NULL, &fact, v->extents, &e, why);
	if (r) {
		volume_put_back(nvd, v, r);
		return r;
	}
	ledger_set_owner(nvd->ledger, v, fact.owner);
	history_tell(nvd, &e);
	return 0;
}
