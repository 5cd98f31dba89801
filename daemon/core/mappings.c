/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/mappings.c - the ledger's mappings: their directions, and finding them.
 */
#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "core/ledger-int.h"

void map_id_set(struct ledger *l, struct extent *e, uint64_t map_id)
{
	hash_del(&l->map_ids, &e->by_map_id);
	e->fact.map_id = map_id;
	if (map_id)
		hash_add(&l->map_ids, &e->by_map_id, hash_u64(map_id));
}

struct extent *ledger_extent_by_map_id(struct ledger *l, uint64_t map_id)
{
	struct hash_node *n;
	struct extent *e;

	for (n = hash_first(&l->map_ids, hash_u64(map_id)); n;
	     n = hash_next(n)) {
		e = nv_container_of(n, struct extent, by_map_id);
		if (e->fact.map_id == map_id)
			return e;
	}
	return NULL;
}

struct mapping *ledger_mapping_next(struct ledger *l, struct mapping *m)
{
	return m ? m->next : l->first;
}

struct mapping *ledger_mapping_in(struct ledger *l, uint32_t domid,
				  struct mapping *m)
{
	struct hash_node *n;

	n = m ? hash_next(&m->by_domid) :
		hash_first(&l->domids, hash_u64(domid));
	for (; n; n = hash_next(n)) {
		m = nv_container_of(n, struct mapping, by_domid);
		if (m->fact.domid == domid)
			return m;
	}
	return NULL;
}

struct mapping *ledger_mapping_at(struct ledger *l, uint32_t domid,
				  uint64_t gfn)
{
	struct mapping *m = NULL;

	while ((m = ledger_mapping_in(l, domid, m)))
		if (gfn >= m->fact.gfn && gfn - m->fact.gfn < m->fact.nr)
			return m;
	return NULL;
}

/* Guest frames are given out in the extents' order. */
static void extents_map(struct mapping *m)
{
	uint64_t gfn = m->fact.gfn;
	struct extent *e;

	for (e = m->extents; e; e = e->next) {
		e->mapping = m;
		e->fact.gfn = gfn;
		gfn += e->fact.nr;
	}
}

static void extents_unmap(struct ledger *l, struct mapping *m)
{
	struct extent *e;

	for (e = m->extents; e; e = e->next) {
		map_id_set(l, e, 0);
		e->mapping = NULL;
		e->fact.gfn = NV_NO_FRAME;
	}
}

struct mapping *mapping_make(struct ledger *l, const struct mapping_fact *fact,
			     struct pool *p, struct volume *v,
			     struct extent *extents)
{
	struct mapping *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fact = *fact;
	m->pool = p;
	m->volume = v;
	m->extents = extents;
	m->fact.nr_extents = extents_count(extents);
	if (!m->fact.id)
		m->fact.id = l->last_mapping + 1;
	l->last_mapping = NV_MAX(l->last_mapping, m->fact.id);
	if (v)
		v->mapping = m;
	extents_map(m);

	hash_add(&l->domids, &m->by_domid, hash_u64(m->fact.domid));
	m->prev = l->last;
	if (l->last)
		l->last->next = m;
	else
		l->first = m;
	l->last = m;
	return m;
}

void mapping_free(struct ledger *l, struct mapping *m)
{
	hash_del(&l->domids, &m->by_domid);
	if (m->prev)
		m->prev->next = m->next;
	else
		l->first = m->next;
	if (m->next)
		m->next->prev = m->prev;
	else
		l->last = m->prev;

	extents_unmap(l, m);
	if (m->volume)
		m->volume->mapping = NULL;
	else
		extents_free(l, m->extents);
	free(m);
}

static void mapping_counts_in(struct mapping *m)
{
	if (pool_placed(m->pool))
		m->pool->mapped += m->fact.nr;
	if (!m->volume)
		m->pool->nr_bare++;
}

/* Its frames are no domain's any more; free if they were bare. */
static void mapping_end(struct ledger *l, struct mapping *m)
{
	if (pool_placed(m->pool))
		m->pool->mapped -= m->fact.nr;
	if (!m->volume) {
		m->pool->nr_bare--;
		extents_give(l, m->extents);
	}
	mapping_free(l, m);
}

