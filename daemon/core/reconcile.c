/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/reconcile.c - kernel, book and hypervisor in; what is to be done out.
 */
#include "core/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "core/ledger-int.h"

void acts_deinit(struct acts *a)
{
	free(a->v);
	*a = (struct acts){ .n = 0 };
}

static struct act *acts_add(struct acts *a, enum act_what what)
{
	size_t room = a->room ? 2 * a->room : 16;
	struct act *wider;

	if (a->n == a->room) {
		wider = realloc(a->v, room * sizeof(*wider));
		if (!wider)
			return NULL;
		a->v = wider;
		a->room = room;
	}
	memset(&a->v[a->n], 0, sizeof(a->v[a->n]));
	a->v[a->n].what = what;
	return &a->v[a->n++];
}

/* What was added since @n is taken back when memory runs out. */
static int acts_end(struct acts *a, size_t n, int r)
{
	if (r)
		a->n = n;
	return r;
}

/*
 * Pools
 */

void reconcile_site(const struct topo_place *place, struct pool_site *ret)
{
	struct pool_site s = {
		.mfn = frames_from_bytes(place->ns->spa),
		.nr = frames_from_bytes(place->ns->size),
		.region_off = frames_from_bytes(place->ns->spa -
						place->region->spa),
		.numa_node = place->region->numa_node,
		.read_only = place->ns->read_only || place->region->read_only,
	};

	text_set(s.device, sizeof(s.device), place->ns->name);
	text_set(s.region, sizeof(s.region), place->region->name);
	text_set(s.persistence, sizeof(s.persistence),
		 topo_persistence_name(place->region->persistence));
	*ret = s;
}

static int pool_place(const struct pool *p, const struct topo *topo,
		      struct topo_place *ret, struct nv_why *why)
{
	if (!topo_find_id(topo, &p->fact.uuid, ret))
		return nv_refuse(why, NV_E_NO_REGION,
				 "the kernel has no namespace with its UUID, it was %s in %s",
				 p->fact.device, p->fact.region);
	return topo_check_pool(ret, why);
}

int reconcile_pools(struct ledger *l, const struct topo *topo,
		    struct acts *ret)
{
	size_t before = ret->n;
	struct topo_place place;
	struct nv_why why;
	struct pool *p;
	struct act *a;
	int refused;

	for (p = l->pools; p; p = p->next) {
		if (pool_placed(p))
			continue;
		refused = pool_place(p, topo, &place, &why);
		a = acts_add(ret, refused ? ACT_POOL_MISSING : ACT_POOL_ATTACH);
		if (!a)
			return acts_end(ret, before, -ENOMEM);
		a->pool = p;
		if (refused)
			text_set(a->text, sizeof(a->text), why.text);
		else
			reconcile_site(&place, &a->site);
	}
	return 0;
}

/*
 * Regions
 */

static const struct hv_record *record_of_pool(const struct pool *p,
					      const struct hv_record *regions,
					      size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (regions[i].mfn == p->site.mfn && regions[i].nr == p->site.nr)
			return &regions[i];
	return NULL;
}

static bool region_in_use(const struct hv_record *region,
			  const struct hv_record *extents, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (frames_overlap(region->mfn, region->nr, extents[i].mfn,
				   extents[i].nr))
			return true;
	return false;
}

static bool region_is_pool(struct ledger *l, const struct hv_record *region)
{
	struct pool *p;

	for (p = l->pools; p; p = p->next)
		if (pool_placed(p) && p->site.mfn == region->mfn &&
		    p->site.nr == region->nr)
			return true;
	return false;
}

/* Stale ones go first: they may be in the way of a pool that moved. */
static int regions_stale(struct ledger *l, const struct hv_record *regions,
			 size_t nr, const struct hv_record *extents,
			 size_t nr_extents, struct acts *ret)
{
	struct act *a;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (region_is_pool(l, &regions[i]) ||
		    region_in_use(&regions[i], extents, nr_extents))
			continue;
		a = acts_add(ret, ACT_REGION_STALE);
		if (!a)
			return -ENOMEM;
		a->range = (struct frames){ regions[i].mfn, regions[i].nr };
	}
	return 0;
}

static int region_acts(struct pool *p, const struct hv_record *region,
		       struct acts *ret)
{
	struct act *a;

	if (!region) {
		a = acts_add(ret, ACT_REGION_ENROL);
		if (!a)
			return -ENOMEM;
		a->pool = p;
	}
	a = acts_add(ret, region && region->state ? ACT_REGION_ARMED :
						    ACT_REGION_ARM);
	if (!a)
		return -ENOMEM;
	a->pool = p;
	return 0;
}

int reconcile_regions(struct ledger *l, const struct hv_record *regions,
		      size_t nr_regions, const struct hv_record *extents,
		      size_t nr_extents, struct acts *ret)
{
	size_t before = ret->n;
	struct pool *p;
	int r;

	r = regions_stale(l, regions, nr_regions, extents, nr_extents, ret);
	for (p = l->pools; p && !r; p = p->next)
		if (pool_placed(p))
			r = region_acts(p,
					record_of_pool(p, regions, nr_regions),
					ret);
	return acts_end(ret, before, r);
}

/*
 * Bad frames
 */

int reconcile_bad(struct ledger *l, const struct hv_record *broken, size_t nr,
		  struct acts *ret)
{
	size_t before = ret->n, i;
	uint64_t at, end;
	struct act *a;
	struct pool *p;

	for (i = 0; i < nr; i++) {
		at = broken[i].mfn;
		end = at + broken[i].nr;
		for (p = l->pools; p; p = p->next) {
			struct frames f;

			if (!pool_placed(p))
				continue;
			f = frames_common(at, end - at, p->site.mfn,
					  p->site.nr);
			if (!f.nr ||
			    ledger_bad_count(l, f.mfn, f.nr) == f.nr)
				continue;
			a = acts_add(ret, ACT_BAD_LEARN);
			if (!a)
				return acts_end(ret, before, -ENOMEM);
			a->range = f;
		}
	}
	return 0;
}
