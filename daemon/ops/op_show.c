/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_show.c - pools, volumes and mappings, as people see them.
 */
#include "ops/op_show.h"

#include <string.h>

#include "core/topo.h"

static enum view_pool_state pool_state(const struct pool *p)
{
	switch (p->state) {
	case POOL_MISSING:
		return VIEW_POOL_MISSING;
	case POOL_REFUSED:
		return VIEW_POOL_REFUSED;
	case POOL_NOT_ARMED:
		return VIEW_POOL_NOT_ARMED;
	case POOL_ONLINE:
		break;
	}
	return VIEW_POOL_ONLINE;
}

void show_pool(struct nvd *nvd, struct pool *p, struct view_pool *ret)
{
	view_text_set(ret->name, sizeof(ret->name), p->fact.name);
	nv_uuid_print(&p->fact.uuid, ret->uuid);
	view_text_set(ret->device, sizeof(ret->device), p->fact.device);
	view_text_set(ret->region, sizeof(ret->region), p->fact.region);
	ret->state = pool_state(p);
	view_text_set(ret->reason, sizeof(ret->reason), p->reason);
	ret->spa = frames_to_bytes(p->fact.mfn);
	ret->size = frames_to_bytes(p->fact.nr);
	ret->free = frames_to_bytes(p->free);
	ret->largest_free = p->site.nr ? frames_to_bytes(ledger_largest_free(nvd->ledger, p)) : 0;
	ret->allocated = frames_to_bytes(p->allocated);
	ret->mapped = frames_to_bytes(p->mapped);
	ret->bad = frames_to_bytes(p->bad);
	ret->volumes = p->nr_volumes;
	ret->numa_node = p->site.nr ? p->site.numa_node : -1;
	view_text_set(ret->persistence_domain, sizeof(ret->persistence_domain),
		      p->site.nr ? p->site.persistence : "unknown");
	ret->read_only = p->site.read_only;
	ledger_pool_cells(nvd->ledger, p, ret->map);
}

int show_mapping(struct nvd *nvd, const struct mapping *m, struct view_mapping *ret)
{
	static const enum view_mapping_state states[] = {
		[MAPPING_MAPPING] = VIEW_MAPPING_MAPPING,
		[MAPPING_MAPPED] = VIEW_MAPPING_MAPPED,
		[MAPPING_UNMAPPING] = VIEW_MAPPING_UNMAPPING,
		[MAPPING_UNKNOWN] = VIEW_MAPPING_UNKNOWN,
	};
	const struct extent *e;
	uint64_t bad = 0;
	int r;

	for (e = m->extents; e; e = e->next) {
		bad += e->bad;
		if (!e->fact.map_id)
			continue;
		r = view_mapping_add_id(ret, e->fact.map_id);
		if (r)
			return r;
	}
	ret->domid = m->fact.domid;
	view_text_set(ret->domain, sizeof(ret->domain), m->fact.domain);
	nv_uuid_print(&m->fact.handle, ret->domain_uuid);
	if (m->volume)
		view_text_set(ret->volume, sizeof(ret->volume), m->volume->fact.name);
	if (m->pool)
		view_text_set(ret->pool, sizeof(ret->pool), m->pool->fact.name);
	if (m->fact.state == MAPPING_UNKNOWN)
		ret->spa = frames_to_bytes(m->mfn);
	else if (m->pool->site.nr)
		ret->spa = frames_to_bytes(ledger_extent_mfn(m->extents));
	ret->gpa = frames_to_bytes(m->fact.gfn);
	ret->size = frames_to_bytes(m->fact.nr);
	ret->bad = frames_to_bytes(bad);
	ret->state = states[m->fact.state];
	return 0;
}

int show_volume(struct nvd *nvd, const struct volume *v, struct view_volume *ret)
{
	const struct extent *e;
	struct view_extent *x;
	bool missing = ledger_volume_missing(v);

	view_text_set(ret->name, sizeof(ret->name), v->fact.name);
	nv_uuid_print(&v->fact.uuid, ret->uuid);
	view_text_set(ret->pool, sizeof(ret->pool), v->pool->fact.name);
	view_text_set(ret->owner, sizeof(ret->owner), v->fact.owner);
	ret->size = frames_to_bytes(v->fact.nr);
	ret->align = frames_to_bytes(v->fact.align);
	ret->bad = frames_to_bytes(ledger_volume_bad(v));
	ret->state = missing				  ? VIEW_VOLUME_MISSING :
		     v->fact.state == VOLUME_DELETING ? VIEW_VOLUME_DELETING :
							 VIEW_VOLUME_READY;
	ret->created = (uint64_t)v->fact.created_us;
	for (e = v->extents; e; e = e->next) {
		x = view_volume_add_extent(ret);
		if (!x)
			return -ENOMEM;
		x->pool_offset = frames_to_bytes(e->fact.off);
		x->spa = missing ? 0 : frames_to_bytes(ledger_extent_mfn(e));
		x->size = frames_to_bytes(e->fact.nr);
		x->bad = frames_to_bytes(e->bad);
	}
	ret->has_mapping = v->mapping;
	return v->mapping ? show_mapping(nvd, v->mapping, &ret->mapping) : 0;
}

