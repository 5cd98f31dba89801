/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/ledger.h - which frames are there, whose they are, which are bad.
 *
 * The authoritative set of ranges in memory: two total range maps (ownership
 * and health) and the pools, volumes and mappings that their tags stand for.
 * The book (port/store.h) remembers it; the hypervisor has the mappings.
 *
 * Everything that changes goes in two steps. x_begin() may refuse, with NV_E_*
 * and a sentence, or fail with -ENOMEM; then nothing has changed. Once it has
 * returned 0, the frames concerned are held, nothing else can take them, and
 * x_done() or x_abort() must follow; neither can fail.
 *
 * Units: frames (core/frames.h) except where a name says bytes. Ownership: the
 * ledger owns all its objects; callers read them and never write. A pointer is
 * good until the object's done() or abort() that ends it.
 * No clock, no I/O: times and UUIDs come in as arguments.
 */
#ifndef NV_CORE_LEDGER_H
#define NV_CORE_LEDGER_H

#include "base/refuse.h"
#include "core/facts.h"
#include "core/hash.h"

struct ledger;
struct pool;
struct volume;
struct mapping;

/* What a tag of the ownership map stands for, besides a pool's free frames. */
struct extent {
	struct extent_fact fact;
	struct extent *next;     /* the volume's or mapping's next piece */
	struct pool *pool;       /* NULL: of an unknown mapping */
	struct volume *volume;   /* NULL: a bare range */
	struct mapping *mapping; /* NULL: not in a domain */
	struct hash_node by_map_id;
	uint64_t bad;            /* frames of it that are bad */
	uint32_t tag;
};

enum pool_state {
	POOL_MISSING,   /* in the book, not on this host: has no frames */
	POOL_REFUSED,   /* on this host, but does not fit the book: see reason */
	POOL_NOT_ARMED, /* bad list not yet replayed: nothing may be mapped */
	POOL_ONLINE,
};

/* Where a pool is on this host, and what the platform says of it. */
struct pool_site {
	char device[NV_DEVICE_TEXT];
	char region[NV_DEVICE_TEXT];
	char persistence[32];    /* "memory_controller", ... */
	uint64_t mfn;
	uint64_t nr;
	uint64_t region_off;     /* frames from the region's first to mfn */
	int32_t numa_node;       /* -1: not known */
	bool read_only;
};

struct pool {
	struct pool_fact fact;
	struct pool_site site;
	enum pool_state state;
	bool busy;               /* between a begin and its end */
	char reason[160];        /* why REFUSED or MISSING */
	struct pool *next;       /* by name */
	struct volume *volumes;  /* of this pool, by pool_next */
	uint32_t tag;            /* of its free frames; 0: it has no frames */
	uint32_t nr_volumes;
	uint32_t nr_bare;        /* bare mappings in it */
	/* Frames: nr == free + free_bad + allocated + bare. */
	uint64_t free;           /* free and good */
	uint64_t free_bad;
	uint64_t allocated;      /* in volumes */
	uint64_t bare;           /* in bare and unknown mappings */
	uint64_t mapped;         /* in domains, of either kind */
	uint64_t bad;            /* all bad frames */
	uint64_t largest_free;   /* read with ledger_largest_free() */
	bool largest_stale;
	uint64_t lowest_free;    /* no frame below is free; a machine frame */
};

struct volume {
	struct volume_fact fact;
	struct pool *pool;
	struct extent *extents;  /* in the volume's order, by next */
	struct mapping *mapping; /* NULL: not in a domain */
	struct volume *pool_next, *pool_prev;
	struct hash_node by_name, by_new_name, by_uuid;
	char new_name[NV_NAME_TEXT]; /* held by a rename under way */
	bool busy;               /* between a begin and its end */
	bool was_deleting;       /* before the delete under way */
};

