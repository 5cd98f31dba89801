/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_mem_int.h - what the files of the store in memory share.
 */
#ifndef NV_ADAPTER_STORE_MEM_INT_H
#define NV_ADAPTER_STORE_MEM_INT_H

#include "adapter/store_mem.h"

struct table {
	void *v;
	size_t n, size;
};

struct volume_piece {
	struct nv_uuid volume;
	struct extent_fact fact;
};

struct mapping_piece {
	uint64_t mapping;
	struct extent_fact fact;
};

enum mem_table {
	T_POOL,
	T_VOLUME,
	T_EXTENT,
	T_MAPPING,
	T_MAPPED,
	T_GUEST,
	T_BAD,
	T_FAULT,
	T_EVENT,
	T_NR,
};

struct mem_state {
	struct table t[T_NR];
	uint64_t last_event;
};

struct store_mem {
	struct store store;
	struct mem_state now, before;
	bool in_tx;
};

static inline struct store_mem *mem_of(struct store *s)
{
	return nv_container_of(s, struct store_mem, store);
}

/* Rows of a table; their keys come first in them. */
size_t rows(const struct store_mem *s, enum mem_table t);
void *row_at(struct store_mem *s, enum mem_table t, size_t i);
int row_insert(struct store_mem *s, enum mem_table t, size_t at,
	       const void *row);
void row_remove(struct store_mem *s, enum mem_table t, size_t at);

/* A write of several rows: a transaction of its own unless one is open. */
int unit_begin(struct store_mem *s, bool *ret_own);
/** unit_end() - a write that failed takes its transaction with it */
int unit_end(struct store_mem *s, bool own, int r);

/* ---- store_mem_history.c ---- */
int mem_bad_add(struct store *store, const struct bad_fact *b);
int mem_bad_del(struct store *store, const struct nv_uuid *pool, uint64_t off,
		uint64_t nr);
int mem_load_bad(struct store *store, const struct nv_uuid *pool,
		 store_bad_fn fn, void *ctx);
int mem_fault_add(struct store *store, const struct fault_fact *f,
		  bool *ret_new);
int mem_faults(struct store *store, uint64_t boot_id, store_fault_fn fn,
	       void *ctx);
int mem_faults_before(struct store *store, uint64_t boot_id, int64_t since_us,
		      store_fault_fn fn, void *ctx);
int mem_event_add(struct store *store, const struct event_fact *e,
		  uint64_t *ret_id);
int mem_events(struct store *store, const struct store_events *q,
	       store_event_fn fn, void *ctx);

#endif
