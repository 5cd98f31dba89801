/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_mem.c - the book in memory: flat tables, and a copy of them all
 * while a transaction is open.
 */
#include "adapter/store_mem_int.h"

#include <string.h>

static const size_t sizes[T_NR] = {
	[T_POOL] = sizeof(struct pool_fact),
	[T_VOLUME] = sizeof(struct volume_fact),
	[T_EXTENT] = sizeof(struct volume_piece),
	[T_MAPPING] = sizeof(struct mapping_fact),
	[T_MAPPED] = sizeof(struct mapping_piece),
	[T_GUEST] = sizeof(struct guest_fact),
	[T_BAD] = sizeof(struct bad_fact),
	[T_FAULT] = sizeof(struct fault_fact),
	[T_EVENT] = sizeof(struct event_fact),
};

static void state_deinit(struct mem_state *s)
{
	size_t i;

	for (i = 0; i < T_NR; i++)
		free(s->t[i].v);
	memset(s, 0, sizeof(*s));
}

static int state_copy(const struct mem_state *from, struct mem_state *to)
{
	size_t i;

	memset(to, 0, sizeof(*to));
	to->last_event = from->last_event;
	for (i = 0; i < T_NR; i++) {
		if (!from->t[i].n)
			continue;
		to->t[i].v = malloc(from->t[i].n * sizes[i]);
		if (!to->t[i].v) {
			state_deinit(to);
			return -ENOMEM;
		}
		memcpy(to->t[i].v, from->t[i].v, from->t[i].n * sizes[i]);
		to->t[i].n = from->t[i].n;
	}
	return 0;
}

static int mem_begin(struct store *store, enum store_sync sync)
{
	struct store_mem *s = mem_of(store);
	int r;

	if (s->in_tx)
		return nv_refuse(&store->why, -EBUSY,
				 "a transaction is open already");
	r = state_copy(&s->now, &s->before);
	if (r)
		return nv_refuse(&store->why, r, "no memory");
	s->in_tx = true;
	return 0;
}

static int mem_commit(struct store *store)
{
	struct store_mem *s = mem_of(store);

	if (!s->in_tx)
		return nv_refuse(&store->why, -EINVAL,
				 "the transaction is gone");
	state_deinit(&s->before);
	s->in_tx = false;
	return 0;
}

static void mem_rollback(struct store *store)
{
	struct store_mem *s = mem_of(store);

	if (!s->in_tx)
		return;
	state_deinit(&s->now);
	s->now = s->before;
	memset(&s->before, 0, sizeof(s->before));
	s->in_tx = false;
}

void *row_at(struct store_mem *s, enum mem_table t, size_t i)
{
	return (char *)s->now.t[t].v + i * sizes[t];
}

size_t rows(const struct store_mem *s, enum mem_table t)
{
	return s->now.t[t].n;
}

int row_insert(struct store_mem *s, enum mem_table t, size_t at,
	       const void *row)
{
	struct table *tab = &s->now.t[t];
	void *wider = realloc(tab->v, (tab->n + 1) * sizes[t]);

	if (!wider)
		return nv_refuse(&s->store.why, -ENOMEM, "no memory");
	tab->v = wider;
	memmove(row_at(s, t, at + 1), row_at(s, t, at),
		(tab->n - at) * sizes[t]);
	memcpy(row_at(s, t, at), row, sizes[t]);
	tab->n++;
	return 0;
}

void row_remove(struct store_mem *s, enum mem_table t, size_t at)
{
	struct table *tab = &s->now.t[t];

	memmove(row_at(s, t, at), row_at(s, t, at + 1),
		(tab->n - at - 1) * sizes[t]);
	tab->n--;
}

/* Rows whose first @len bytes are @key: every table's key comes first. */
static void rows_remove(struct store_mem *s, enum mem_table t, const void *key,
			size_t len)
{
	size_t i;

	for (i = rows(s, t); i-- > 0;)
		if (!memcmp(row_at(s, t, i), key, len))
			row_remove(s, t, i);
}

/* Rows are kept in the order of their keys, as a database would read them. */
static int row_put(struct store_mem *s, enum mem_table t, const void *row,
		   size_t key_len)
{
	size_t at = 0;

	rows_remove(s, t, row, key_len);
	while (at < rows(s, t) &&
	       memcmp(row_at(s, t, at), row, key_len) < 0)
		at++;
	return row_insert(s, t, at, row);
}

