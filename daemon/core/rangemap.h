/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/rangemap.h - which tag has this frame? A total map from frames to tags.
 *
 * Units: frames (4 KiB), counted from 0; ranges are half open.
 *
 * Always true: every frame in [0, RANGEMAP_END) has exactly one tag, so a gap
 * or an overlap cannot be written down; and neighbours with equal tags are one
 * range, so what rangemap_find() returns is maximal. There is no insert and no
 * erase. There is paint, which splits and merges whatever it has to.
 *
 * Changing is two steps. rangemap_reserve() may fail for want of memory and
 * changes nothing; after it, rangemap_paint() cannot fail. So a caller first
 * reserves, then makes its promises to others, then paints.
 *
 * Nothing recurses, every call but a paint over many ranges is O(log n), and a
 * map with n ranges takes about 13 n bytes after painting in order, 16 n after
 * painting at random. How that is done: core/rangemap-node.h. How fast that
 * is: make bench.
 */
#ifndef NV_CORE_RANGEMAP_H
#define NV_CORE_RANGEMAP_H

#include "base/macros.h"

/* The first frame that is not on the map: 64 bits of byte address. */
#define RANGEMAP_END (UINT64_C(1) << 52)

struct rangemap;

struct rangemap_range {
	uint64_t start;
	uint64_t end;
	uint32_t tag;
};

/**
 * rangemap_new() - a map on which every frame has @tag
 * Return: 0 and *@ret, owned by the caller; or -ENOMEM.
 */
int rangemap_new(uint32_t tag, struct rangemap **ret) nv_must_check;

/** rangemap_free() - @m may be NULL. Return: NULL. */
struct rangemap *rangemap_free(struct rangemap *m);

/* For nv_cleanup(). */
static inline void rangemap_freep(struct rangemap **m)
{
	*m = rangemap_free(*m);
}

/** rangemap_get() - the tag of @frame, which is below RANGEMAP_END */
uint32_t rangemap_get(const struct rangemap *m, uint64_t frame);

/** rangemap_find() - the whole range around @frame, below RANGEMAP_END */
struct rangemap_range rangemap_find(const struct rangemap *m, uint64_t frame);

/**
 * rangemap_reserve() - make sure of the memory for the next @paints paints
 * Reservations do not add up: the last one counts, from where the map stands.
 * Return: 0; or -ENOMEM, and the map is as it was.
 */
int rangemap_reserve(struct rangemap *m, unsigned int paints) nv_must_check;

/**
 * rangemap_paint() - give all of [@start, @end) the tag @tag
 * One of the paints that were reserved; but where both a range starts at @start
 * and one ends at @end, no memory is needed and none need be reserved: what
 * was painted can always be painted back. @start <= @end <= RANGEMAP_END; an
 * empty range changes nothing. Ends all walks over the map.
 */
void rangemap_paint(struct rangemap *m, uint64_t start, uint64_t end,
		    uint32_t tag);

/** rangemap_count() - how many ranges there are: at least 1 */
uint64_t rangemap_count(const struct rangemap *m);

/** rangemap_bytes() - how much memory the map holds, reserves included */
size_t rangemap_bytes(const struct rangemap *m);

/*
 * A walk over the ranges that touch [from, to), in order and clipped to it:
 *
 *	struct rangemap_walk w = rangemap_walk(m, from, to);
 *	struct rangemap_range r;
 *
 *	while (rangemap_next(&w, &r))
 *		...
 *
 * The map must not be painted meanwhile. Nothing to free.
 */
struct rangemap_walk {
	const struct rangemap *m;
	uint64_t at;         /* where the next range starts */
	uint64_t to;         /* where the walk ends */
	const uint64_t *key; /* of the current leaf: starts, */
	const uint32_t *tag; /* their tags, */
	uint64_t bound;      /* and where the last of them ends */
	uint32_t next, nr;   /* which of them is next, of how many */
	uint32_t parent;     /* the node above the leaf, */
	uint32_t child;      /* and which of its children comes next */
};

/** rangemap_walk() - begin a walk over [@from, @to); @to <= RANGEMAP_END */
struct rangemap_walk rangemap_walk(const struct rangemap *m, uint64_t from,
				   uint64_t to);

/**
 * rangemap_walk_on() - for rangemap_next() only: go to the next leaf
 * By value, so that a caller's walk can live in registers.
 */
struct rangemap_walk rangemap_walk_on(struct rangemap_walk w);

/** rangemap_next() - the walk's next range. Return: is there one? */
static inline bool rangemap_next(struct rangemap_walk *w,
				 struct rangemap_range *ret)
{
	if (w->next == w->nr) {
		if (w->at >= w->to)
			return false;
		*w = rangemap_walk_on(*w);
	}
	ret->start = w->at;
	ret->tag = w->tag[w->next];
	w->next++;
	w->at = w->next < w->nr ? w->key[w->next] : w->bound;
	ret->end = w->at;
	return true;
}

/**
 * rangemap_check() - is everything true that is said to be always true?
 * For tests: it visits every range.
 */
bool rangemap_check(const struct rangemap *m);

#endif
