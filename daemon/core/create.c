/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/create.c - the ledger's volumes: new ones, and those from the book.
 */
#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "core/ledger-int.h"

#define LARGE_BYTES (NV_1G_FRAMES << NV_PAGE_SHIFT)

static const char *bytes_text(uint64_t bytes, char *buf)
{
	return nv_size_print_exact(bytes, buf);
}

/* Not over the end, however large @size_bytes is. */
static uint64_t round_up_bytes(uint64_t size_bytes, uint64_t unit)
{
	if (size_bytes > UINT64_MAX - unit)
		return nv_align_down(UINT64_MAX, unit);
	return (size_bytes + unit - 1) & ~(unit - 1);
}

int volume_check_size(uint64_t size_bytes, uint64_t unit_frames,
		      struct nv_why *why)
{
	uint64_t unit = frames_to_bytes(unit_frames);
	char up[NV_SIZE_TEXT], down[NV_SIZE_TEXT], multiple[NV_SIZE_TEXT];

	bytes_text(round_up_bytes(NV_MAX(size_bytes, UINT64_C(1)), unit), up);
	if (size_bytes < unit)
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "%llu bytes are too small for a volume, the smallest is %s",
				 (unsigned long long)size_bytes, up);
	if (nv_is_aligned(size_bytes, unit))
		return 0;
	return nv_refuse(why, NV_E_BAD_SIZE,
			 "%llu bytes are no multiple of %s: the nearest sizes are %s and %s",
			 (unsigned long long)size_bytes,
			 bytes_text(unit, multiple),
			 bytes_text(nv_align_down(size_bytes, unit), down), up);
}

static int check_align(uint64_t align_bytes, struct nv_why *why)
{
	uint64_t align = frames_from_bytes(align_bytes);

	if (align_bytes == frames_to_bytes(align) &&
	    (align == 1 || align == NV_2M_FRAMES || align == NV_1G_FRAMES))
		return 0;
	return nv_refuse(why, NV_E_BAD_ALIGNMENT,
			 "%llu bytes are no alignment: it is 4 KiB, 2 MiB or 1 GiB",
			 (unsigned long long)align_bytes);
}

/* One extent at the very place, whatever its frames hold. */
static int find_at(const struct volume_request *req, uint64_t align,
		   struct nv_why *why, struct extent **ret)
{
	uint64_t unit = frames_to_bytes(align);
	char text[NV_SIZE_TEXT], near[NV_SIZE_TEXT];
	struct pool *p = req->pool;

	if (!p)
		return nv_refuse(why, NV_E_NO_POOL,
				 "an offset says nothing without its pool");
	if (!nv_is_aligned(req->at_bytes, unit))
		return nv_refuse(why, NV_E_BAD_ALIGNMENT,
				 "offset %llu is no multiple of %s: the one before it is %s",
				 (unsigned long long)req->at_bytes,
				 bytes_text(unit, text),
				 bytes_text(nv_align_down(req->at_bytes, unit),
					    near));
	if (!frames_contain(0, p->site.nr, frames_from_bytes(req->at_bytes),
			    frames_from_bytes(req->size_bytes)))
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "the pool %s ends at %s", p->fact.name,
				 bytes_text(frames_to_bytes(p->site.nr), text));
	*ret = extent_new(p, frames_from_bytes(req->at_bytes),
			  frames_from_bytes(req->size_bytes));
	return *ret ? 0 : -ENOMEM;
}

static int refuse_taken(struct ledger *l, const struct extent *e,
			struct nv_why *why)
{
	uint64_t mfn = ledger_extent_mfn(e);
	struct rangemap_range r = rangemap_find(l->own, mfn);
	char at[NV_SIZE_TEXT];
	struct owner o;

	if (r.tag == e->pool->tag)
		r = rangemap_find(l->own, r.end);
	o = ledger_tag_owner(l, r.tag);
	mfn = NV_MAX(r.start, mfn);
	bytes_text(frames_to_bytes(mfn - e->pool->site.mfn), at);
	if (o.extent->volume)
		return nv_refuse(why, NV_E_NO_SPACE,
				 "the volume '%s' has offset %s of the pool %s",
				 o.extent->volume->fact.name, at,
				 e->pool->fact.name);
	return nv_refuse(why, NV_E_NO_SPACE,
			 "offset %s of the pool %s is mapped into domain %u",
			 at, e->pool->fact.name, o.extent->mapping->fact.domid);
}

static int find_frames(struct ledger *l, const struct volume_request *req,
		       struct nv_why *why, uint64_t *ret_align,
		       struct extent **ret)
{
	struct alloc_want want = {
		.pool = req->pool,
		.nr = frames_from_bytes(req->size_bytes),
		.align = frames_from_bytes(req->align_bytes),
		.soft = req->align_soft || !req->align_bytes,
	};
	int r = 0;

	if (req->align_bytes)
		r = check_align(req->align_bytes, why);
	else if (req->size_bytes >= LARGE_BYTES && !req->at)
		want.align = NV_1G_FRAMES;
	else
		want.align = NV_2M_FRAMES;
	if (!r)
		r = volume_check_size(req->size_bytes,
				      NV_MIN(want.align, NV_2M_FRAMES), why);
	if (r)
		return r;
	if (!req->at)
		return alloc_find(l, &want, why, ret_align, ret);
	*ret_align = NV_MIN(want.align, NV_2M_FRAMES);
	return find_at(req, *ret_align, why, ret);
}

