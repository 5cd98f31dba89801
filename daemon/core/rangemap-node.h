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
#define NO_NODE	   UINT32_MAX

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

struct rangemap {
	struct rangemap_node *node; /* the array, on a cache line's boundary */
	void *memory;		    /* what realloc() knows it by */
	uint32_t root;
	uint32_t levels; /* 1: the root is a leaf */
	uint32_t size;	 /* nodes in the array, */
	uint32_t fresh;	 /* of them, from here on, never used; */
	uint32_t live;	 /* in the tree; */
	uint32_t free;	 /* and the first on the list of those used once */
	uint64_t count;	 /* ranges */
};

/*
 * How many keys are below @x. First how many blocks begin below it, from the
 * second on; then how many keys of the block found. No branch depends on the
 * data, so none is mispredicted: each line is a compare and an add of its
 * carry, and the lines do not wait for each other.
 */
static inline unsigned int node_rank(const struct rangemap_node *n, uint64_t x)
{
	const uint64_t *k = n->key;
	unsigned int a, b, block;

	a = (k[1 * NODE_BLOCK] < x);
	b = (k[2 * NODE_BLOCK] < x);
	a += (k[3 * NODE_BLOCK] < x);
	b += (k[4 * NODE_BLOCK] < x);
	a += (k[5 * NODE_BLOCK] < x);
	b += (k[6 * NODE_BLOCK] < x);
	a += (k[7 * NODE_BLOCK] < x);
	block = a + b;

	k += block * NODE_BLOCK;
	a = (k[0] < x);
	b = (k[1] < x);
	a += (k[2] < x);
	b += (k[3] < x);
	a += (k[4] < x);
	b += (k[5] < x);
	a += (k[6] < x);
	b += (k[7] < x);
	return block * NODE_BLOCK + a + b;
}

#endif
