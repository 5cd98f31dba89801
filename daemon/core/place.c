/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/place.c - one place of persistent memory, in all four ways to say it.
 */
#include "base/size.h"
#include "core/ledger-int.h"

void ledger_place(struct ledger *l, uint64_t spa, uint64_t size,
		  struct place *ret)
{
	uint64_t in = spa & NV_PAGE_MASK, end;
	struct frames left = { frames_from_bytes(spa), 1 };
	struct place place = { .spa = spa, .size = size };
	uint64_t owner_end;
	struct blow b;

	/* As many frames as the owner has; health does not matter here. */
	ledger_fault(l, &left, &b, 1);
	owner_end = rangemap_find(l->own, b.frames.mfn).end;
	if (size > frames_to_bytes(owner_end - b.frames.mfn) - in)
		place.size = frames_to_bytes(owner_end - b.frames.mfn) - in;

	end = spa + NV_MAX(place.size, UINT64_C(1)) - 1;
	place.bad = ledger_is_bad(l, b.frames.mfn,
				  frames_from_bytes(end) - b.frames.mfn + 1);
	place.pool = b.pool;
	if (b.pool) {
		place.pool_offset = frames_to_bytes(b.off) + in;
		place.region_offset = frames_to_bytes(b.pool->site.region_off) +
				      place.pool_offset;
	}
	place.volume = b.volume;
	if (b.volume)
		place.volume_offset = frames_to_bytes(b.volume_off) + in;
	place.mapping = b.mapping;
	if (b.mapping)
		place.gpa = frames_to_bytes(b.gfn) + in;
	*ret = place;
}

int ledger_place_volume(struct ledger *l, struct volume *v, uint64_t offset,
			uint64_t size, struct nv_why *why, struct place *ret)
{
	uint64_t off = frames_from_bytes(offset);
	char text[NV_SIZE_TEXT];
	struct extent *e;

	if (off >= v->fact.nr)
		return nv_refuse(why, NV_E_BAD_SIZE, "the volume %s ends at %s",
				 v->fact.name,
				 nv_size_print_exact(
					 frames_to_bytes(v->fact.nr), text));
	if (ledger_volume_missing(v))
		return nv_refuse(why, NV_E_NO_REGION,
				 "the pool %s is not on this host",
				 v->pool->fact.name);
	for (e = v->extents; off >= e->fact.nr; e = e->next)
		off -= e->fact.nr;
	ledger_place(l,
		     frames_to_bytes(ledger_extent_mfn(e) + off) +
			     (offset & NV_PAGE_MASK),
		     size, ret);
	return 0;
}

int ledger_place_domain(struct ledger *l, uint32_t domid, uint64_t gpa,
			uint64_t size, struct nv_why *why, struct place *ret)
{
	uint64_t gfn = frames_from_bytes(gpa), mfn;
	struct mapping *m = ledger_mapping_at(l, domid, gfn);
	struct extent *e;

	if (!m)
		return nv_refuse(why, NV_E_NO_MAPPING,
				 "domain %u has no persistent memory at guest address 0x%llx",
				 domid, (unsigned long long)gpa);
	for (e = m->extents; gfn - e->fact.gfn >= e->fact.nr;)
		e = e->next;
	if (e->pool && !pool_placed(e->pool))
		return nv_refuse(why, NV_E_NO_REGION,
				 "the pool %s is not on this host",
				 e->pool->fact.name);
	mfn = (e->pool ? ledger_extent_mfn(e) : e->fact.off) +
	      (gfn - e->fact.gfn);
	ledger_place(l, frames_to_bytes(mfn) + (gpa & NV_PAGE_MASK), size,
		     ret);
	return 0;
}
