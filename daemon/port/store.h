/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/store.h - the book: what nvdimmd needs to remember.
 *
 * Every fact is small and plain (core/facts.h). Calls are synchronous and made
 * from one thread. A write outside store_begin() and store_commit() is durable
 * when it returns 0; between them all of it is, or none, when the commit
 * returns 0. Whatever fails changes nothing: after a failed write or commit
 * the transaction is gone, and store_rollback() is fine but not needed.
 *
 * Errors, of every call that writes: NV_E_BOOK_READ_ONLY; -ENOSPC (disk full),
 * -EIO, -ENOMEM, -EBUSY. Of every call: NV_E_BAD_BOOK. store_why() has the
 * sentence for the last one.
 *
 * Units: frames; times are microseconds since 1970-01-01 UTC.
 */
#ifndef NV_PORT_STORE_H
#define NV_PORT_STORE_H

#include "base/macros.h"
#include "base/refuse.h"
#include "core/facts.h"
#include "core/ledger.h"

/* Less than any NV_E_*: a bounded part is done, call again. */
#define STORE_MORE 1

struct store;

/* What store_load() calls, in this order. Not 0 ends the reading, and is what it returns. */
struct store_reader {
	int (*pool)(void *ctx, const struct pool_fact *p);
	int (*volume)(void *ctx, const struct volume_fact *v,
		      const struct extent_fact *extents);
	int (*mapping)(void *ctx, const struct mapping_fact *m,
		       const struct extent_fact *extents);
	int (*guest)(void *ctx, const struct guest_fact *g);
};

typedef int (*store_bad_fn)(void *ctx, const struct bad_fact *b);
typedef int (*store_fault_fn)(void *ctx, const struct fault_fact *f);
typedef int (*store_event_fn)(void *ctx, const struct event_fact *e);

enum store_sync {
	STORE_DURABLE, /* on the disk when the commit returns */
	STORE_LAZY,    /* atomic, and on the disk with the next durable one */
};

/* Which events, oldest first. All zero: the oldest limit ones. */
struct store_events {
	uint64_t after;      /* ids greater than this one */
	int64_t since_us;    /* not older */
	uint32_t limit;      /* never 0 */
	bool newest;         /* the newest limit ones, still oldest first */
	const struct nv_uuid *pool; /* those about frames of [off, off + nr) */
	uint64_t off, nr;
};

struct store_backup; /* one under way */

struct store_ops {
	int (*load)(struct store *s, const struct store_reader *rd, void *ctx);
	int (*load_bad)(struct store *s, const struct nv_uuid *pool,
			store_bad_fn fn, void *ctx);
	int (*begin)(struct store *s, enum store_sync sync);
	int (*commit)(struct store *s);
	void (*rollback)(struct store *s);
	int (*pool_put)(struct store *s, const struct pool_fact *p);
	int (*pool_del)(struct store *s, const struct nv_uuid *uuid);
	int (*volume_put)(struct store *s, const struct volume_fact *v,
			  const struct extent *extents);
	int (*volume_del)(struct store *s, const struct nv_uuid *uuid);
	int (*mapping_put)(struct store *s, const struct mapping_fact *m,
			   const struct extent *extents);
	int (*mapping_del)(struct store *s, uint64_t id);
	int (*guest_put)(struct store *s, const struct guest_fact *g);
	int (*guest_del)(struct store *s, const char *guest, uint32_t device);
	int (*bad_add)(struct store *s, const struct bad_fact *b);
	int (*bad_del)(struct store *s, const struct nv_uuid *pool,
		       uint64_t off, uint64_t nr);
	int (*fault_add)(struct store *s, const struct fault_fact *f,
			 bool *ret_new);
	int (*faults)(struct store *s, uint64_t boot_id, store_fault_fn fn,
		      void *ctx);
	int (*faults_before)(struct store *s, uint64_t boot_id,
			     int64_t since_us, store_fault_fn fn, void *ctx);
	int (*event_add)(struct store *s, const struct event_fact *e,
			 uint64_t *ret_id);
	int (*events)(struct store *s, const struct store_events *q,
		      store_event_fn fn, void *ctx);
	uint64_t (*last_event)(struct store *s);
	int (*idle)(struct store *s);
	int (*backup_begin)(struct store *s, const char *path,
			    struct store_backup **ret);
	int (*backup_step)(struct store_backup *b, uint64_t *done,
			   uint64_t *total);
	void (*backup_free)(struct store_backup *b);
	int (*restore)(struct store *s, const char *path);
	void (*free)(struct store *s);
};

/* The adapter embeds it. */
struct store {
	const struct store_ops *ops;
	struct nv_why why;
};

/** store_why() - the sentence for the error that the last call returned */
static inline const char *store_why(const struct store *s)
{
	return s->why.text;
}

/**
 * store_load() - read pools, then volumes, mappings, what guests get, through @rd
 * A reader must not call the store.
 */
static inline int store_load(struct store *s, const struct store_reader *rd,
			     void *ctx)
{
	return s->ops->load(s, rd, ctx);
}

/** store_load_bad() - the bad ranges of one pool, ascending and disjoint; NULL: of all */
static inline int store_load_bad(struct store *s, const struct nv_uuid *pool,
				 store_bad_fn fn, void *ctx)
{
	return s->ops->load_bad(s, pool, fn, ctx);
}

