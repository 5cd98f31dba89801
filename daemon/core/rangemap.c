/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/rangemap.c - a total map from frames to tags: a B+ tree of starts.
 *
 * Paint is a descent, which remembers its way, and a splice into a leaf: some
 * entries out, at most two in. A node that overflows is split, which is a
 * splice into its parent; a node that runs low is merged with a sibling, which
 * is another. All of it is one loop upwards.
 */
#include <assert.h>
#include <string.h>

#include "core/rangemap-node.h"

/* The first array; a map with few ranges needs no other. */
#define NODES_AT_FIRST 3u

/* Fewer entries are not worth moving to a sibling. */
#define NODE_SPILL 4u

/*
 * Memory
 */

int rangemap_new(uint32_t tag, struct rangemap **ret)
{
	struct rangemap *m;
	int r;

	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	r = nodes_resize(m, NODES_AT_FIRST);
	if (r) {
		free(m);
		return r;
	}

	m->free = NO_NODE;
	m->root = node_new(m);
	m->levels = 1;
	m->count = 1;
	node_at(m, m->root)->key[0] = 0;
	node_at(m, m->root)->val[0] = tag;
	node_at(m, m->root)->count = 1;
	*ret = m;
	return 0;
}

struct rangemap *rangemap_free(struct rangemap *m)
{
	if (m)
		free(m->memory);
	free(m);
	return NULL;
}

/*
 * A paint adds at most two entries, both to one leaf, and so splits at most
 * one node of each level and adds a root. Levels that come into being on the
 * way have fewer nodes than there were splits below them.
 */
int rangemap_reserve(struct rangemap *m, unsigned int paints)
{
	size_t need = (size_t)paints * (m->levels + 1) + m->live;

	if (need <= m->size)
		return 0;
	return nodes_resize(m, NV_MAX(need, m->size + (size_t)m->size / 16));
}

/*
 * Looking
 */

/* The leaf that has the last key below @x. */
static const struct rangemap_node *leaf_of(const struct rangemap *m, uint64_t x)
{
	const struct rangemap_node *n = node_at(m, m->root);
	uint32_t level;

	for (level = m->levels; level > 1; level--) {
		n = node_at(m, n->val[node_rank(n, x) - 1]);
		node_prefetch(n);
	}
	return n;
}

uint32_t rangemap_get(const struct rangemap *m, uint64_t frame)
{
	const struct rangemap_node *n = leaf_of(m, frame + 1);

	return n->val[node_rank(n, frame + 1) - 1];
}

/* Before the map's first key there is no place in an inner node: the max. */
void way_to(const struct rangemap *m, uint64_t x, struct rangemap_way *way)
{
	const struct rangemap_node *n = node_at(m, m->root);
	uint32_t level = m->levels - 1, nr = m->root;
	unsigned int rank;

	way->floor = 0;
	way->bound = NODE_PAD;
	for (; level > 0; level--) {
		rank = node_rank(n, x);
		rank = NV_MAX(rank, 1u);
		way->floor = n->key[rank - 1];
		way->bound = NV_MIN(way->bound, n->key[rank]);
		way->node[level] = nr;
		way->pos[level] = rank - 1;
		nr = n->val[rank - 1];
		n = node_at(m, nr);
		node_prefetch(n);
	}
	way->node[0] = nr;
	way->pos[0] = node_rank(n, x);
}

struct rangemap_range rangemap_find(const struct rangemap *m, uint64_t frame)
{
	const struct rangemap_node *leaf;
	struct rangemap_range r;
	struct rangemap_way way;
	unsigned int pos;

	way_to(m, frame + 1, &way);
	leaf = node_at(m, way.node[0]);
	pos = way.pos[0];
	r.start = leaf->key[pos - 1];
	r.end = NV_MIN(leaf->key[pos], way.bound);
	if (r.end == NODE_PAD)
		r.end = RANGEMAP_END;
	r.tag = leaf->val[pos - 1];
	return r;
}

uint64_t rangemap_count(const struct rangemap *m)
{
	return m->count;
}

size_t rangemap_bytes(const struct rangemap *m)
{
	return sizeof(*m) + m->size * sizeof(*m->node) + 63;
}

/*
 * Painting
 */

