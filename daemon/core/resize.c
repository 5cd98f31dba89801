/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/resize.c - the ledger's volumes: longer and shorter.
 *
 * Both work on a part: a nameless volume that has the frames that come or go
 * until they are zeroed. So a restart in between finds nothing new: a part
 * that is CREATING is dropped, one that is DELETING is scrubbed.
 */
#include <assert.h>

#include "core/ledger-int.h"

static int resize_check(struct ledger *l, const struct volume *v,
			uint64_t size_bytes, struct nv_why *why)
{
	int r;

	r = volume_check_idle(l, v, "resized", why);
	if (r)
		return r;
	if (v->fact.state != VOLUME_READY)
		return nv_refuse(why, NV_E_VOLUME_BUSY,
				 "the volume %s is being deleted",
				 v->fact.name);
	if (!pool_placed(v->pool))
		return nv_refuse(why, NV_E_NO_REGION,
				 "the pool %s is not on this host",
				 v->pool->fact.name);
	return volume_check_size(size_bytes,
				 NV_MIN(v->fact.align, NV_2M_FRAMES), why);
}

static struct volume *part_make(struct ledger *l, const struct volume *v,
				const struct nv_uuid *uuid,
				enum volume_state state,
				struct extent *extents)
{
	struct volume_fact fact = { .uuid = *uuid,
				    .pool = v->fact.pool,
				    .align = v->fact.align,
				    .state = state,
				    .created_us = v->fact.created_us };

	return volume_make(l, &fact, v->pool, extents);
}

int ledger_grow_begin(struct ledger *l, struct volume *v, uint64_t size_bytes,
		      const struct nv_uuid *uuid, struct nv_why *why,
		      struct volume **ret)
{
	struct alloc_want want = { .pool = v->pool,
				   .align = v->fact.align,
				   .soft = true,
				   .near = v->pool };
	struct extent *extents, *clash, *last;
	struct volume *part;
	uint64_t align;
	int r;

	r = resize_check(l, v, size_bytes, why);
	if (r)
		return r;
	if (frames_from_bytes(size_bytes) <= v->fact.nr)
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "the volume %s is not smaller than that",
				 v->fact.name);
	r = unknown_hold_all(l);
	if (r)
		return r;
	last = extents_last(v->extents);
	want.nr = frames_from_bytes(size_bytes) - v->fact.nr;
	want.near_mfn = ledger_extent_mfn(last) + last->fact.nr;
	r = alloc_find(l, &want, why, &align, &extents);
	if (r)
		return r;
	part = part_make(l, v, uuid, VOLUME_CREATING, extents);
	if (!part) {
		extents_free(l, extents);
		return -ENOMEM;
	}
	r = extents_take(l, extents, &clash);
	if (r) {
		assert(r < 0); /* they were just found to be free */
		volume_free(l, part);
		return r;
	}
	part->busy = true;
	v->busy = true;
	*ret = part;
	return 0;
}

/*
 * @part's extents go behind @v's for good, their owed paints spent, where two
 * become one, or given up.
 */
static void parts_join(struct ledger *l, struct volume *v,
			   struct volume *part)
{
	struct extent *at = extents_last(v->extents);

	at->next = part->extents;
	part->extents = NULL;
	if (extent_adjoins_next(at))
		extent_merge_next(l, at);
	extents_settle(l, at->next);
	volume_recount(v);
	volume_free(l, part);
	v->busy = false;
}

void ledger_grow_done(struct ledger *l, struct volume *v, struct volume *part)
{
	assert(v->busy && part->busy && part->fact.state == VOLUME_CREATING);
	parts_join(l, v, part);
}

void ledger_grow_abort(struct ledger *l, struct volume *v, struct volume *part)
{
	assert(v->busy && part->busy && part->fact.state == VOLUME_CREATING);
	extents_give(l, part->extents);
	volume_free(l, part);
	v->busy = false;
}

/*
 * The extent in which the first @nr frames end; what they have of it is *@ret_of.
 */
static struct extent *extent_with_end(struct volume *v, uint64_t nr,
				      uint64_t *ret_of)
{
	struct extent *e = v->extents;

	for (; e->fact.nr < nr; e = e->next)
		nr -= e->fact.nr;
	*ret_of = nr;
	return e;
}

int ledger_shrink_begin(struct ledger *l, struct volume *v, uint64_t size_bytes,
			const struct nv_uuid *uuid, struct nv_why *why,
			struct volume **ret)
{
	uint64_t nr = frames_from_bytes(size_bytes), keep;
	struct extent *at, *tail;
	struct volume *part;
	int r;

	r = resize_check(l, v, size_bytes, why);
	if (r)
		return r;
	if (nr >= v->fact.nr)
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "the volume %s is not larger than that",
				 v->fact.name);
	part = part_make(l, v, uuid, VOLUME_DELETING, NULL);
	if (!part)
		return -ENOMEM;
	at = extent_with_end(v, nr, &keep);
	r = extents_owe(l, at->next);
	if (!r && keep < at->fact.nr) {
		tail = at->next;
		r = extent_split(l, at, keep);
		if (r)
			extents_settle(l, tail);
	}
	if (r) {
		volume_free(l, part);
		return r;
	}
	part->extents = at->next;
	at->next = NULL;
	volume_recount(v);
	volume_recount(part);
	part->busy = true;
	v->busy = true;
	*ret = part;
	return 0;
}

void ledger_shrink_done(struct ledger *l, struct volume *v,
			struct volume *part)
{
	assert(v->busy && part->busy && part->fact.state == VOLUME_DELETING);
	extents_settle(l, part->extents);
	part->busy = false;
	v->busy = false;
}

void ledger_shrink_abort(struct ledger *l, struct volume *v,
			 struct volume *part)
{
	assert(v->busy && part->busy && part->fact.state == VOLUME_DELETING);
	parts_join(l, v, part);
}
