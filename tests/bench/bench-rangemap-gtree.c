/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-rangemap-gtree.c - the same map with GLib's GTree.
 *
 * Keys and values are integers in the node's pointers, so nothing is
 * allocated but the nodes. A sentinel at the map's end stands for "no more".
 */
#include <glib.h>

#include "tests/bench/bench-rangemap.h"

/* GTreeNode is opaque: key, value, left, right, and three small fields. */
#define NODE_BYTES 40

static gint compare(gconstpointer a, gconstpointer b)
{
	return (GPOINTER_TO_SIZE(a) > GPOINTER_TO_SIZE(b)) -
	       (GPOINTER_TO_SIZE(a) < GPOINTER_TO_SIZE(b));
}

static uint64_t key_of(GTreeNode *n)
{
	return GPOINTER_TO_SIZE(g_tree_node_key(n));
}

static uint32_t tag_of(GTreeNode *n)
{
	return GPOINTER_TO_UINT(g_tree_node_value(n));
}

static void *gtree_make(void)
{
	GTree *t = g_tree_new(compare);

	g_tree_insert(t, GSIZE_TO_POINTER(0), GUINT_TO_POINTER(0));
	g_tree_insert(t, GSIZE_TO_POINTER(BENCH_END), GUINT_TO_POINTER(0));
	return t;
}

static void gtree_destroy(void *map)
{
	g_tree_destroy(map);
}

static void paint(GTree *t, uint64_t start, uint64_t end, uint32_t tag)
{
	GTreeNode *n, *before;
	gboolean need_start = TRUE, need_end;
	uint32_t at_end = 0;

	n = g_tree_lower_bound(t, GSIZE_TO_POINTER(start));
	before = g_tree_node_previous(n);
	if (before) {
		at_end = tag_of(before);
		need_start = at_end != tag;
	}
	if (need_start && key_of(n) == start) {
		at_end = tag_of(n);
		n = g_tree_node_next(n);
	}
	while (key_of(n) <= end && key_of(n) < BENCH_END) {
		uint64_t key = key_of(n);

		at_end = tag_of(n);
		n = g_tree_node_next(n);
		if (key < end || at_end == tag)
			g_tree_remove(t, GSIZE_TO_POINTER(key));
		else
			at_end = tag; /* it stays as it is */
	}
	need_end = end < BENCH_END && at_end != tag;
	if (need_start)
		g_tree_insert(t, GSIZE_TO_POINTER(start),
			      GUINT_TO_POINTER(tag));
	if (need_end)
		g_tree_insert(t, GSIZE_TO_POINTER(end),
			      GUINT_TO_POINTER(at_end));
}

static void gtree_paint(void *map, const struct bench_piece *p, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		paint(map, p[i].start, p[i].end, p[i].tag);
}

static GTreeNode *find(GTree *t, uint64_t frame)
{
	return g_tree_node_previous(
		g_tree_upper_bound(t, GSIZE_TO_POINTER(frame)));
}

static uint64_t gtree_lookup(void *map, const uint64_t *frame, size_t nr)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += tag_of(find(map, frame[i]));
	return sum;
}

static uint64_t gtree_chain(void *map, const uint64_t *frame, size_t nr,
			    uint64_t zero)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += tag_of(find(map, frame[i] + (sum & zero)));
	return sum;
}

/* At most @left ranges from @n on. */
static uint64_t walk(GTreeNode *n, size_t left)
{
	uint64_t sum = 0, start = key_of(n), end;

	while (left-- && start < BENCH_END) {
		uint32_t tag = tag_of(n);

		n = g_tree_node_next(n);
		end = key_of(n);
		sum += bench_seen(start, end, tag);
		start = end;
	}
	return sum;
}

static uint64_t gtree_iterate(void *map)
{
	return walk(g_tree_node_first(map), SIZE_MAX);
}

static uint64_t gtree_windows(void *map, const uint64_t *start, size_t nr)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += walk(find(map, start[i]), BENCH_WINDOW);
	return sum;
}

static size_t gtree_bytes(void *map)
{
	return (size_t)g_tree_nnodes(map) * NODE_BYTES;
}

const struct bench_map bench_gtree = {
	.name = "GTree",
	.make = gtree_make,
	.destroy = gtree_destroy,
	.paint = gtree_paint,
	.lookup = gtree_lookup,
	.chain = gtree_chain,
	.iterate = gtree_iterate,
	.windows = gtree_windows,
	.bytes = gtree_bytes,
};