/* More than a leaf changes, so the way is one no longer. */
static void way_forget(struct rangemap *m)
{
	m->way.floor = m->way.bound;
}

/* The node at @level got another first key: so say the inner nodes above it. */
static void keys_refresh(struct rangemap *m, const struct rangemap_way *way,
			 uint32_t level)
{
	uint64_t key = node_at(m, way->node[level])->key[0];

	while (++level < m->levels) {
		node_at(m, way->node[level])->key[way->pos[level]] = key;
		if (way->pos[level] > 0)
			break;
	}
}

/*
 * Make room in the full node at @level, into which a splice goes at @pos: half
 * of it moves to a new right sibling. But at the very end of the map only what
 * is behind @pos moves, so that painting in order leaves full nodes behind.
 * Return: the new sibling, which no parent knows yet.
 */
static uint32_t node_split(struct rangemap *m, const struct rangemap_way *way,
			   uint32_t level, unsigned int pos, unsigned int out)
{
	uint32_t nr = node_new(m);
	struct rangemap_node *left = node_at(m, way->node[level]);
	bool at_end = way->bound == NODE_PAD && pos + out == left->count;

	node_shift_right(left, node_at(m, nr), at_end ? out : left->count / 2);
	return nr;
}

/*
 * Spare the full node at @level the split: hand over to a sibling what is on
 * its side of @pos, if that is worth it, until both are equally full. A leaf
 * that is split only between full siblings stays well filled.
 * Return: whether there is room now; @pos is where it was, in the same node.
 */
static bool node_spill(struct rangemap *m, const struct rangemap_way *way,
		       uint32_t level, unsigned int *pos, unsigned int out)
{
	struct rangemap_node *n, *parent, *side;
	unsigned int at = way->pos[level + 1], nr;

	n = node_at(m, way->node[level]);
	parent = node_at(m, way->node[level + 1]);
	if (at > 0 && *pos > NODE_SPILL) {
		side = node_at(m, parent->val[at - 1]);
		nr = NV_MIN((NODE_KEYS - side->count) / 2, *pos - 1);
		if (nr >= NODE_SPILL) {
			node_shift_left(side, n, nr);
			parent->key[at] = n->key[0];
			*pos -= nr;
			return true;
		}
	}
	if (at + 1 < parent->count && *pos + out + NODE_SPILL <= n->count) {
		side = node_at(m, parent->val[at + 1]);
		nr = NV_MIN((NODE_KEYS - side->count) / 2,
			    n->count - *pos - out);
		if (nr >= NODE_SPILL) {
			node_shift_right(n, side, nr);
			parent->key[at + 1] = side->key[0];
			return true;
		}
	}
	return false;
}

/* The root was split: a new one above the halves. */
static void root_raise(struct rangemap *m, uint32_t left, uint32_t right)
{
	struct rangemap_node *root;
	uint32_t nr = node_new(m);

	root = node_at(m, nr);
	root->key[0] = node_at(m, left)->key[0];
	root->val[0] = left;
	root->key[1] = node_at(m, right)->key[0];
	root->val[1] = right;
	root->count = 2;
	m->root = nr;
	m->levels++;
	assert(m->levels <= NODE_LEVELS);
}

/*
 * The node at @level is short of entries: merge it with a sibling, or take
 * some over. Return: whether the parent has now an entry less, at *@ret_pos.
 */
static bool node_refill(struct rangemap *m, const struct rangemap_way *way,
			uint32_t level, unsigned int *ret_pos)
{
	struct rangemap_node *parent = node_at(m, way->node[level + 1]);
	struct rangemap_node *left, *right;
	unsigned int pos = way->pos[level + 1], sum;

	if (node_at(m, way->node[level])->count == 0) {
		node_free(m, way->node[level]);
		*ret_pos = pos;
		return true;
	}
	if (parent->count == 1)
		return false;
	if (pos + 1 == parent->count)
		pos--;

	left = node_at(m, parent->val[pos]);
	right = node_at(m, parent->val[pos + 1]);
	sum = left->count + right->count;
	if (sum <= NODE_KEYS - NODE_MIN) {
		node_shift_left(left, right, right->count);
		node_free(m, parent->val[pos + 1]);
		*ret_pos = pos + 1;
		return true;
	}
	if (left->count > sum / 2)
		node_shift_right(left, right, left->count - sum / 2);
	else
		node_shift_left(left, right, sum / 2 - left->count);
	parent->key[pos + 1] = right->key[0];
	return false;
}

