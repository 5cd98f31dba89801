/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/maps.h - the ledger's mappings, faults and places (see core/ledger.h).
 */
#ifndef NV_CORE_MAPS_H
#define NV_CORE_MAPS_H

#include "core/ledger.h"

/* ---- mappings.c: a direction, and two steps each way ---- */

struct map_request {
	uint32_t domid;
	struct nv_uuid handle;
	const char *domain;    /* its name; NULL if not known */
	struct volume *volume; /* or, if NULL, a bare range: */
	struct pool *pool;
	uint64_t offset_bytes;
	uint64_t size_bytes;
	uint64_t gpa;          /* bytes */
	bool force_owner;
};

/**
 * ledger_map_begin() - MAPPING: from here on the frames are the domain's
 * A volume takes all its extents, bad frames and all (they are left out by the
 * hypervisor); a bare range must be free and have no bad frame.
 * What is said of guest addresses is advice: the hypervisor decides.
 * NV_E_ALREADY_MAPPED, NV_E_NOT_OWNER, NV_E_VOLUME_BUSY (CREATING, DELETING),
 * NV_E_BUSY, NV_E_UNKNOWN_EXTENT, NV_E_NO_REGION (pool missing or not armed;
 * range not in the pool), NV_E_BROKEN, NV_E_POOL_IN_USE (bare range not free),
 * NV_E_BAD_ALIGNMENT, NV_E_BAD_SIZE, NV_E_GFN_OCCUPIED, -ENOMEM.
 */
int ledger_map_begin(struct ledger *l, const struct map_request *req,
		     struct nv_why *why, struct mapping **ret) nv_must_check;
/** ledger_map_extent() - the hypervisor has @e as @map_id */
void ledger_map_extent(struct ledger *l, struct extent *e, uint64_t map_id);
void ledger_map_done(struct ledger *l, struct mapping *m); /* MAPPED */
/** ledger_map_abort() - only when the hypervisor has nothing of it; frees @m */
void ledger_map_abort(struct ledger *l, struct mapping *m);

/**
 * ledger_map_undo() - a map that began has failed: it is now an unmap that began
 * UNMAPPING; ends with ledger_unmap_done() or ledger_unmap_abort().
 */
void ledger_map_undo(struct ledger *l, struct mapping *m);

/**
 * ledger_unmap_begin() - UNMAPPING, from any state
 * NV_E_BUSY (a map or unmap of it is under way), NV_E_UNKNOWN_EXTENT.
 */
int ledger_unmap_begin(struct ledger *l, struct mapping *m,
		       struct nv_why *why) nv_must_check;
/** ledger_unmap_extent() - the hypervisor has @e no more */
void ledger_unmap_extent(struct ledger *l, struct extent *e);
/** ledger_unmap_done() - no extent is left there; frees @m and bare frames */
void ledger_unmap_done(struct ledger *l, struct mapping *m);
/** ledger_unmap_cancel() - nothing was done yet: MAPPED again */
void ledger_unmap_cancel(struct ledger *l, struct mapping *m);
/** ledger_unmap_abort() - it did not work: the frames stay held, try again */
void ledger_unmap_abort(struct ledger *l, struct mapping *m);

/**
 * ledger_map_load() - a mapping of this boot from the book
 * @extents: in the volume's order, with gfn and map_id
 * It is MAPPING, MAPPED or UNMAPPING as the book says and not busy; reconcile
 * tells what is true. NV_E_BAD_BOOK, -ENOMEM.
 */
int ledger_map_load(struct ledger *l, const struct mapping_fact *fact,
		    const struct extent_fact *extents, struct nv_why *why,
		    struct mapping **ret) nv_must_check;

/* What the hypervisor has and no record explains. */
struct unknown_extent {
	uint64_t mfn;
	uint64_t nr;
	uint64_t gfn;
	uint64_t map_id;
	uint32_t domid;
	struct nv_uuid handle;
};
/**
 * ledger_unknown_add() - keep it and hold its frames
 * Free frames under it are taken out of use; a volume under it cannot be
 * mapped, resized or deleted until it is gone. -ENOMEM; 0 if known already.
 */
int ledger_unknown_add(struct ledger *l, const struct unknown_extent *u,
		       struct mapping **ret) nv_must_check;

/**
 * ledger_released() - the hypervisor dropped @map_id: its domain is gone
 * @ret_gone: the mapping whose last extent this was, or NULL. It is UNMAPPING
 *	and busy then, and the caller ends it with ledger_unmap_done(). While a
 *	map or unmap of it is under way it is NULL too: that one finds out.
 * Return: 0; NV_E_NO_MAPPING (not known, or known to be gone).
 */
int ledger_released(struct ledger *l, uint64_t map_id,
		    struct mapping **ret_gone) nv_must_check;