struct mapping {
	struct mapping_fact fact;
	struct pool *pool;       /* NULL: unknown */
	struct volume *volume;   /* NULL: bare or unknown */
	/*
	 * The volume's own, or the bare range's one. An unknown mapping's one
	 * says what the hypervisor has: its off counts from frame 0.
	 */
	struct extent *extents;
	uint64_t mfn;            /* unknown: where it begins */
	struct extent *held;     /* unknown: the free frames under it */
	struct mapping *next, *prev;
	struct hash_node by_domid;
	bool busy;               /* between a begin and its end */
};

/** ledger_new() - an empty one. Return: 0 and *@ret, or -ENOMEM. */
int ledger_new(struct ledger **ret) nv_must_check;

/** ledger_free() - with all that is in it; NULL is fine. Return: NULL. */
struct ledger *ledger_free(struct ledger *l);

/** ledger_set_boot() - the hypervisor's boot_id: map_ids are this boot's */
void ledger_set_boot(struct ledger *l, uint64_t boot_id);
uint64_t ledger_boot(const struct ledger *l);

/**
 * ledger_check() - does every invariant hold?
 * Costs a walk over everything; for tests and for nvctl doctor.
 * Return: 0, or -EUCLEAN with the first broken one in @why.
 */
int ledger_check(struct ledger *l, struct nv_why *why) nv_must_check;

/* ---- pools.c: what the administrator handed over ---- */

/**
 * ledger_name_check() - 1 to 63 of [A-Za-z0-9._-], the first a letter or digit
 * Return: 0 or NV_E_BAD_NAME.
 */
int ledger_name_check(const char *name, struct nv_why *why) nv_must_check;

/**
 * ledger_pool_begin() - a new pool at @site, empty, NOT_ARMED
 * @name: NULL or "" takes the device's name
 * NV_E_BAD_NAME, NV_E_EXISTS (name or UUID), NV_E_BAD_SIZE (empty, beyond the
 * address width), NV_E_POOL_BUSY (overlaps another pool), -ENOMEM.
 */
int ledger_pool_begin(struct ledger *l, const struct nv_uuid *uuid,
		      const char *name, const struct pool_site *site,
		      struct nv_why *why, struct pool **ret) nv_must_check;
void ledger_pool_done(struct ledger *l, struct pool *p);
void ledger_pool_abort(struct ledger *l, struct pool *p);

/**
 * ledger_pool_load() - a pool from the book, MISSING until it is attached
 * NV_E_BAD_BOOK, -ENOMEM.
 */
int ledger_pool_load(struct ledger *l, const struct pool_fact *fact,
		     struct nv_why *why, struct pool **ret) nv_must_check;

/**
 * ledger_pool_attach() - the kernel has it: its frames, volumes and all, are there
 * Before or after its volumes are loaded. It is then NOT_ARMED, and fact says
 * where it is now. If it does not fit (it overlaps another pool; volumes reach
 * beyond its end or overlap each other) it is REFUSED, with the reason, and
 * has no frames.
 * Return: 0 done; NV_E_BAD_SIZE, NV_E_POOL_BUSY, NV_E_BAD_BOOK (it is
 * REFUSED); -ENOMEM.
 */
int ledger_pool_attach(struct ledger *l, struct pool *p,
		       const struct pool_site *site,
		       struct nv_why *why) nv_must_check;

/** ledger_pool_armed() - the hypervisor has its bad list: ONLINE */
void ledger_pool_armed(struct ledger *l, struct pool *p);

/** ledger_pool_missing() - say why a MISSING or REFUSED pool is what it is */
void ledger_pool_missing(struct ledger *l, struct pool *p, const char *reason);

/**
 * ledger_pool_release_begin() - give it back. NV_E_POOL_IN_USE (it has
 * volumes or mappings), NV_E_BUSY. done() frees @p.
 */
int ledger_pool_release_begin(struct ledger *l, struct pool *p,
			      struct nv_why *why) nv_must_check;
void ledger_pool_release_done(struct ledger *l, struct pool *p);
void ledger_pool_release_abort(struct ledger *l, struct pool *p);

/** ledger_pool_next() - all of them, by name; begin with NULL */
struct pool *ledger_pool_next(struct ledger *l, struct pool *p);