/*
 * Splice into the leaf at the end of the map's way, and whatever follows from
 * it; if more than that leaf changes, the way leads there no longer.
 */
static void splice(struct rangemap *m, unsigned int pos, unsigned int out,
		   struct rangemap_entry *in, unsigned int nr_in)
{
	const struct rangemap_way *way = &m->way;
	struct rangemap_node *n, *half;
	uint32_t level = 0, nr;

	m->count += nr_in;
	m->count -= out;
	for (;; level++) {
		n = node_at(m, way->node[level]);
		if (n->count + nr_in <= NODE_KEYS + out)
			break;
		way_forget(m);
		if (level + 1 < m->levels &&
		    node_spill(m, way, level, &pos, out))
			break;

		nr = node_split(m, way, level, pos, out);
		n = node_at(m, way->node[level]);
		half = pos < n->count ? n : node_at(m, nr);
		node_edit(half, half == n ? pos : pos - n->count, out, in,
			  nr_in);
		if (level + 1 == m->levels) {
			root_raise(m, way->node[level], nr);
			return;
		}
		pos = way->pos[level + 1] + 1;
		out = 0;
		in[0] = (struct rangemap_entry){ node_at(m, nr)->key[0], nr };
		nr_in = 1;
	}

	for (;; level++) {
		n = node_at(m, way->node[level]);
		node_edit(n, pos, out, in, nr_in);
		if (pos == 0 && n->count > 0) {
			way_forget(m);
			keys_refresh(m, way, level);
		}
		if (n->count >= NODE_MIN || nr_in >= out ||
		    level + 1 == m->levels)
			break;
		way_forget(m);
		if (!node_refill(m, way, level, &pos))
			return;
		out = 1;
		nr_in = 0;
	}

	while (m->levels > 1 && node_at(m, m->root)->count == 1) {
		nr = m->root;
		m->root = node_at(m, nr)->val[0];
		m->levels--;
		node_free(m, nr);
	}
}

/*
 * The place of @x in a leaf, at the end of the map's way. Paints often come in
 * order, so the way of the last one is kept, and often still leads there.
 */
static unsigned int place_of(struct rangemap *m, uint64_t x)
{
	/* floor < x <= bound, in one branch that is easy to predict */
	if (x - m->way.floor - 1 < m->way.bound - m->way.floor)
		return node_rank(node_at(m, m->way.node[0]), x);
	way_to(m, x, &m->way);
	return m->way.pos[0];
}

/*
 * Leaf by leaf: what starts in [@start, @end] goes out. What comes in is
 * @start, in the first leaf, if the range before it has another tag; and @end,
 * in the last, with the tag that @end had, if that is another.
 */
void rangemap_paint(struct rangemap *m, uint64_t start, uint64_t end,
		    uint32_t tag)
{
	const struct rangemap_node *n;
	unsigned int pos, out, nr_in = 0;
	uint32_t tag_at_end = tag;
	struct rangemap_entry in[2];
	uint64_t bound;

	assert(start <= end && end <= RANGEMAP_END);
	if (start == end)
		return;

	pos = place_of(m, start);
	n = node_at(m, m->way.node[0]);
	if (pos > 0)
		tag_at_end = n->val[pos - 1];
	if (pos == 0 || tag_at_end != tag)
		in[nr_in++] = (struct rangemap_entry){ start, tag };
	if (nr_in && start == m->way.bound) {
		/* It is there, first in the next leaf: no entry is added. */
		pos = place_of(m, start + 1) - 1;
		n = node_at(m, m->way.node[0]);
	}

	for (;;) {
		bound = m->way.bound;
		out = node_rank(n, end + 1) - pos;
		if (out > 0)
			tag_at_end = n->val[pos + out - 1];
		if (end < bound)
			break;

		splice(m, pos, out, in, nr_in);
		nr_in = 0;
		pos = place_of(m, bound + 1) - 1;
		n = node_at(m, m->way.node[0]);
	}
	if (end < RANGEMAP_END && tag_at_end != tag)
		in[nr_in++] = (struct rangemap_entry){ end, tag_at_end };
	splice(m, pos, out, in, nr_in);
}
