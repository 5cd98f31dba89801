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
 *	key[40]  8 bytes each	starts, ascending; unused ones are NODE_PAD
 *	val[40]  4 bytes each	a leaf's tags; an inner node's children
 *	count			how many are in use, at least one
 *
 * 512 bytes, eight cache lines. All nodes of a map are one array, which is
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

#define NODE_KEYS  40u
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
	uint64_t key[NODE_KEYS];
	uint32_t val[NODE_KEYS];
	uint32_t count;
	uint32_t unused[7];
};

_Static_assert(sizeof(struct rangemap_node) == 512, "eight cache lines");
_Static_assert(NODE_KEYS == 5 * NODE_BLOCK, "node_rank() looks at five blocks");

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
 * How many keys are below @x, that is the sign bit of key - x: both are far
 * below 2^63. First which block, from the first key of each, then how many in
 * it. No branch depends on the data, none can be mispredicted; the second
 * part is a fixed number of independent lanes, which compilers turn into
 * whatever vectors the machine has.
 */
static inline unsigned int node_rank(const struct rangemap_node *n, uint64_t x)
{
	const uint64_t *k = n->key;
	uint64_t block, below = 0;
	unsigned int i;

	block = ((k[NODE_BLOCK] - x) >> 63) + ((k[2 * NODE_BLOCK] - x) >> 63) +
		((k[3 * NODE_BLOCK] - x) >> 63) +
		((k[4 * NODE_BLOCK] - x) >> 63);
	k += block * NODE_BLOCK;
	for (i = 0; i < NODE_BLOCK; i++)
		below += (k[i] - x) >> 63;
	return (unsigned int)(block * NODE_BLOCK + below);
}

#endif
