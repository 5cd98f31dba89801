/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/hash.h - an intrusive hash table whose insertion cannot fail.
 *
 * Nodes are embedded in the objects, so the table owns nothing but its
 * buckets; when those cannot grow, chains get longer and all stays true.
 * Same hashes are told apart by the caller, who walks hash_first/hash_next.
 */
#ifndef NV_CORE_HASH_H
#define NV_CORE_HASH_H

#include "base/macros.h"

struct hash_node {
	struct hash_node *next;
	struct hash_node **link; /* NULL: in no table */
	uint64_t hash;
};

struct hash {
	struct hash_node **buckets;
	size_t mask;             /* buckets - 1 */
	size_t count;
	struct hash_node *small[8]; /* the buckets of an empty table */
};

void hash_init(struct hash *h);
/** hash_deinit() - the nodes are the caller's */
void hash_deinit(struct hash *h);

void hash_add(struct hash *h, struct hash_node *n, uint64_t hash);
/** hash_del() - a node that is in no table is fine */
void hash_del(struct hash *h, struct hash_node *n);

/** hash_first() - the first node with this hash, or NULL; then hash_next() */
struct hash_node *hash_first(const struct hash *h, uint64_t hash);
struct hash_node *hash_next(const struct hash_node *n);

/** hash_each() - every node; begin with NULL. Do not change it meanwhile. */
struct hash_node *hash_each(const struct hash *h, const struct hash_node *n);

/** hash_text(), hash_bytes(), hash_u64() - keyless; keys are not hostile here */
uint64_t hash_text(const char *s);
uint64_t hash_bytes(const void *p, size_t len);
uint64_t hash_u64(uint64_t x);

#endif
