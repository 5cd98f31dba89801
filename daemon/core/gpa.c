/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/gpa.c - where in a guest persistent memory comes to stand.
 *
 * From the top of what the guest can address downwards, each at a multiple of
 * 1 GiB: far above its memory and above the BARs, which grow up from the end of
 * high memory. Whoever was somewhere before is there again.
 */
#include <string.h>

#include "core/ledger-int.h"

/* The first frame of something that is in the way; NV_NO_FRAME: nothing is. */
typedef uint64_t gpa_taken(struct ledger *l, const void *whose, uint64_t gfn,
			   uint64_t nr);

static uint64_t taken_by_mapping(struct ledger *l, const void *whose,
				 uint64_t gfn, uint64_t nr)
{
	const uint32_t *domid = whose;
	struct mapping *m = NULL;

	while ((m = ledger_mapping_in(l, *domid, m)))
		if (frames_overlap(gfn, nr, m->fact.gfn, m->fact.nr))
			return m->fact.gfn;
	return NV_NO_FRAME;
}

static uint64_t taken_by_listed(struct ledger *l, const void *whose,
				uint64_t gfn, uint64_t nr)
{
	const char *guest = whose;
	struct guest_device *g = NULL;

	while ((g = ledger_guest_next(l, g)))
		if (!strcmp(g->fact.guest, guest) &&
		    g->fact.gfn != NV_NO_FRAME &&
		    frames_overlap(gfn, nr, g->fact.gfn, ledger_guest_size(g)))
			return g->fact.gfn;
	return NV_NO_FRAME;
}

/* Return: NV_NO_FRAME if it was nowhere yet, or cannot be there now. */
static uint64_t home(struct ledger *l, gpa_taken *taken, const void *whose,
		     const struct volume *v, uint64_t limit)
{
	uint64_t gfn = v->fact.home_gfn, nr = v->fact.nr;

	if (!gfn || !frames_valid(gfn, nr) || gfn + nr > limit ||
	    taken(l, whose, gfn, nr) != NV_NO_FRAME)
		return NV_NO_FRAME;
	return gfn;
}

static uint64_t top_down(struct ledger *l, gpa_taken *taken, const void *whose,
			 uint64_t nr, uint64_t top)
{
	uint64_t gfn;

	while (nr && top >= nr) {
		gfn = nv_align_down(top - nr, NV_1G_FRAMES);
		top = taken(l, whose, gfn, nr);
		if (top == NV_NO_FRAME)
			return gfn;
	}
	return NV_NO_FRAME;
}

bool ledger_gpa_home(struct ledger *l, const struct volume *v, uint32_t domid,
		     uint64_t limit_bytes, uint64_t *ret)
{
	uint64_t gfn = home(l, taken_by_mapping, &domid, v,
			    frames_from_bytes(limit_bytes));

	if (gfn == NV_NO_FRAME)
		return false;
	*ret = frames_to_bytes(gfn);
	return true;
}

int ledger_gpa_choose(struct ledger *l, uint32_t domid, uint64_t size_bytes,
		      uint64_t limit_bytes, struct nv_why *why, uint64_t *ret)
{
	uint64_t gfn = top_down(l, taken_by_mapping, &domid,
				frames_from_bytes(size_bytes),
				frames_from_bytes(limit_bytes));

	if (gfn == NV_NO_FRAME)
		return nv_refuse(why, NV_E_GPA_LIMIT,
				 "domain %u has no room for 0x%llx bytes below guest address 0x%llx",
				 domid, (unsigned long long)size_bytes,
				 (unsigned long long)limit_bytes);
	*ret = frames_to_bytes(gfn);
	return 0;
}

int ledger_guest_choose(struct ledger *l, const char *guest,
			const struct volume *v, uint64_t limit_bytes,
			struct nv_why *why, uint64_t *ret)
{
	uint64_t limit = frames_from_bytes(limit_bytes);
	char kept[NV_OWNER_TEXT];
	uint64_t gfn;
	int r;

	r = ledger_guest_parse(guest, why, kept);
	if (r)
		return r;
	gfn = home(l, taken_by_listed, kept, v, limit);
	if (gfn == NV_NO_FRAME)
		gfn = top_down(l, taken_by_listed, kept, v->fact.nr, limit);
	if (gfn == NV_NO_FRAME)
		return nv_refuse(why, NV_E_GPA_LIMIT,
				 "the guest %s has no room for 0x%llx bytes below guest address 0x%llx",
				 kept,
				 (unsigned long long)frames_to_bytes(v->fact.nr),
				 (unsigned long long)limit_bytes);
	*ret = frames_to_bytes(gfn);
	return 0;
}