static bool ns_is_pool(struct nvd *nvd, const struct topo_ns *ns)
{
	return ledger_pool_by_uuid(nvd->ledger, &ns->id);
}

static int show_candidate(const struct topo_place *place, struct view_candidates *ret)
{
	struct view_candidate *c = view_candidates_add(ret);
	const struct topo_ns *ns = place->ns;
	struct nv_why why = { "" };
	struct frames common;
	uint64_t bad = 0;
	size_t i;

	if (!c)
		return -ENOMEM;
	view_text_set(c->device, sizeof(c->device), ns->name);
	nv_uuid_print(&ns->id, c->uuid);
	view_text_set(c->mode, sizeof(c->mode), topo_mode_name(ns->mode));
	view_text_set(c->region, sizeof(c->region), place->region->name);
	c->spa = ns->spa;
	c->size = ns->size;
	for (i = 0; i < place->region->nr_bad; i++) {
		common = frames_common(frames_from_bytes(ns->spa), frames_from_bytes(ns->size),
				       frames_from_bytes(place->region->spa + place->region->bad[i].offset),
				       place->region->bad[i].nr);
		bad += common.nr;
	}
	c->bad = frames_to_bytes(bad);
	c->usable = !topo_check_pool(place, &why) && !topo_check_idle(ns, &why);
	view_text_set(c->reason, sizeof(c->reason), why.text);
	return 0;
}

static int show_candidates(struct nvd *nvd, struct view_candidates *ret)
{
	const struct topo *t = nvd->topology;
	struct topo_place place;
	size_t i, j;
	int r = 0;

	for (i = 0; t && i < t->nr_regions && !r; i++)
		for (j = 0; j < t->regions[i].nr_namespaces && !r; j++) {
			place.region = &t->regions[i];
			place.ns = &t->regions[i].namespaces[j];
			if (!ns_is_pool(nvd, place.ns))
				r = show_candidate(&place, ret);
		}
	return r;
}

static int no_memory(struct nv_why *why)
{
	return nv_refuse(why, -ENOMEM, "no memory");
}

int show_pools(struct nvd *nvd, struct view_pools *ret)
{
	struct view_pool *v;
	struct pool *p;

	for (p = ledger_pool_next(nvd->ledger, NULL); p; p = ledger_pool_next(nvd->ledger, p)) {
		v = view_pools_add(ret);
		if (!v)
			return -ENOMEM;
		show_pool(nvd, p, v);
	}
	return 0;
}

int op_show_pools(struct nvd *nvd, struct nv_why *why, struct view_pools *ret, struct view_candidates *ret_candidates)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	memset(ret_candidates, 0, sizeof(*ret_candidates));
	r = show_pools(nvd, ret);
	if (!r)
		r = show_candidates(nvd, ret_candidates);
	return r ? no_memory(why) : 0;
}

int op_show_pool(struct nvd *nvd, const struct nv_uuid *pool, struct nv_why *why, struct view_pool *ret)
{
	struct pool *p = ledger_pool_by_uuid(nvd->ledger, pool);
	char text[NV_UUID_TEXT];

	memset(ret, 0, sizeof(*ret));
	if (!p)
		return nv_refuse(why, NV_E_NO_POOL, "there is no pool %s", nv_uuid_print(pool, text));
	show_pool(nvd, p, ret);
	return 0;
}

int op_show_volumes(struct nvd *nvd, struct nv_why *why, struct view_volumes *ret)
{
	struct view_volume *to;
	struct volume *v;

	memset(ret, 0, sizeof(*ret));
	for (v = ledger_volume_next(nvd->ledger, NULL); v; v = ledger_volume_next(nvd->ledger, v)) {
		/* Parts of a resize, and what is not promised to anybody yet. */
		if (!v->fact.name[0] || v->fact.state == VOLUME_CREATING)
			continue;
		to = view_volumes_add(ret);
		if (!to || show_volume(nvd, v, to))
			return no_memory(why);
	}
	return 0;
}

int op_show_volume(struct nvd *nvd, const char *volume, struct nv_why *why, struct view_volume *ret)
{
	struct volume *v;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = ledger_volume_find(nvd->ledger, volume, why, &v);
	if (r)
		return r;
	return show_volume(nvd, v, ret) ? no_memory(why) : 0;
}

int op_show_mapping(struct nvd *nvd, uint64_t mapping, struct nv_why *why, struct view_mapping *ret)
{
	struct mapping *m;

	memset(ret, 0, sizeof(*ret));
	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m))
		if (m->fact.id == mapping)
			return show_mapping(nvd, m, ret) ? no_memory(why) : 0;
	return nv_refuse(why, NV_E_NO_MAPPING, "the mapping is gone already");
}
