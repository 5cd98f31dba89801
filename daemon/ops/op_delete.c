/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_delete.c - a volume goes; its frames are free once they are zero.
 *
 *	ledger  DELETING, or a refusal
 *	book    DELETING: from here on there is no way back, only on
 *	hv      SCRUB, one chunk per turn
 *	book    gone, with its line in the history
 *	ledger  the frames are free
 *
 * Dying anywhere: the next start finds DELETING and zeroes from the beginning.
 */
#include <stdio.h>

#include "ops/op_volume.h"

struct op_delete {
	struct op op;
	struct volume *volume;
	struct scrub_walk scrub;
	bool no_scrub;
};

void scrub_walk_begin(struct scrub_walk *w, const struct volume *v)
{
	*w = (struct scrub_walk){ .extent = v->extents };
}

int scrub_walk_step(struct nvd *nvd, struct scrub_walk *w, struct nv_why *why, uint64_t *ret_done)
{
	const struct extent *e = w->extent;
	int r;

	*ret_done = w->before + w->done;
	if (!e)
		return 0;
	r = hv_scrub(nvd->hv, ledger_extent_mfn(e), e->fact.nr, &w->done);
	*ret_done = w->before + w->done;
	if (r == HV_MORE)
		return OP_MORE;
	if (r == -EBUSY)
		return nv_refuse(why, NV_E_UNKNOWN_EXTENT,
				 "the hypervisor has frames of it mapped that no record here explains");
	if (r)
		return nvd_hv(nvd, r, "zero the frames", why);
	w->before += e->fact.nr;
	w->done = 0;
	w->extent = e->next;
	*ret_done = w->before;
	return w->extent ? OP_MORE : 0;
}

static int delete_finish(struct op_delete *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct volume *v = o->volume;
	struct store *s = nvd->store;
	struct event_fact e;
	int r;

	e = history_event(EVENT_INFO, "volume-deleted", "%s%s was deleted%s",
			  v->fact.name[0] ? "volume " : "the cut-off part of a volume", v->fact.name,
			  o->no_scrub ? ", its bytes were left" : " and its bytes zeroed");
	history_at_volume(&e, v);
	r = store_begin(s, STORE_DURABLE);
	if (!r)
		r = store_volume_del(s, &v->fact.uuid);
	if (!r)
		r = history_write(nvd, &e);
	if (!r)
		r = store_commit(s);
	if (nvd_book(nvd, r, why)) {
		ledger_delete_abort(nvd->ledger, v);
		return r;
	}
	ledger_delete_done(nvd->ledger, v);
	history_tell(nvd, &e);
	return 0;
}

static int delete_step(struct op *op, struct nv_why *why)
{
	struct op_delete *o = nv_container_of(op, struct op_delete, op);
	uint64_t done;
	int r;

	if (!o->no_scrub) {
		r = scrub_walk_step(op->nvd, &o->scrub, why, &done);
		op->progress.done = frames_to_bytes(done);
		if (r == OP_MORE)
			return r;
		if (r) {
			ledger_delete_abort(op->nvd->ledger, o->volume);
			return r;
		}
	}
	return delete_finish(o, why);
}

static void delete_free(struct op *op)
{
	free(nv_container_of(op, struct op_delete, op));
}

static const struct op_ops delete_ops = { .name = "delete", .step = delete_step, .free = delete_free };

/* The promise could not be written, or only perhaps: then it is taken back. */
static void delete_unpromise(struct nvd *nvd, struct volume *v, int r)
{
	struct volume_fact fact = v->fact;

	fact.state = VOLUME_READY;
	if (nvd_unsure(r) && store_volume_put(nvd->store, &fact, v->extents))
		ledger_delete_written(nvd->ledger, v);
	ledger_delete_abort(nvd->ledger, v);
}

int op_delete_volume_begin(struct nvd *nvd, struct volume *v, bool no_scrub, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_delete *o = calloc(1, sizeof(*o));
	bool resumed = v->fact.state == VOLUME_DELETING;
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	if (ledger_volume_missing(v))
		return nv_refuse(why, NV_E_NO_REGION, "the pool %s, in which the volume %s lies, is not on this host",
				 v->pool->fact.name, v->fact.name);
	r = ledger_delete_begin(nvd->ledger, v, why);
	if (r)
		return r;
	if (!resumed) {
		r = volume_record(nvd, NULL, &v->fact, v->extents, NULL, why);
		if (r) {
			delete_unpromise(nvd, v, r);
			return r;
		}
		ledger_delete_written(nvd->ledger, v);
	}

	o->op.ops = &delete_ops;
	o->op.nvd = nvd;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), no_scrub ? "delete" : "zero");
	o->op.progress.total = no_scrub ? 0 : frames_to_bytes(v->fact.nr);
	o->volume = v;
	o->no_scrub = no_scrub;
	scrub_walk_begin(&o->scrub, v);
	*ret = &nv_steal(&o)->op;
	return 0;
}

int op_volume_delete_begin(struct nvd *nvd, const struct req_delete_volume *rq, struct nv_why *why, struct op **ret)
{
	struct volume *v;
	int r;

	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	return r ? r : op_delete_volume_begin(nvd, v, rq->no_scrub, why, ret);
}
