/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/ledger-int.h - what the ledger's own files share; nobody else's.
 *
 * A tag of the ownership map is a slot's number; slot 0 is "nobody". A slot
 * is a pool (its free frames) or an extent. So a frame's owner is one lookup
 * away, and painting an extent's frames back with its pool's tag merges them
 * with whatever is free beside them.
 *
 * Paints that must not fail later are owed: every reservation asks for those
 * and the ones at hand. A bare extent owes one for as long as it lives, since
 * its domain may die any time, and so does one of a CREATING volume; others only
 * between a begin and its end.
 */
#ifndef NV_CORE_LEDGER_INT_H
#define NV_CORE_LEDGER_INT_H

#include "core/guests.h"
#include "core/ledger.h"
#include "core/maps.h"
#include "core/rangemap.h"

#define HEALTH_OK 0
#define HEALTH_BAD 1

#define NO_SLOT 0u

enum slot_kind {
	SLOT_FREE,
	SLOT_POOL,
	SLOT_EXTENT,
};

struct slot {
	union {
		struct pool *pool;
		struct extent *extent;
		uint32_t next_free;
	};
	enum slot_kind kind;
};

struct ledger {
	struct rangemap *own;    /* tags: slots */
	struct rangemap *health; /* tags: HEALTH_* */
	struct slot *slots;
	uint32_t nr_slots;
	uint32_t free_slot;
	unsigned int owed;       /* paints of own, see above */
	uint64_t boot_id;
	uint64_t last_mapping;   /* the highest id ever given */
	struct pool *pools;
	struct hash volume_names, volume_new_names, volume_uuids;
	struct hash map_ids, domids;
	struct mapping *first, *last;
	struct guest_device *guests, *last_guest; /* by guest, then number */
	uint32_t nr_unknown;
	bool unknown_stale;      /* frames came free that may lie under one */
};

/* Who has a frame. Both NULL: nobody; extent NULL: free in the pool. */
struct owner {
	struct pool *pool;
	struct extent *extent;
};

/* ledger.c */
int slot_new(struct ledger *l, enum slot_kind kind, void *object,
	     uint32_t *ret) nv_must_check;
void slot_free(struct ledger *l, uint32_t tag);
struct owner ledger_tag_owner(const struct ledger *l, uint32_t tag);
struct owner ledger_owner(const struct ledger *l, uint64_t mfn);

/** ledger_reserve() - memory for @paints more, beyond those owed */
int ledger_reserve(struct ledger *l, unsigned int paints) nv_must_check;
/** ledger_paint() - one that was reserved; the pool's largest run is stale */
void ledger_paint(struct ledger *l, struct pool *p, uint64_t mfn, uint64_t nr,
		  uint32_t tag);

static inline bool pool_placed(const struct pool *p)
{
	return p->tag != NO_SLOT;
}

/* extents.c */
/** extent_new() - not on any map yet. Return: NULL if there is no memory. */
struct extent *extent_new(struct pool *p, uint64_t off, uint64_t nr);
/** extents_free() - a list, whose frames are nobody's business any more */
void extents_free(struct ledger *l, struct extent *e);
/**
 * extents_take() - paint a list of extents where their pool is free
 * A pool without frames paints nothing. One paint per extent is owed then.
 * Return: 0; NV_E_BAD_BOOK (*ret_clash is the first that is not free), -ENOMEM;
 * nothing painted.
 */
int extents_take(struct ledger *l, struct extent *first,
		 struct extent **ret_clash) nv_must_check;
/** extents_settle() - they stay: what extents_take() made owed is not any more */
void extents_settle(struct ledger *l, const struct extent *first);
/** extents_owe() - what extents_settle() undid. Return: 0 or -ENOMEM. */
int extents_owe(struct ledger *l, const struct extent *first) nv_must_check;
/** extents_give() - paint them free; the owed paints are spent */
void extents_give(struct ledger *l, struct extent *first);
/** extent_split() - cut at @nr; the rest becomes ->next. One paint is owed. */
int extent_split(struct ledger *l, struct extent *e, uint64_t nr) nv_must_check;
/** extent_merge_next() - ->next follows: make it one, spending an owed paint */
void extent_merge_next(struct ledger *l, struct extent *e);
bool extent_adjoins_next(const struct extent *e);
uint32_t extents_count(const struct extent *first);
struct extent *extents_last(struct extent *first);