/** ledger_mapping_next() - all of them, oldest first; begin with NULL */
struct mapping *ledger_mapping_next(struct ledger *l, struct mapping *m);
/** ledger_mapping_in() - those of one domain; begin with NULL */
struct mapping *ledger_mapping_in(struct ledger *l, uint32_t domid,
				  struct mapping *m);
/** ledger_extent_by_map_id() - of this boot, or NULL */
struct extent *ledger_extent_by_map_id(struct ledger *l, uint64_t map_id);
/** ledger_mapping_at() - the mapping that covers @gfn in @domid, or NULL */
struct mapping *ledger_mapping_at(struct ledger *l, uint32_t domid,
				  uint64_t gfn);

/* ---- gpa.c: where in the guest ---- */

/**
 * ledger_gpa_home() - where @v was in its guest last, if that is free in @domid
 * @limit_bytes: as for ledger_gpa_choose()
 * Return: false if it was nowhere yet, or cannot be there now.
 */
bool ledger_gpa_home(struct ledger *l, const struct volume *v, uint32_t domid,
		     uint64_t limit_bytes, uint64_t *ret);

/**
 * ledger_gpa_choose() - a free guest address, from the top down, 1 GiB aligned
 * @limit_bytes: the first address that the guest cannot use
 * Return: 0 and *@ret in bytes, or NV_E_GPA_LIMIT.
 */
int ledger_gpa_choose(struct ledger *l, uint32_t domid, uint64_t size_bytes,
		      uint64_t limit_bytes, struct nv_why *why,
		      uint64_t *ret) nv_must_check;

/* ---- faults.c: which frames, whose, what were they ---- */

/* Part of a fault: frames with one owner and one health. */
struct blow {
	struct frames frames;
	struct pool *pool;       /* NULL: no pool has them */
	uint64_t off;            /* frames in the pool */
	struct extent *extent;   /* NULL: free, or in no pool */
	struct volume *volume;
	uint64_t volume_off;     /* frames in the volume */
	struct mapping *mapping; /* whose domain is to be told; NULL: nobody */
	uint64_t gfn;            /* of the first frame, or NV_NO_FRAME */
	bool was_bad;
};

/**
 * ledger_fault() - who is hit
 * @left: the frames; on return those that did not fit in @blows, nr 0 if none
 * Changes nothing: mark afterwards. Pieces come in the order of addresses.
 * Return: how many of @blows are filled.
 */
size_t ledger_fault(struct ledger *l, struct frames *left, struct blow *blows,
		    size_t room);

/**
 * ledger_mark_bad() - these frames are bad, whoever has them
 * What is in no pool is left out. Marking again is fine. The ledger may know of
 * bad frames before the book does (the hypervisor has contained them already),
 * so a fault that comes again writes its range to the book again.
 * Return: 0 or -ENOMEM, nothing marked.
 */
int ledger_mark_bad(struct ledger *l, uint64_t mfn, uint64_t nr) nv_must_check;
/** ledger_mark_good() - they were repaired. Return: 0 or -ENOMEM. */
int ledger_mark_good(struct ledger *l, uint64_t mfn, uint64_t nr) nv_must_check;
/** ledger_is_bad() - is any of these frames bad? */
bool ledger_is_bad(struct ledger *l, uint64_t mfn, uint64_t nr);
/** ledger_bad_count() - how many of them are */
uint64_t ledger_bad_count(struct ledger *l, uint64_t mfn, uint64_t nr);
/**
 * ledger_bad_next() - the first bad run at or after @mfn, cut at @end
 * Return: false if there is none.
 */
bool ledger_bad_next(struct ledger *l, uint64_t mfn, uint64_t end,
		     struct frames *ret);

/* ---- place.c: one place in all four ways to say it ---- */

struct place {
	uint64_t spa;            /* bytes, as are all here */
	uint64_t size;
	struct pool *pool;       /* NULL: in none */
	uint64_t pool_offset;
	uint64_t region_offset;
	struct volume *volume;   /* NULL: in none */
	uint64_t volume_offset;
	struct mapping *mapping; /* NULL: in no domain */
	uint64_t gpa;
	bool bad;                /* any of it */
};

/**
 * ledger_place() - what is at @spa
 * @ret: size is cut where the owner changes.
 */
void ledger_place(struct ledger *l, uint64_t spa, uint64_t size,
		  struct place *ret);
/** ledger_place_volume() - the same from a volume's offset. NV_E_BAD_SIZE, NV_E_NO_REGION. */
int ledger_place_volume(struct ledger *l, struct volume *v, uint64_t offset,
			uint64_t size, struct nv_why *why,
			struct place *ret) nv_must_check;
/** ledger_place_domain() - the same from a guest address. NV_E_NO_MAPPING. */
int ledger_place_domain(struct ledger *l, uint32_t domid, uint64_t gpa,
			uint64_t size, struct nv_why *why,
			struct place *ret) nv_must_check;

#endif