/** store_begin() - what follows is written together, at store_commit() */
static inline int store_begin(struct store *s, enum store_sync sync)
{
	return s->ops->begin(s, sync);
}

static inline int store_commit(struct store *s)
{
	return s->ops->commit(s);
}

/** store_rollback() - forget what was written since store_begin(), if there was one */
static inline void store_rollback(struct store *s)
{
	s->ops->rollback(s);
}

/** store_pool_put() - insert, or replace the one with this UUID */
static inline int store_pool_put(struct store *s, const struct pool_fact *p)
{
	return s->ops->pool_put(s, p);
}

/** store_pool_del() - and its bad ranges stay: they are true of the hardware */
static inline int store_pool_del(struct store *s, const struct nv_uuid *uuid)
{
	return s->ops->pool_del(s, uuid);
}

/** store_volume_put() - insert or replace, with all its extents from @extents on */
static inline int store_volume_put(struct store *s,
				   const struct volume_fact *v,
				   const struct extent *extents)
{
	return s->ops->volume_put(s, v, extents);
}

static inline int store_volume_del(struct store *s, const struct nv_uuid *uuid)
{
	return s->ops->volume_del(s, uuid);
}

/** store_mapping_put() - insert or replace, with all its extents */
static inline int store_mapping_put(struct store *s,
				    const struct mapping_fact *m,
				    const struct extent *extents)
{
	return s->ops->mapping_put(s, m, extents);
}

static inline int store_mapping_del(struct store *s, uint64_t id)
{
	return s->ops->mapping_del(s, id);
}

/** store_guest_put() - insert, or replace the device of this guest and number */
static inline int store_guest_put(struct store *s, const struct guest_fact *g)
{
	return s->ops->guest_put(s, g);
}

static inline int store_guest_del(struct store *s, const char *guest,
				  uint32_t device)
{
	return s->ops->guest_del(s, guest, device);
}

/** store_bad_add() - what of the range is not bad yet, is now; the rest stays as it was */
static inline int store_bad_add(struct store *s, const struct bad_fact *b)
{
	return s->ops->bad_add(s, b);
}

/** store_bad_del() - nothing of the range is bad any more */
static inline int store_bad_del(struct store *s, const struct nv_uuid *pool,
				uint64_t off, uint64_t nr)
{
	return s->ops->bad_del(s, pool, off, nr);
}

/** store_fault_add() - remember it; @ret_new false: it (boot_id, seq) was there already */
static inline int store_fault_add(struct store *s, const struct fault_fact *f,
				  bool *ret_new)
{
	return s->ops->fault_add(s, f, ret_new);
}

/** store_faults() - those of one boot, in the order of seq */
static inline int store_faults(struct store *s, uint64_t boot_id,
			       store_fault_fn fn, void *ctx)
{
	return s->ops->faults(s, boot_id, fn, ctx);
}

/** store_faults_before() - those of other boots since @since_us, by time, boot_id and seq */
static inline int store_faults_before(struct store *s, uint64_t boot_id,
				      int64_t since_us, store_fault_fn fn,
				      void *ctx)
{
	return s->ops->faults_before(s, boot_id, since_us, fn, ctx);
}

/** store_event_add() - append to the history; e->id is not looked at */
static inline int store_event_add(struct store *s, const struct event_fact *e,
				  uint64_t *ret_id)
{
	return s->ops->event_add(s, e, ret_id);
}

static inline int store_events(struct store *s, const struct store_events *q,
			       store_event_fn fn, void *ctx)
{
	return s->ops->events(s, q, fn, ctx);
}

/** store_last_event() - the newest event's id; 0: none ever. Ids are never used twice. */
static inline uint64_t store_last_event(struct store *s)
{
	return s->ops->last_event(s);
}

/**
 * store_idle() - nothing else to do: checkpoint, forget what is too old
 * Return: 0; STORE_MORE, call again when idle again; errors may be ignored.
 */
static inline int store_idle(struct store *s)
{
	return s->ops->idle(s);
}

/**
 * store_backup_begin() - a consistent snapshot into the new file @path
 * store_backup_step() - the next bounded part; done and total are bytes.
 *	STORE_MORE; 0: the file is whole and on the disk; an error.
 * store_backup_free() - end it; unless 0 was returned the file is removed.
 */
static inline int store_backup_begin(struct store *s, const char *path,
				     struct store_backup **ret)
{
	return s->ops->backup_begin(s, path, ret);
}

static inline int store_backup_step(struct store *s, struct store_backup *b,
				    uint64_t *done, uint64_t *total)
{
	return s->ops->backup_step(b, done, total);
}

static inline void store_backup_free(struct store *s, struct store_backup *b)
{
	s->ops->backup_free(b);
}

/**
 * store_restore() - the backup in @path becomes the book, in one transaction
 * Validated whole before. The caller loads again.
 * NV_E_NO_BACKUP (not a backup, damaged, newer): nothing has changed.
 */
static inline int store_restore(struct store *s, const char *path)
{
	return s->ops->restore(s, path);
}

static inline void store_freep(struct store **s)
{
	if (*s)
		(*s)->ops->free(*s);
	*s = NULL;
}

#endif