int mapping_add_bare(struct ledger *l, const struct mapping_fact *fact,
		     struct pool *p, uint64_t off, struct extent **ret_clash,
		     struct mapping **ret)
{
	struct extent *e = extent_new(p, off, fact->nr);
	struct mapping *m;
	int r;

	if (!e)
		return -ENOMEM;
	r = extents_take(l, e, ret_clash);
	if (r) {
		extents_free(l, e);
		return r;
	}
	m = mapping_make(l, fact, p, NULL, e);
	if (!m) {
		extents_give(l, e);
		extents_free(l, e);
		return -ENOMEM;
	}
	mapping_counts_in(m);
	*ret = m;
	return 0;
}

int mapping_add_volume(struct ledger *l, const struct mapping_fact *fact,
		       struct volume *v, struct mapping **ret)
{
	struct mapping *m = mapping_make(l, fact, v->pool, v, v->extents);

	if (!m)
		return -ENOMEM;
	mapping_counts_in(m);
	*ret = m;
	return 0;
}

void ledger_map_extent(struct ledger *l, struct extent *e, uint64_t map_id)
{
	map_id_set(l, e, map_id);
}

void ledger_map_done(struct ledger *l, struct mapping *m)
{
	assert(m->fact.state == MAPPING_MAPPING);
	m->fact.state = MAPPING_MAPPED;
	m->busy = false;
	if (m->volume)
		m->volume->fact.home_gfn = m->fact.gfn;
}

void ledger_map_abort(struct ledger *l, struct mapping *m)
{
	assert(m->busy && m->fact.state == MAPPING_MAPPING);
	mapping_end(l, m);
}

void ledger_map_undo(struct ledger *l, struct mapping *m)
{
	assert(m->busy && m->fact.state == MAPPING_MAPPING);
	m->fact.state = MAPPING_UNMAPPING;
}

int ledger_unmap_begin(struct ledger *l, struct mapping *m, struct nv_why *why)
{
	if (m->fact.state == MAPPING_UNKNOWN)
		return nv_refuse(why, NV_E_UNKNOWN_EXTENT,
				 "nvdimmd did not map this, and does not know what domain %u does with it",
				 m->fact.domid);
	if (m->busy)
		return nv_refuse(why, NV_E_BUSY, "it is being %s just now",
				 m->fact.state == MAPPING_MAPPING ?
					 "mapped" : "unmapped");
	m->fact.state = MAPPING_UNMAPPING;
	m->busy = true;
	return 0;
}

void ledger_unmap_extent(struct ledger *l, struct extent *e)
{
	map_id_set(l, e, 0);
}

void ledger_unmap_done(struct ledger *l, struct mapping *m)
{
	assert(m->busy);
	if (m->fact.state == MAPPING_UNKNOWN) {
		unknown_release(l, m);
		return;
	}
	assert(m->fact.state == MAPPING_UNMAPPING);
	mapping_end(l, m);
}

void ledger_unmap_cancel(struct ledger *l, struct mapping *m)
{
	assert(m->busy && m->fact.state == MAPPING_UNMAPPING);
	m->fact.state = MAPPING_MAPPED;
	m->busy = false;
}

void ledger_unmap_abort(struct ledger *l, struct mapping *m)
{
	assert(m->busy && m->fact.state == MAPPING_UNMAPPING);
	m->busy = false;
}

int ledger_released(struct ledger *l, uint64_t map_id,
		    struct mapping **ret_gone)
{
	struct extent *e = map_id ? ledger_extent_by_map_id(l, map_id) : NULL;
	struct mapping *m;

	if (!e)
		return NV_E_NO_MAPPING;
	m = e->mapping;
	map_id_set(l, e, 0);
	*ret_gone = NULL;
	for (e = m->extents; e; e = e->next)
		if (e->fact.map_id)
			return 0;
	if (m->busy)
		return 0;
	if (m->fact.state != MAPPING_UNKNOWN)
		m->fact.state = MAPPING_UNMAPPING;
	m->busy = true;
	*ret_gone = m;
	return 0;
}
