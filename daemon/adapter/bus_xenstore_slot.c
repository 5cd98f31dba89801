/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_xenstore_slot.c - the tables of devices and domains, and the
 * lists of those that are new, to be written, or to be read again.
 */
#include "adapter/bus_xenstore_int.h"

void list_init(struct list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

void list_put(struct list *l, struct link *n)
{
	if (n->at)
		return;
	n->next = NULL;
	n->at = l->last;
	*l->last = n;
	l->last = &n->next;
}

void list_drop(struct list *l, struct link *n)
{
	if (!n->at)
		return;
	*n->at = n->next;
	if (n->next)
		n->next->at = n->at;
	else
		l->last = n->at;
	n->at = NULL;
}

struct link *list_take(struct list *l)
{
	struct link *n = l->first;

	if (n)
		list_drop(l, n);
	return n;
}

static uint64_t slot_hash(struct device_key key)
{
	return hash_u64((uint64_t)key.domid << 32 | key.devid);
}

struct slot *bus_slot(struct bus_xenstore *b, struct device_key key, bool make)
{
	struct hash_node *n;
	struct slot *s;

	for (n = hash_first(&b->slots, slot_hash(key)); n; n = hash_next(n)) {
		s = nv_container_of(n, struct slot, node);
		if (device_key_equal(s->key, key))
			return s;
	}
	s = make ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->key = key;
	hash_add(&b->slots, &s->node, slot_hash(key));
	return s;
}

struct home *bus_home(struct bus_xenstore *b, uint32_t domid, bool make)
{
	struct hash_node *n;
	struct home *h;

	for (n = hash_first(&b->homes, hash_u64(domid)); n; n = hash_next(n)) {
		h = nv_container_of(n, struct home, node);
		if (h->domid == domid)
			return h;
	}
	h = make ? calloc(1, sizeof(*h)) : NULL;
	if (!h)
		return NULL;
	h->domid = domid;
	hash_add(&b->homes, &h->node, hash_u64(domid));
	return h;
}

void bus_slot_free(struct bus_xenstore *b, struct slot *s)
{
	hash_del(&b->slots, &s->node);
	free(s);
}

void bus_home_free(struct bus_xenstore *b, struct home *h)
{
	hash_del(&b->homes, &h->node);
	free(h);
}

void bus_slot_tidy(struct bus_xenstore *b, struct slot *s)
{
	if (s->here || s->told || s->attach || s->remove || s->has_report || s->news.at || s->work.at || s->stale.at)
		return;
	bus_slot_free(b, s);
}

void bus_home_tidy(struct bus_xenstore *b, struct home *h)
{
	if (h->here || h->told || h->seen || h->watched || h->news.at || h->work.at || h->stale.at)
		return;
	bus_home_free(b, h);
}
