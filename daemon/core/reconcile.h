/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/reconcile.h - kernel, book and hypervisor in; what is to be done out.
 *
 * After a start the three know different things. The kernel says which pools
 * are there. The book says what was promised. About what is mapped the
 * hypervisor wins: what it has and the book does not know is kept and
 * reported, what the book has and it does not is gone.
 *
 * Each function looks at the ledger, changes nothing and returns a list of
 * actions, in an order in which they can be carried out. Their order:
 *
 *	load pools		reconcile_pools()	attach or miss
 *	load volumes, bad	reconcile_regions()	enrol, replay, arm
 *	load mappings		reconcile_extents()	confirm, undo, drop, keep
 *				reconcile_bad()		learn what only Xen knows
 */
#ifndef NV_CORE_RECONCILE_H
#define NV_CORE_RECONCILE_H

#include "core/hvrec.h"
#include "core/ledger.h"
#include "core/maps.h"
#include "core/topo.h"

enum act_what {
	ACT_POOL_ATTACH,  /* pool, site: ledger_pool_attach() */
	ACT_POOL_MISSING, /* pool, text: ledger_pool_missing(), tell a person */
	ACT_REGION_ENROL, /* pool: hv_enrol() */
	ACT_REGION_ARM,   /* pool: replay its bad list, then hv_arm() */
	ACT_REGION_ARMED, /* pool: it is already: ledger_pool_armed() */
	ACT_REGION_STALE, /* range: enrolled, of no pool, with nothing mapped in
			     it: hv_dismiss() */
	ACT_MAPPING_CONFIRM, /* mapping: the hypervisor has all of it: note the
				map_ids (ACT_EXTENT), MAPPED in the book */
	ACT_MAPPING_UNDO, /* mapping: it has some, or was unmapping: op_unmap */
	ACT_MAPPING_DROP, /* mapping: it has none of it: out of the book */
	ACT_EXTENT,       /* extent, map_id: ledger_map_extent() */
	ACT_EXTENT_GONE,  /* extent: ledger_unmap_extent() */
	ACT_UNKNOWN,      /* unknown: ledger_unknown_add(), tell a person */
	ACT_UNKNOWN_GONE, /* mapping: an unknown one that is no longer there */
	ACT_BAD_LEARN,    /* range: broken there, not here */
};

struct act {
	enum act_what what;
	struct pool *pool;
	struct mapping *mapping;
	struct extent *extent;
	uint64_t map_id;
	union {
		struct pool_site site;
		struct unknown_extent unknown;
		struct frames range;
		char text[160];
	};
};

/* A list of actions. Embed it zeroed; acts_deinit() leaves it empty. */
struct acts {
	struct act *v;
	size_t n, room;
};

void acts_deinit(struct acts *a);

/* All return 0, or -ENOMEM with nothing added; @ret is appended to. */

/** reconcile_pools() - which pools does the kernel have, and where? */
int reconcile_pools(struct ledger *l, const struct topo *topo,
		    struct acts *ret) nv_must_check;

/** reconcile_site() - the same for one namespace: where a pool there would be */
void reconcile_site(const struct topo_place *place, struct pool_site *ret);

/**
 * reconcile_regions() - which pools does the hypervisor know?
 * @regions, @extents: all of hv_list()
 */
int reconcile_regions(struct ledger *l, const struct hv_record *regions,
		      size_t nr_regions, const struct hv_record *extents,
		      size_t nr_extents, struct acts *ret) nv_must_check;

/** reconcile_extents() - what is mapped really? */
int reconcile_extents(struct ledger *l, const struct hv_record *extents,
		      size_t nr, struct acts *ret) nv_must_check;

/** reconcile_bad() - what is broken there and not bad here? */
int reconcile_bad(struct ledger *l, const struct hv_record *broken, size_t nr,
		  struct acts *ret) nv_must_check;

#endif
