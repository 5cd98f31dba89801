/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/rangemap-node.c - the nodes of a range map: their memory, and moving
 * entries about in them.
 */
#include <assert.h>
#include <string.h>

#include "core/rangemap-node.h"

int nodes_resize(struct rangemap *m, size_t size)
{
	size_t was_at = (size_t)((char *)m->node - (char *)m->memory);
	char *memory, *node;

	if (size > NO_NODE)
		return -ENOMEM;
	memory = realloc(m->memory, (size_t)size * sizeof(*m->node) + 63);
	if (!memory)
		return -ENOMEM;

	/* realloc() knows nothing of cache lines. */
	node = (char *)nv_align_down((uintptr_t)memory + 63, 64);
	if (node != memory + was_at)
		memmove(node, memory + was_at, m->fresh * sizeof(*m->node));

	m->memory = memory;
	m->node = (struct rangemap_node *)node;
	m->size = (uint32_t)size;
	return 0;
}

uint32_t node_new(struct rangemap *m)
{
	uint32_t nr = m->free;
	unsigned int i;

	if (nr != NO_NODE) {
		m->free = node_at(m, nr)->val[0];
	} else {
		assert(m->fresh < m->size); /* paint without reserve */
		nr = m->fresh++;
	}
	m->live++;

	for (i = 0; i <= NODE_KEYS; i++)
		node_at(m, nr)->key[i] = NODE_PAD;
	node_at(m, nr)->count = 0;
	return nr;
}

void node_free(struct rangemap *m, uint32_t nr)
{
	node_at(m, nr)->count = 0;
	node_at(m, nr)->val[0] = m->free;
	m->free = nr;
	m->live--;
}

void node_edit(struct rangemap_node *n, unsigned int pos, unsigned int out,
	       const struct rangemap_entry *in, unsigned int nr_in)
{
	unsigned int tail = n->count - pos - out, i;
	unsigned int was = n->count;

	if (out != nr_in) {
		memmove(n->key + pos + nr_in, n->key + pos + out,
			tail * sizeof(n->key[0]));
		memmove(n->val + pos + nr_in, n->val + pos + out,
			tail * sizeof(n->val[0]));
	}
	for (i = 0; i < nr_in; i++) {
		n->key[pos + i] = in[i].key;
		n->val[pos + i] = in[i].val;
	}
	n->count = pos + nr_in + tail;
	for (i = n->count; i < was; i++)
		n->key[i] = NODE_PAD;
}

void node_shift_left(struct rangemap_node *left, struct rangemap_node *right,
		     unsigned int nr)
{
	memcpy(left->key + left->count, right->key, nr * sizeof(left->key[0]));
	memcpy(left->val + left->count, right->val, nr * sizeof(left->val[0]));
	left->count += nr;
	node_edit(right, 0, nr, NULL, 0);
}

void node_shift_right(struct rangemap_node *left, struct rangemap_node *right,
		      unsigned int nr)
{
	unsigned int i;

	memmove(right->key + nr, right->key,
		right->count * sizeof(right->key[0]));
	memmove(right->val + nr, right->val,
		right->count * sizeof(right->val[0]));
	left->count -= nr;
	right->count += nr;
	memcpy(right->key, left->key + left->count, nr * sizeof(left->key[0]));
	memcpy(right->val, left->val + left->count, nr * sizeof(left->val[0]));
	for (i = 0; i < nr; i++)
		left->key[left->count + i] = NODE_PAD;
}
