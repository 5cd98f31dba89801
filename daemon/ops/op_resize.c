/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_resize.c - a volume becomes longer or shorter, while nobody has it.
 *
 * Longer: the new frames are a nameless CREATING volume until they are zero;
 * then one commit joins them to the volume. Dying before drops them.
 *
 * Shorter: one commit cuts the tail off as a nameless DELETING volume, which
 * is then deleted like any other (op_delete). Dying after goes on with it.
 */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "ops/op_volume.h"
#include "ops/tables.h"

struct op_resize {
	struct op op;
	struct volume *volume;
	struct volume *part;
	struct scrub_walk scrub; /* growing */
	struct op *delete;       /* shrinking */
};

static struct event_fact resize_event(const struct volume *v, uint64_t nr)
{
	char was[NV_SIZE_TEXT], is[NV_SIZE_TEXT];
	struct event_fact e;

	e = history_event(EVENT_INFO, "volume-resized", "volume %s is %s now, it was %s", v->fact.name,
			  nv_size_print(frames_to_bytes(nr), is), nv_size_print(frames_to_bytes(v->fact.nr), was));
	history_at_volume(&e, v);
	return e;
}

static void grow_undo(struct nvd *nvd, struct op_resize *o)
{
	struct volume *v = o->volume;

	/* If the book keeps the part, so does the ledger, until the next start. */
	if (!volume_record(nvd, &o->part->fact.uuid, &v->fact, v->extents, NULL, NULL))
		ledger_grow_abort(nvd->ledger, o->volume, o->part);
}

/* The volume's pieces and the part's as one list, for the book. */
static struct extent *joined(const struct op_resize *o)
{
	uint32_t nr = o->volume->fact.nr_extents + o->part->fact.nr_extents;
	const struct extent *lists[] = { o->volume->extents, o->part->extents };
	struct extent *all = calloc(nr, sizeof(*all));
	const struct extent *e;
	uint32_t i = 0;
	size_t l;

	for (l = 0; all && l < NV_ARRAY_SIZE(lists); l++)
		for (e = lists[l]; e && i < nr; e = e->next, i++) {
			all[i].fact = e->fact;
			all[i].pool = e->pool;
			all[i].next = i + 1 < nr ? &all[i + 1] : NULL;
		}
	return all;
}

static int grow_finish(struct op_resize *o, struct nv_why *why)
{
	nv_cleanup(nv_freep) struct extent *all = joined(o);
	struct nvd *nvd = o->op.nvd;
	struct volume_fact fact = o->volume->fact;
	struct event_fact e;
	int r;

	if (!all) {
		grow_undo(nvd, o);
		return nv_refuse(why, -ENOMEM, "no memory");
	}
	fact.nr += o->part->fact.nr;
	fact.nr_extents += o->part->fact.nr_extents;
	e = resize_event(o->volume, fact.nr);
	r = volume_record(nvd, &o->part->fact.uuid, &fact, all, &e, why);
	if (r) {
		grow_undo(nvd, o);
		return r;
	}
	ledger_grow_done(nvd->ledger, o->volume, o->part);
	o->op.volume = fact.uuid;
	tables_sync_volume(nvd, o->volume);
	history_tell(nvd, &e);
	return 0;
}

static int resize_step(struct op *op, struct nv_why *why)
{
	struct op_resize *o = nv_container_of(op, struct op_resize, op);
	uint64_t done;
	int r;

	if (o->delete) {
		r = op_step(o->delete, why);
		op->progress.done = o->delete->progress.done;
		if (!r)
			op->volume = o->volume->fact.uuid;
		return r;
	}
	r = scrub_walk_step(op->nvd, &o->scrub, why, &done);
	op->progress.done = frames_to_bytes(done);
	if (r == OP_MORE)
		return r;
	if (r) {
		grow_undo(op->nvd, o);
		return r;
	}
	return grow_finish(o, why);
}

static void resize_free(struct op *op)
{
	struct op_resize *o = nv_container_of(op, struct op_resize, op);

	op_free(o->delete);
	free(o);
}

static const struct op_ops resize_ops = { .name = "resize", .step = resize_step, .free = resize_free };

static int grow_begin(struct op_resize *o, uint64_t size, const struct nv_uuid *uuid, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	int r;

	r = ledger_grow_begin(nvd->ledger, o->volume, size, uuid, why, &o->part);
	if (r)
		return r;
	r = volume_record(nvd, NULL, &o->part->fact, o->part->extents, NULL, why);
	if (r) {
		if (nvd_unsure(r))
			grow_undo(nvd, o);
		else
			ledger_grow_abort(nvd->ledger, o->volume, o->part);
		return r;
	}
	o->op.progress.total = frames_to_bytes(o->part->fact.nr);
	scrub_walk_begin(&o->scrub, o->part);
	return 0;
}

/*
 * The cut could not be written, or only perhaps: then the book gets what it
 * had. If it does not take that either, nobody touches the volume any more
 * until the next start, which believes the book.
 */
static void shrink_undo(struct nvd *nvd, struct op_resize *o, int failed)
{
	nv_cleanup(nv_freep) struct extent *all = NULL;
	struct volume_fact fact = o->volume->fact;
	int r = 0;

	if (nvd_unsure(failed)) {
		all = joined(o);
		fact.nr += o->part->fact.nr;
		fact.nr_extents += o->part->fact.nr_extents;
		r = all ? volume_record(nvd, &o->part->fact.uuid, &fact, all, NULL, NULL) : -ENOMEM;
	}
	if (!r)
		ledger_shrink_abort(nvd->ledger, o->volume, o->part);
}

static int shrink_begin(struct op_resize *o, uint64_t size, const struct nv_uuid *uuid, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct volume *v = o->volume;
	struct event_fact e = resize_event(v, frames_from_bytes(size));
	int r;

	r = ledger_shrink_begin(nvd->ledger, v, size, uuid, why, &o->part);
	if (r)
		return r;
	r = store_begin(nvd->store, STORE_DURABLE);
	if (!r)
		r = store_volume_put(nvd->store, &v->fact, v->extents);
	if (!r)
		r = store_volume_put(nvd->store, &o->part->fact, o->part->extents);
	if (!r)
		r = history_write(nvd, &e);
	if (!r)
		r = store_commit(nvd->store);
	if (nvd_book(nvd, r, why)) {
		shrink_undo(nvd, o, r);
		return r;
	}
	ledger_shrink_done(nvd->ledger, v, o->part);
	tables_sync_volume(nvd, v);
	history_tell(nvd, &e);
	o->op.progress.total = frames_to_bytes(o->part->fact.nr);
	return op_delete_volume_begin(nvd, o->part, false, why, &o->delete);
}

int op_volume_resize_begin(struct nvd *nvd, const struct req_resize_volume *rq, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_resize *o = calloc(1, sizeof(*o));
	struct volume *v;
	struct nv_uuid uuid;
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
	if (r)
		return r;
	o->op.ops = &resize_ops;
	o->op.nvd = nvd;
	o->volume = v;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), "zero");
	clock_uuid(nvd->clock, &uuid);
	if (rq->size > frames_to_bytes(v->fact.nr))
		r = grow_begin(o, rq->size, &uuid, why);
	else
		r = shrink_begin(o, rq->size, &uuid, why);
	if (r)
		return r;
	*ret = &nv_steal(&o)->op;
	return 0;
}