/** ledger_pool_find() - by name, UUID or device. Return: 0, NV_E_NO_POOL. */
int ledger_pool_find(struct ledger *l, const char *text, struct nv_why *why,
		     struct pool **ret) nv_must_check;
struct pool *ledger_pool_by_uuid(struct ledger *l, const struct nv_uuid *uuid);
/** ledger_pool_at() - the pool that has this machine frame, or NULL */
struct pool *ledger_pool_at(struct ledger *l, uint64_t mfn);

/** ledger_largest_free() - frames in the longest run that is free and good */
uint64_t ledger_largest_free(struct ledger *l, struct pool *p);

#define LEDGER_CELLS 64
/**
 * ledger_pool_cells() - the pool in up to 64 equal cells
 * @cells: gets 'b' where any frame is bad, else 'm', 'v' or 'f', whichever most
 * of the cell is (mapped, volume, free), and a NUL; "" if it has no frames.
 */
void ledger_pool_cells(struct ledger *l, const struct pool *p,
		       char cells[LEDGER_CELLS + 1]);

/* ---- volumes.c ---- */

/**
 * ledger_owner_check() - "", "uuid:UUID" or "name:NAME"
 * Return: 0 or NV_E_BAD_NAME.
 */
int ledger_owner_check(const char *owner, struct nv_why *why) nv_must_check;

/*
 * How facts reach the book: begin() leaves the object's fact as it is to be
 * written first (CREATING, DELETING, MAPPING, ...). What done() will make of
 * it, the caller writes before it calls done(), from a copy of the fact.
 */
struct volume_request {
	const char *name;
	struct nv_uuid uuid;
	const char *owner;   /* NULL or "": anybody */
	struct pool *pool;   /* NULL: the ONLINE pool in which it fits best */
	uint64_t size_bytes;
	uint64_t align_bytes; /* of addresses; 0: 2 MiB, from 1 GiB on 1 GiB */
	bool align_soft;     /* if it does not fit so, 2 MiB will do; 0 is soft */
	uint64_t at_bytes;   /* with at: the pool offset */
	bool at;
	int64_t created_us;
};

/**
 * ledger_volume_begin() - take frames for a new volume, CREATING
 * At an offset it is one extent and may hold bad frames (its bytes are adopted);
 * otherwise it is the best fitting run or, if none is long enough, several,
 * none of them over a bad frame.
 * NV_E_BAD_NAME, NV_E_EXISTS, NV_E_BAD_SIZE (0, too large, no multiple of
 * the alignment: names the nearest sizes), NV_E_BAD_ALIGNMENT, NV_E_NO_SPACE
 * (names the largest free extent), NV_E_NO_POOL (none is online), -ENOMEM.
 */
int ledger_volume_begin(struct ledger *l, const struct volume_request *req,
			struct nv_why *why, struct volume **ret) nv_must_check;
void ledger_volume_done(struct ledger *l, struct volume *v);  /* READY */
/* Frees @v; also one that was loaded CREATING. */
void ledger_volume_abort(struct ledger *l, struct volume *v);

/**
 * ledger_volume_load() - a volume from the book, in the state it has there
 * Load its pool first; if that is attached, its frames are taken. Extents that
 * follow each other become one.
 * NV_E_BAD_BOOK (overlaps, no such pool, same name twice, ...), -ENOMEM.
 */
int ledger_volume_load(struct ledger *l, const struct volume_fact *fact,
		       const struct extent_fact *extents, struct nv_why *why,
		       struct volume **ret) nv_must_check;

/**
 * ledger_delete_begin() - DELETING, to be scrubbed
 * A volume that is DELETING already may begin again: after a restart.
 * NV_E_VOLUME_BUSY (mapped), NV_E_BUSY, NV_E_UNKNOWN_EXTENT, NV_E_LISTED (a
 * guest is to get it: core/guests.h).
 * done() frees @v and its frames; abort() leaves it DELETING if it was
 * before, else READY again.
 */
int ledger_delete_begin(struct ledger *l, struct volume *v,
			struct nv_why *why) nv_must_check;
