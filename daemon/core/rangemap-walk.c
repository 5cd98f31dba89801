/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/rangemap-walk.c - a range map's ranges one after the other, leaf by
 * leaf; within a leaf rangemap_next() goes by itself.
 */
#include <assert.h>

#include "core/rangemap-node.h"

/* The walk is in @leaf now, which ends at @bound, from entry @next on. */
static void walk_enter(struct rangemap_walk *w,
		       const struct rangemap_node *leaf, unsigned int next,
		       uint64_t bound)
{
	w->key = leaf->key;
	w->tag = leaf->val;
	w->bound = NV_MIN(bound, w->to);
	w->next = next;
	w->nr = bound > w->to ? node_rank(leaf, w->to) : leaf->count;
}

/* To the leaf in which w->at is, from the root. */
static void walk_descend(struct rangemap_walk *w)
{
	struct rangemap_way way;

	way_to(w->m, w->at + 1, &way);
	walk_enter(w, node_at(w->m, way.node[0]), way.pos[0] - 1, way.bound);
	if (w->m->levels > 1) {
		w->parent = way.node[1];
		w->child = way.pos[1] + 1;
	}
}

struct rangemap_walk rangemap_walk(const struct rangemap *m, uint64_t from,
				   uint64_t to)
{
	struct rangemap_walk w = { .m = m, .at = from, .to = to };

	assert(to <= RANGEMAP_END);
	if (from < to)
		walk_descend(&w);
	return w;
}

/*
 * The parent knows the next leaf and its end, but for its own last child; and
 * it knows the leaf after the next, whose lines had better be on their way.
 */
struct rangemap_walk rangemap_walk_on(struct rangemap_walk w)
{
	const struct rangemap_node *parent = node_at(w.m, w.parent);
	uint32_t leaf;

	if (w.child + 1 >= parent->count) {
		walk_descend(&w);
		return w;
	}
	leaf = parent->val[w.child++];
	walk_enter(&w, node_at(w.m, leaf), 0, parent->key[w.child]);
	node_prefetch(node_at(w.m, parent->val[w.child]));
	return w;
}