static int check_request(struct ledger *l, const struct volume_request *req,
			 struct nv_why *why)
{
	int r;

	r = volume_check_new_name(l, req->name, why);
	if (!r && req->owner)
		r = ledger_owner_check(req->owner, why);
	if (r)
		return r;
	if (req->pool && req->pool->busy)
		return nv_refuse(why, NV_E_BUSY,
				 "the pool %s is just being added or released",
				 req->pool->fact.name);
	if (req->pool && !pool_placed(req->pool))
		return nv_refuse(why, NV_E_NO_REGION,
				 "the pool %s is not on this host",
				 req->pool->fact.name);
	return 0;
}

int ledger_volume_begin(struct ledger *l, const struct volume_request *req,
			struct nv_why *why, struct volume **ret)
{
	struct volume_fact fact = { .uuid = req->uuid,
				    .state = VOLUME_CREATING,
				    .created_us = req->created_us };
	struct extent *extents = NULL, *clash;
	struct volume *v;
	int r;

	r = check_request(l, req, why);
	if (!r)
		r = unknown_hold_all(l);
	if (!r)
		r = find_frames(l, req, why, &fact.align, &extents);
	if (r)
		return r;
	text_set(fact.name, sizeof(fact.name), req->name);
	text_set(fact.owner, sizeof(fact.owner), req->owner ? req->owner : "");
	fact.pool = extents->pool->fact.uuid;

	v = volume_make(l, &fact, extents->pool, extents);
	if (!v) {
		extents_free(l, extents);
		return -ENOMEM;
	}
	r = extents_take(l, extents, &clash);
	if (r) {
		if (r > 0)
			r = refuse_taken(l, clash, why);
		volume_free(l, v);
		return r;
	}
	v->busy = true;
	*ret = v;
	return 0;
}

void ledger_volume_done(struct ledger *l, struct volume *v)
{
	assert(v->busy && v->fact.state == VOLUME_CREATING);
	extents_settle(l, v->extents);
	v->fact.state = VOLUME_READY;
	v->busy = false;
}

void ledger_volume_abort(struct ledger *l, struct volume *v)
{
	assert(v->fact.state == VOLUME_CREATING);
	extents_give(l, v->extents);
	volume_free(l, v);
}

static int check_loaded(struct ledger *l, const struct volume_fact *fact,
			const struct extent_fact *extents, struct nv_why *why)
{
	char text[NV_UUID_TEXT];
	uint32_t i;

	nv_uuid_print(&fact->uuid, text);
	if (fact->state < VOLUME_CREATING || fact->state > VOLUME_DELETING)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "volume %s has state %u, which does not exist",
				 text, fact->state);
	if (!fact->nr_extents)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "volume %s has no extents", text);
	if (fact->align != 1 && fact->align != NV_2M_FRAMES &&
	    fact->align != NV_1G_FRAMES)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "volume %s has no possible alignment", text);
	for (i = 0; i < fact->nr_extents; i++)
		if (!frames_valid(extents[i].off, extents[i].nr))
			return nv_refuse(why, NV_E_BAD_BOOK,
					 "extent %u of volume %s is no range",
					 i, text);
	if (ledger_volume_by_uuid(l, &fact->uuid))
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "volume %s is there twice", text);
	if (!fact->name[0] && fact->state != VOLUME_READY)
		return 0;
	if (volume_check_new_name(l, fact->name, why))
		return NV_E_BAD_BOOK;
	return 0;
}

/* In the form that a volume in the ledger has: what adjoins is one. */
static int extents_of_facts(struct pool *p, const struct extent_fact *facts,
			    uint32_t nr, struct extent **ret)
{
	struct extent *first = NULL, **end = &first, *last = NULL;
	uint32_t i;

	for (i = 0; i < nr; i++) {
		if (last && last->fact.off + last->fact.nr == facts[i].off) {
			last->fact.nr += facts[i].nr;
			continue;
		}
		last = extent_new(p, facts[i].off, facts[i].nr);
		if (!last) {
			while ((last = first)) {
				first = last->next;
				free(last);
			}
			return -ENOMEM;
		}
		*end = last;
		end = &last->next;
	}
	*ret = first;
	return 0;
}

int ledger_volume_load(struct ledger *l, const struct volume_fact *fact,
		       const struct extent_fact *facts, struct nv_why *why,
		       struct volume **ret)
{
	struct pool *p = ledger_pool_by_uuid(l, &fact->pool);
	struct extent *extents, *clash;
	struct volume *v;
	int r;

	if (!p)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "volume '%s' is in a pool that the book does not have",
				 fact->name);
	r = check_loaded(l, fact, facts, why);
	if (!r)
		r = extents_of_facts(p, facts, fact->nr_extents, &extents);
	if (r)
		return r;
	v = volume_make(l, fact, p, extents);
	if (!v) {
		extents_free(l, extents);
		return -ENOMEM;
	}
	r = extents_take(l, extents, &clash);
	if (r) {
		volume_free(l, v);
		if (r > 0)
			nv_refuse(why, r,
				  "volume '%s' has frames that are not its own",
				  fact->name);
		return r;
	}
	volume_settle(l, v);
	*ret = v;
	return 0;
}
