/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/rangemap-check.c - is everything true of a range map that its headers
 * say is always true?
 */
#include "core/rangemap-node.h"

/* What a check has seen on its way through the tree, in order. */
struct seen {
	uint32_t nodes;
	uint64_t ranges;
	uint64_t key; /* of the last range, */
	uint32_t tag; /* and its tag */
};

static bool check_node(const struct rangemap_node *n)
{
	unsigned int i;

	if (n->count < 1 || n->count > NODE_KEYS)
		return false;
	for (i = 1; i < n->count; i++)
		if (n->key[i - 1] >= n->key[i])
			return false;
	for (; i <= NODE_KEYS; i++)
		if (n->key[i] != NODE_PAD)
			return false;
	return true;
}

static bool check_leaf(const struct rangemap_node *n, struct seen *seen)
{
	unsigned int i;

	for (i = 0; i < n->count; i++) {
		if (n->key[i] >= RANGEMAP_END)
			return false;
		if (seen->ranges == 0 && n->key[i] != 0)
			return false;
		if (seen->ranges > 0 && (n->key[i] <= seen->key ||
					 n->val[i] == seen->tag))
			return false;
		seen->key = n->key[i];
		seen->tag = n->val[i];
		seen->ranges++;
	}
	return true;
}

/*
 * Down and to the right with a stack of its own: @at is the node and the entry
 * looked at on each level, from the leaves up.
 */
static bool check_tree(const struct rangemap *m, struct seen *seen)
{
	struct {
		const struct rangemap_node *n;
		unsigned int pos;
		bool last;
	} at[NODE_LEVELS + 1] = { 0 };
	uint32_t level = m->levels - 1, child = m->root;
	uint64_t first = 0;
	bool last = true;

	for (;;) {
		const struct rangemap_node *n = m->node + child;

		if (child >= m->fresh || ++seen->nodes > m->live)
			return false;
		if (!check_node(n) || n->key[0] != first)
			return false;
		if (n->count < NODE_MIN && !last)
			return false;
		at[level].n = n;
		at[level].pos = 0;
		at[level].last = last;

		if (level == 0) {
			if (!check_leaf(n, seen))
				return false;
			while (++level < m->levels &&
			       ++at[level].pos == at[level].n->count)
				;
			if (level == m->levels)
				return true;
		}
		child = at[level].n->val[at[level].pos];
		first = at[level].n->key[at[level].pos];
		last = at[level].last &&
		       at[level].pos + 1 == at[level].n->count;
		level--;
	}
}

bool rangemap_check(const struct rangemap *m)
{
	struct seen seen = { 0 };
	uint32_t free, nr = 0;

	if (m->levels < 1 || m->levels > NODE_LEVELS || m->fresh > m->size)
		return false;
	if (m->levels > 1 && m->node[m->root].count < 2)
		return false;
	if ((uintptr_t)m->node % 64 != 0)
		return false;
	if (!check_tree(m, &seen))
		return false;
	if (seen.nodes != m->live || seen.ranges != m->count)
		return false;

	for (free = m->free; free != NO_NODE; free = m->node[free].val[0])
		if (free >= m->fresh || ++nr > m->fresh - m->live)
			return false;
	return nr == m->fresh - m->live;
}