/* alloc.c */
struct alloc_want {
	struct pool *pool;  /* NULL: any that is online */
	uint64_t nr;
	uint64_t align;     /* frames, a power of two */
	bool soft;          /* else 2 MiB will do */
	struct pool *near;  /* grow: this pool only, ... */
	uint64_t near_mfn;  /* ... and here, if it is free */
};
/**
 * alloc_find() - free and good frames for a volume
 * @ret: a list of extents, nothing painted; @ret_align: how they are aligned
 * Return: 0; NV_E_NO_SPACE, NV_E_NO_POOL; -ENOMEM.
 */
int alloc_find(struct ledger *l, const struct alloc_want *want,
	       struct nv_why *why, uint64_t *ret_align,
	       struct extent **ret) nv_must_check;

/* volumes.c */
struct volume *volume_make(struct ledger *l, const struct volume_fact *fact,
			   struct pool *p, struct extent *extents);
void volume_free(struct ledger *l, struct volume *v);
/** volume_settle() - it was loaded: it owes no paints, unless it is CREATING */
void volume_settle(struct ledger *l, const struct volume *v);
/** volume_recount() - its extents changed: they are its own, and this many */
void volume_recount(struct volume *v);
int volume_check_size(uint64_t size_bytes, uint64_t unit_frames,
		      struct nv_why *why) nv_must_check;
int volume_check_new_name(struct ledger *l, const char *name,
			  struct nv_why *why) nv_must_check;
/** volume_check_free() - neither in an operation nor under an unknown extent */
int volume_check_free(struct ledger *l, const struct volume *v,
		      struct nv_why *why) nv_must_check;
/** volume_check_idle() - as volume_check_free(), and not mapped */
int volume_check_idle(struct ledger *l, const struct volume *v,
		      const char *verb,
		      struct nv_why *why) nv_must_check;

/* unknown.c */
/** unknown_hold_in() - take the free frames of @p under unknown extents. Return: 0, -ENOMEM. */
int unknown_hold_in(struct ledger *l, struct pool *p) nv_must_check;
/**
 * unknown_hold_all() - what came free under unknown extents is held again
 * Giving back cannot fail and holding can, so it is done before the next taking.
 */
int unknown_hold_all(struct ledger *l) nv_must_check;
/** unknown_forget() - @p is about to lose its frames, those held by @m too */
void unknown_forget(struct ledger *l, struct mapping *m, const struct pool *p);
/** unknown_release() - it is gone: what it held is free again */
void unknown_release(struct ledger *l, struct mapping *m);
/** unknown_at() - the unknown mapping that covers @mfn, or NULL */
struct mapping *unknown_at(struct ledger *l, uint64_t mfn);
/** unknown_cut() - where [@mfn, @end) must be cut to be under one or under none */
uint64_t unknown_cut(struct ledger *l, uint64_t mfn, uint64_t end);

/* faults.c */
/** extent_volume_off() - where it begins in its volume, in frames */
uint64_t extent_volume_off(const struct extent *e);

/* mappings.c */
struct mapping *mapping_make(struct ledger *l, const struct mapping_fact *fact,
			     struct pool *p, struct volume *v,
			     struct extent *extents);
void mapping_free(struct ledger *l, struct mapping *m);
/** mapping_add_bare() - frames taken, one paint owed for its life. NV_E_BAD_BOOK (not free), -ENOMEM. */
int mapping_add_bare(struct ledger *l, const struct mapping_fact *fact,
		     struct pool *p, uint64_t off, struct extent **ret_clash,
		     struct mapping **ret) nv_must_check;
int mapping_add_volume(struct ledger *l, const struct mapping_fact *fact,
		       struct volume *v, struct mapping **ret) nv_must_check;
void map_id_set(struct ledger *l, struct extent *e, uint64_t map_id);

/* map.c */
/** map_check_gpa() - may @nr frames, of @v or NULL, be at @gpa at all? NV_E_BAD_ALIGNMENT, NV_E_GPA_LIMIT. */
int map_check_gpa(const struct volume *v, uint64_t gpa, uint64_t nr,
		  struct nv_why *why) nv_must_check;

/* guests.c */
/** guests_check_unlisted() - NV_E_LISTED if a guest's list names @v */
int guests_check_unlisted(struct ledger *l, const struct volume *v,
			  struct nv_why *why) nv_must_check;
/** guests_check() - the invariants of the lists. Return: as ledger_check(). */
int guests_check(struct ledger *l, struct nv_why *why) nv_must_check;

/* text_set() - cut to fit, never in the middle of a UTF-8 character */
void text_set(char *to, size_t size, const char *text);

#endif
