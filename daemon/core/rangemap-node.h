/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/rangemap-node.h - how a range map lies in memory; private to it.
 *
 * A total map needs no ends: a range ends where the next one starts. So all
 * that is stored is (start, tag), sorted, in the leaves of a B+ tree. An inner
 * node stores (first start below the child, number of the child), sorted - and
 * that is the same shape. There is one kind of node, one search in it and one
 * edit of it, at every level:
 *
 *	key[64]  8 bytes each	starts, ascending; unused ones are NODE_PAD,
 *				and the last one always is
 *	val[63]  4 bytes each	a leaf's tags; an inner node's children
 *	count			how many are in use, at least one; it lies
 *				where the never used key would have its value
 *
 * 768 bytes, twelve cache lines. All nodes of a map are one array, which is
 * what makes a child's number fit where a tag fits, one realloc() the whole of
 * memory management, and a reservation the question whether there are enough
 * free nodes. Free nodes are a list through val[0].
 *
 * Always true, and what rangemap_check() looks at:
 *  - keys ascend; the first key of the map is 0; a key in an inner node is
 *    exactly the first key of its child; unused keys are NODE_PAD;
 *  - neighbouring tags differ, across leaves too;
 *  - all leaves are at the same depth;
 *  - a node has at least NODE_MIN entries, unless it is the root or the last
 *    of its level: the last may be fresh, because painting in order fills
 *    nodes to the brim and then begins another.
 */
#ifndef NV_CORE_RANGEMAP_NODE_H
#define NV_CORE_RANGEMAP_NODE_H

#include "core/rangemap.h"

#define NODE_KEYS  63u
#define NODE_BLOCK 8u /* keys in a cache line */
#define NODE_MIN   (NODE_KEYS / 4)
#define NODE_PAD   ((uint64_t)INT64_MAX)
#define NO_NODE    UINT32_MAX

/*
 * A node below the root has at least NODE_MIN entries but for the last of
 * each level, and a tree grows by a level only when its root is full: with 32
 * bits of node number it cannot become higher than this.
 */
#define NODE_LEVELS 12u

struct rangemap_node {
	uint64_t key[NODE_KEYS + 1];
	uint32_t val[NODE_KEYS];
	uint32_t count;
};

_Static_assert(sizeof(struct rangemap_node) == 768, "twelve cache lines");
_Static_assert(NODE_KEYS + 1 == NODE_BLOCK * NODE_BLOCK,
	       "node_rank() looks for one block among as many as keys in it");

/* The way from the root to a place in a leaf; level 0 is the leaf. */
struct rangemap_way {
	uint32_t node[NODE_LEVELS];
	unsigned int pos[NODE_LEVELS];
	uint64_t floor; /* the first key in the leaf, */
	uint64_t bound; /* and beyond it, or NODE_PAD; equal: go again */
};

struct rangemap {
	struct rangemap_node *node; /* the array, on a cache line's boundary */
	void *memory;               /* what realloc() knows it by */
	uint32_t root;
	uint32_t levels; /* 1: the root is a leaf */
	uint32_t size;   /* nodes in the array, */
	uint32_t fresh;  /* of them, from here on, never used; */
	uint32_t live;   /* in the tree; */
	uint32_t free;   /* and the first on the list of those used once */
	uint64_t count;  /* ranges */
	struct rangemap_way way; /* that of the last paint */
};

/* What an edit puts into a node. */
struct rangemap_entry {
	uint64_t key;
	uint32_t val;
};

/*
 * nodes_resize() - make the array @size nodes long, at least m->fresh
 * Return: 0, and all nodes may have moved; or -ENOMEM.
 */
int nodes_resize(struct rangemap *m, size_t size) nv_must_check;

/* node_new() - an empty node. There is one: rangemap_reserve() saw to it. */
uint32_t node_new(struct rangemap *m);

/* node_free() - @nr is not in the tree any more */
void node_free(struct rangemap *m, uint32_t nr);

/*
 * node_edit() - @out entries at @pos give way to the @nr_in of @in
 * They must fit.
 */
void node_edit(struct rangemap_node *n, unsigned int pos, unsigned int out,
	       const struct rangemap_entry *in, unsigned int nr_in);

/* node_shift_left() - the first @nr entries of @right become @left's last */
void node_shift_left(struct rangemap_node *left, struct rangemap_node *right,
		     unsigned int nr);

/* node_shift_right() - the last @nr entries of @left become @right's first */
void node_shift_right(struct rangemap_node *left, struct rangemap_node *right,
		      unsigned int nr);

/* way_to() - the way to the place in a leaf where @x is or would be */
void way_to(const struct rangemap *m, uint64_t x, struct rangemap_way *way);

static inline struct rangemap_node *node_at(const struct rangemap *m,
					    uint32_t nr)
{
	return m->node + nr;
}

/*
 * Lines that are asked for together arrive together. node_rank() asks for
 * those that start its blocks, all but the first; these are the others that a
 * lookup may need.
 */
static inline void node_prefetch(const struct rangemap_node *n)
{
	__builtin_prefetch(&n->key[0]);
	__builtin_prefetch(&n->val[0]);
	__builtin_prefetch(&n->val[16]);
	__builtin_prefetch(&n->val[32]);
	__builtin_prefetch(&n->val[48]);
}

/*
 * How many keys are below @x. First how many blocks begin below it, from the
 * second on; then how many keys of the block found. No branch depends on the
 * data, so none is mispredicted: each line is a compare and an add of its
 * carry, and no load waits for another within its half. Vectors are no faster,
 * not even AVX-512 (measured): what they save in adding, they lose in moving
 * the sum to where an address can be made of it.
 */
static inline unsigned int node_rank(const struct rangemap_node *n, uint64_t x)
{
	const uint64_t *k = n->key;
	unsigned int rank;

	rank = (k[1 * NODE_BLOCK] < x);
	rank += (k[2 * NODE_BLOCK] < x);
	rank += (k[3 * NODE_BLOCK] < x);
	rank += (k[4 * NODE_BLOCK] < x);
	rank += (k[5 * NODE_BLOCK] < x);
	rank += (k[6 * NODE_BLOCK] < x);
	rank += (k[7 * NODE_BLOCK] < x);
	rank *= NODE_BLOCK;

	k += rank;
	rank += (k[0] < x);
	rank += (k[1] < x);
	rank += (k[2] < x);
	rank += (k[3] < x);
	rank += (k[4] < x);
	rank += (k[5] < x);
	rank += (k[6] < x);
	rank += (k[7] < x);
	return rank;
}

#endif