int unit_begin(struct store_mem *s, bool *ret_own)
{
	*ret_own = !s->in_tx;
	return *ret_own ? mem_begin(&s->store, STORE_DURABLE) : 0;
}

/* A write that failed takes its transaction with it. */
int unit_end(struct store_mem *s, bool own, int r)
{
	if (r)
		mem_rollback(&s->store);
	else if (own)
		return mem_commit(&s->store);
	return r;
}

static int mem_pool_put(struct store *store, const struct pool_fact *p)
{
	struct store_mem *s = mem_of(store);
	bool own;
	int r = unit_begin(s, &own);

	return r ? r : unit_end(s, own, row_put(s, T_POOL, p, sizeof(p->uuid)));
}

static int mem_pool_del(struct store *store, const struct nv_uuid *uuid)
{
	rows_remove(mem_of(store), T_POOL, uuid, sizeof(*uuid));
	return 0;
}

static int mem_volume_put(struct store *store, const struct volume_fact *v,
			  const struct extent *e)
{
	struct store_mem *s = mem_of(store);
	struct volume_piece piece;
	uint32_t i;
	bool own;
	int r = unit_begin(s, &own);

	if (r)
		return r;
	rows_remove(s, T_EXTENT, &v->uuid, sizeof(v->uuid));
	r = row_put(s, T_VOLUME, v, sizeof(v->uuid));
	for (i = 0; i < v->nr_extents && !r; i++, e = e->next) {
		piece = (struct volume_piece){ v->uuid, e->fact };
		piece.fact.gfn = NV_NO_FRAME;
		piece.fact.map_id = 0;
		r = row_insert(s, T_EXTENT, rows(s, T_EXTENT), &piece);
	}
	return unit_end(s, own, r);
}

static int mem_volume_del(struct store *store, const struct nv_uuid *uuid)
{
	rows_remove(mem_of(store), T_EXTENT, uuid, sizeof(*uuid));
	rows_remove(mem_of(store), T_VOLUME, uuid, sizeof(*uuid));
	return 0;
}

static int mem_mapping_put(struct store *store, const struct mapping_fact *m,
			   const struct extent *e)
{
	struct store_mem *s = mem_of(store);
	struct mapping_piece piece;
	size_t at = 0;
	uint32_t i;
	bool own;
	int r = unit_begin(s, &own);

	if (r)
		return r;
	rows_remove(s, T_MAPPED, &m->id, sizeof(m->id));
	rows_remove(s, T_MAPPING, &m->id, sizeof(m->id));
	while (at < rows(s, T_MAPPING) &&
	       ((struct mapping_fact *)row_at(s, T_MAPPING, at))->id < m->id)
		at++;
	r = row_insert(s, T_MAPPING, at, m);
	for (i = 0; i < m->nr_extents && !r; i++, e = e->next) {
		piece = (struct mapping_piece){ m->id, e->fact };
		r = row_insert(s, T_MAPPED, rows(s, T_MAPPED), &piece);
	}
	return unit_end(s, own, r);
}

static int mem_mapping_del(struct store *store, uint64_t id)
{
	rows_remove(mem_of(store), T_MAPPED, &id, sizeof(id));
	rows_remove(mem_of(store), T_MAPPING, &id, sizeof(id));
	return 0;
}

/* Its key is the guest's name with the number behind it. */
#define GUEST_KEY                                                        \
	(offsetof(struct guest_fact, device) +                           \
	 sizeof(((struct guest_fact *)0)->device))

static int mem_guest_put(struct store *store, const struct guest_fact *g)
{
	struct store_mem *s = mem_of(store);
	bool own;
	int r = unit_begin(s, &own);

	return r ? r : unit_end(s, own, row_put(s, T_GUEST, g, GUEST_KEY));
}

static int mem_guest_del(struct store *store, const char *guest,
			 uint32_t device)
{
	struct guest_fact key = { .device = device };

	memcpy(key.guest, guest, strnlen(guest, sizeof(key.guest) - 1));
	rows_remove(mem_of(store), T_GUEST, &key, GUEST_KEY);
	return 0;
}