/** ledger_delete_written() - the book says DELETING: there is no way back to READY */
void ledger_delete_written(struct ledger *l, struct volume *v);
void ledger_delete_done(struct ledger *l, struct volume *v);
void ledger_delete_abort(struct ledger *l, struct volume *v);

/**
 * ledger_grow_begin() - take frames for @v to become @size_bytes long
 * @uuid: a new one, for the part
 * @ret: the part: a nameless CREATING volume that holds the new frames. The
 *	book has it as such until they are zeroed. Then, in one transaction, the
 *	part goes from the book and @v's row gets the part's extents behind its
 *	own. done() joins them here (two that follow each other become one, as
 *	they do when they are loaded) and frees the part; abort() frees the part
 *	and its frames.
 * NV_E_BAD_SIZE, NV_E_NO_SPACE, NV_E_VOLUME_BUSY, NV_E_BUSY, -ENOMEM.
 */
int ledger_grow_begin(struct ledger *l, struct volume *v, uint64_t size_bytes,
		      const struct nv_uuid *uuid, struct nv_why *why,
		      struct volume **ret) nv_must_check;
void ledger_grow_done(struct ledger *l, struct volume *v, struct volume *part);
void ledger_grow_abort(struct ledger *l, struct volume *v, struct volume *part);

/**
 * ledger_shrink_begin() - cut the tail off @v
 * @ret: the part: a nameless DELETING volume that holds the tail. @v is short
 *	at once; after done() the part is scrubbed and deleted like any other
 *	(ledger_delete_begin); abort() joins it to @v again and frees it.
 * NV_E_BAD_SIZE, NV_E_VOLUME_BUSY, NV_E_BUSY, -ENOMEM.
 */
int ledger_shrink_begin(struct ledger *l, struct volume *v, uint64_t size_bytes,
			const struct nv_uuid *uuid, struct nv_why *why,
			struct volume **ret) nv_must_check;
void ledger_shrink_done(struct ledger *l, struct volume *v, struct volume *part);
void ledger_shrink_abort(struct ledger *l, struct volume *v,
			 struct volume *part);

/**
 * ledger_repair_begin() - nobody maps or changes @v until ledger_repair_end()
 * NV_E_VOLUME_BUSY (mapped), NV_E_BUSY, NV_E_UNKNOWN_EXTENT.
 */
int ledger_repair_begin(struct ledger *l, struct volume *v,
			struct nv_why *why) nv_must_check;
void ledger_repair_end(struct ledger *l, struct volume *v);

/**
 * ledger_rename_begin() - hold @name for @v. NV_E_BAD_NAME, NV_E_EXISTS,
 * NV_E_BUSY. The book gets the fact with volume->new_name in it; done() makes
 * it the name.
 */
int ledger_rename_begin(struct ledger *l, struct volume *v, const char *name,
			struct nv_why *why) nv_must_check;
void ledger_rename_done(struct ledger *l, struct volume *v);
void ledger_rename_abort(struct ledger *l, struct volume *v);

/** ledger_set_owner() - @owner was checked and is in the book */
void ledger_set_owner(struct ledger *l, struct volume *v, const char *owner);

/** ledger_volume_next() - all of them, in no order; begin with NULL */
struct volume *ledger_volume_next(struct ledger *l, struct volume *v);
/** ledger_volume_find() - by name or UUID. Return: 0, NV_E_NO_VOLUME. */
int ledger_volume_find(struct ledger *l, const char *text, struct nv_why *why,
		       struct volume **ret) nv_must_check;
struct volume *ledger_volume_by_uuid(struct ledger *l,
				     const struct nv_uuid *uuid);
/** ledger_volume_bad() - bad frames in it */
uint64_t ledger_volume_bad(const struct volume *v);
/** ledger_volume_missing() - has its pool no frames? */
bool ledger_volume_missing(const struct volume *v);
/** ledger_volume_unknown() - does an unknown mapping lie on it? */
bool ledger_volume_unknown(struct ledger *l, const struct volume *v);

/** ledger_extent_mfn() - where it begins now; its pool must have frames */
uint64_t ledger_extent_mfn(const struct extent *e);

#endif
