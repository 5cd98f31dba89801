/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/ledger.c - the ledger itself: its two maps, and what tags stand for.
 */
#include <assert.h>
#include <string.h>

#include "core/ledger-int.h"

#define SLOTS_AT_FIRST 16u

int ledger_new(struct ledger **ret)
{
	struct ledger *l;
	int r;

	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	hash_init(&l->volume_names);
	hash_init(&l->volume_new_names);
	hash_init(&l->volume_uuids);
	hash_init(&l->map_ids);
	hash_init(&l->domids);

	r = rangemap_new(NO_SLOT, &l->own);
	if (!r)
		r = rangemap_new(HEALTH_OK, &l->health);
	if (r) {
		ledger_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

/* Objects go without a look at the maps, which go as a whole. */
struct ledger *ledger_free(struct ledger *l)
{
	struct mapping *m;
	struct pool *p;

	if (!l)
		return NULL;
	while ((m = l->first)) {
		l->first = m->next;
		if (!m->volume)
			extents_free(l, m->extents);
		extents_free(l, m->held);
		free(m);
	}
	while (l->guests)
		ledger_guest_del(l, l->guests);
	while ((p = l->pools)) {
		l->pools = p->next;
		while (p->volumes)
			volume_free(l, p->volumes);
		free(p);
	}
	hash_deinit(&l->volume_names);
	hash_deinit(&l->volume_new_names);
	hash_deinit(&l->volume_uuids);
	hash_deinit(&l->map_ids);
	hash_deinit(&l->domids);
	rangemap_free(l->own);
	rangemap_free(l->health);
	free(l->slots);
	free(l);
	return NULL;
}

void ledger_set_boot(struct ledger *l, uint64_t boot_id)
{
	l->boot_id = boot_id;
}

uint64_t ledger_boot(const struct ledger *l)
{
	return l->boot_id;
}

/* The new slots are all free, and the first of them is the first to be used. */
static int slots_grow(struct ledger *l)
{
	uint32_t nr = l->nr_slots ? l->nr_slots * 2 : SLOTS_AT_FIRST, i;
	struct slot *wider;

	if (nr < l->nr_slots)
		return -ENOMEM;
	wider = realloc(l->slots, nr * sizeof(*wider));
	if (!wider)
		return -ENOMEM;
	l->slots = wider;

	for (i = nr - 1; i >= NV_MAX(l->nr_slots, 1u); i--) {
		wider[i].kind = SLOT_FREE;
		wider[i].next_free = l->free_slot;
		l->free_slot = i;
	}
	wider[NO_SLOT].kind = SLOT_FREE;
	l->nr_slots = nr;
	return 0;
}

int slot_new(struct ledger *l, enum slot_kind kind, void *object, uint32_t *ret)
{
	uint32_t tag;
	int r;

	if (l->free_slot == NO_SLOT) {
		r = slots_grow(l);
		if (r)
			return r;
	}
	tag = l->free_slot;
	l->free_slot = l->slots[tag].next_free;
	l->slots[tag].kind = kind;
	if (kind == SLOT_POOL)
		l->slots[tag].pool = object;
	else
		l->slots[tag].extent = object;
	*ret = tag;
	return 0;
}

void slot_free(struct ledger *l, uint32_t tag)
{
	if (tag == NO_SLOT)
		return;
	l->slots[tag].kind = SLOT_FREE;
	l->slots[tag].next_free = l->free_slot;
	l->free_slot = tag;
}

struct owner ledger_tag_owner(const struct ledger *l, uint32_t tag)
{
	const struct slot *s;

	if (tag == NO_SLOT)
		return (struct owner){ NULL, NULL };
	assert(tag < l->nr_slots);
	s = &l->slots[tag];
	assert(s->kind != SLOT_FREE);
	if (s->kind == SLOT_POOL)
		return (struct owner){ s->pool, NULL };
	return (struct owner){ s->extent->pool, s->extent };
}

struct owner ledger_owner(const struct ledger *l, uint64_t mfn)
{
	if (mfn >= RANGEMAP_END)
		return (struct owner){ NULL, NULL };
	return ledger_tag_owner(l, rangemap_get(l->own, mfn));
}

int ledger_reserve(struct ledger *l, unsigned int paints)
{
	return rangemap_reserve(l->own, l->owed + paints);
}

void ledger_paint(struct ledger *l, struct pool *p, uint64_t mfn, uint64_t nr,
		  uint32_t tag)
{
	rangemap_paint(l->own, mfn, mfn + nr, tag);
	p->largest_stale = true;
}

void text_set(char *to, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size) {
		len = size - 1;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(to, text, len);
	memset(to + len, 0, size - len);
}
