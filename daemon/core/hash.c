/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/hash.c - an intrusive hash table whose insertion cannot fail.
 */
#include "core/hash.h"

#include <string.h>

void hash_init(struct hash *h)
{
	memset(h, 0, sizeof(*h));
	h->buckets = h->small;
	h->mask = NV_ARRAY_SIZE(h->small) - 1;
}

void hash_deinit(struct hash *h)
{
	if (h->buckets != h->small)
		free(h->buckets);
	hash_init(h);
}

static void bucket_push(struct hash_node **bucket, struct hash_node *n)
{
	n->next = *bucket;
	n->link = bucket;
	if (n->next)
		n->next->link = &n->next;
	*bucket = n;
}

/* Twice the buckets; without memory for them the old ones do. */
static void hash_grow(struct hash *h)
{
	size_t room = (h->mask + 1) * 2, i;
	struct hash_node **wider, *n;

	wider = calloc(room, sizeof(*wider));
	if (!wider)
		return;
	for (i = 0; i <= h->mask; i++) {
		while ((n = h->buckets[i])) {
			h->buckets[i] = n->next;
			bucket_push(&wider[n->hash & (room - 1)], n);
		}
	}
	if (h->buckets != h->small)
		free(h->buckets);
	h->buckets = wider;
	h->mask = room - 1;
}

void hash_add(struct hash *h, struct hash_node *n, uint64_t hash)
{
	n->hash = hash;
	bucket_push(&h->buckets[hash & h->mask], n);
	h->count++;
	if (h->count > h->mask + 1)
		hash_grow(h);
}

void hash_del(struct hash *h, struct hash_node *n)
{
	if (!n->link)
		return;
	*n->link = n->next;
	if (n->next)
		n->next->link = n->link;
	n->link = NULL;
	n->next = NULL;
	h->count--;
}

static struct hash_node *same_hash(struct hash_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct hash_node *hash_first(const struct hash *h, uint64_t hash)
{
	return same_hash(h->buckets[hash & h->mask], hash);
}

struct hash_node *hash_next(const struct hash_node *n)
{
	return same_hash(n->next, n->hash);
}

struct hash_node *hash_each(const struct hash *h, const struct hash_node *n)
{
	size_t i = 0;

	if (n) {
		if (n->next)
			return n->next;
		i = (n->hash & h->mask) + 1;
	}
	for (; i <= h->mask; i++)
		if (h->buckets[i])
			return h->buckets[i];
	return NULL;
}

/* FNV-1a, 64 bit (draft-eastlake-fnv), then mixed: buckets use the low bits. */
uint64_t hash_bytes(const void *p, size_t len)
{
	const unsigned char *c = p;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (len--)
		h = (h ^ *c++) * UINT64_C(0x100000001b3);
	return hash_u64(h);
}

uint64_t hash_text(const char *s)
{
	return hash_bytes(s, strlen(s));
}

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
uint64_t hash_u64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}