/* The pieces whose key is @key, as an array. Return: NULL if there is no memory. */
static struct extent_fact *pieces(struct store_mem *s, enum mem_table t,
				  const void *key, size_t len, uint32_t nr)
{
	struct extent_fact *v = calloc(nr ? nr : 1, sizeof(*v));
	size_t i, n = 0;
	void *row;

	for (i = 0; v && i < rows(s, t) && n < nr; i++) {
		row = row_at(s, t, i);
		if (memcmp(row, key, len))
			continue;
		v[n++] = t == T_EXTENT ? ((struct volume_piece *)row)->fact :
					 ((struct mapping_piece *)row)->fact;
	}
	return v;
}

static int load_volume(struct store_mem *s, const struct volume_fact *v,
		       const struct store_reader *rd, void *ctx)
{
	nv_cleanup(nv_freep) struct extent_fact *p = NULL;

	p = pieces(s, T_EXTENT, &v->uuid, sizeof(v->uuid), v->nr_extents);
	return p ? rd->volume(ctx, v, p) : -ENOMEM;
}

static int load_mapping(struct store_mem *s, const struct mapping_fact *m,
			const struct store_reader *rd, void *ctx)
{
	nv_cleanup(nv_freep) struct extent_fact *p = NULL;

	p = pieces(s, T_MAPPED, &m->id, sizeof(m->id), m->nr_extents);
	return p ? rd->mapping(ctx, m, p) : -ENOMEM;
}

static int mem_load(struct store *store, const struct store_reader *rd,
		    void *ctx)
{
	struct store_mem *s = mem_of(store);
	size_t i;
	int r = 0;

	for (i = 0; i < rows(s, T_POOL) && !r && rd->pool; i++)
		r = rd->pool(ctx, row_at(s, T_POOL, i));
	for (i = 0; i < rows(s, T_VOLUME) && !r && rd->volume; i++)
		r = load_volume(s, row_at(s, T_VOLUME, i), rd, ctx);
	for (i = 0; i < rows(s, T_MAPPING) && !r && rd->mapping; i++)
		r = load_mapping(s, row_at(s, T_MAPPING, i), rd, ctx);
	for (i = 0; i < rows(s, T_GUEST) && !r && rd->guest; i++)
		r = rd->guest(ctx, row_at(s, T_GUEST, i));
	return r;
}

static uint64_t mem_last_event(struct store *store)
{
	return mem_of(store)->now.last_event;
}

static int mem_idle(struct store *store)
{
	return 0;
}

static int mem_backup_begin(struct store *store, const char *path,
			    struct store_backup **ret)
{
	return nv_refuse(&store->why, -ENOTSUP, "a book in memory has no file");
}

static int mem_backup_step(struct store_backup *b, uint64_t *done,
			   uint64_t *total)
{
	return -ENOTSUP;
}

static void mem_backup_free(struct store_backup *b)
{
}

static int mem_restore(struct store *store, const char *path)
{
	return nv_refuse(&store->why, -ENOTSUP, "a book in memory has no file");
}

static void mem_free(struct store *store)
{
	struct store_mem *s = mem_of(store);

	state_deinit(&s->now);
	state_deinit(&s->before);
	free(s);
}

static const struct store_ops mem_ops = {
	.load = mem_load,
	.load_bad = mem_load_bad,
	.begin = mem_begin,
	.commit = mem_commit,
	.rollback = mem_rollback,
	.pool_put = mem_pool_put,
	.pool_del = mem_pool_del,
	.volume_put = mem_volume_put,
	.volume_del = mem_volume_del,
	.mapping_put = mem_mapping_put,
	.mapping_del = mem_mapping_del,
	.guest_put = mem_guest_put,
	.guest_del = mem_guest_del,
	.bad_add = mem_bad_add,
	.bad_del = mem_bad_del,
	.fault_add = mem_fault_add,
	.faults = mem_faults,
	.faults_before = mem_faults_before,
	.event_add = mem_event_add,
	.events = mem_events,
	.last_event = mem_last_event,
	.idle = mem_idle,
	.backup_begin = mem_backup_begin,
	.backup_step = mem_backup_step,
	.backup_free = mem_backup_free,
	.restore = mem_restore,
	.free = mem_free,
};

int store_mem_new(struct store **ret)
{
	struct store_mem *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->store.ops = &mem_ops;
	*ret = &s->store;
	return 0;
}
