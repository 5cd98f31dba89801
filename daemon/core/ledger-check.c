/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/ledger-check.c - does everything hold that the ledger says always holds?
 */
#include <string.h>

#include "core/ledger-int.h"

/* What a walk over the maps adds up to, for one pool. */
struct sums {
	uint64_t free, free_bad, allocated, bare, bad, longest;
	bool below; /* something is free below the lowest that is */
};

#define CHECK(cond, ...)                                              \
	do {                                                          \
		if (!(cond))                                          \
			return nv_refuse(why, -EUCLEAN, __VA_ARGS__); \
	} while (0)

static int check_extent_painted(struct ledger *l, const struct extent *e,
				struct nv_why *why)
{
	struct rangemap_range r;

	CHECK(e->fact.nr, "an extent is empty");
	if (!pool_placed(e->pool)) {
		CHECK(!e->tag, "an extent of a missing pool has a tag");
		CHECK(!e->bad, "an extent of a missing pool has bad frames");
		return 0;
	}
	CHECK(frames_contain(0, e->pool->site.nr, e->fact.off, e->fact.nr),
	      "an extent is not in its pool");
	r = rangemap_find(l->own, ledger_extent_mfn(e));
	CHECK(e->tag != NO_SLOT && r.tag == e->tag,
	      "an extent's frames have tag %u, its own is %u", r.tag, e->tag);
	CHECK(r.start == ledger_extent_mfn(e) && r.end - r.start == e->fact.nr,
	      "an extent's frames are not all of its tag's");
	CHECK(l->slots[e->tag].kind == SLOT_EXTENT &&
		      l->slots[e->tag].extent == e,
	      "tag %u is not its extent's", e->tag);
	CHECK(e->bad == ledger_bad_count(l, r.start, e->fact.nr),
	      "an extent miscounts its bad frames");
	return 0;
}

static int check_volume(struct ledger *l, struct volume *v, struct nv_why *why)
{
	const struct extent *e;
	uint64_t nr = 0;
	int r;

	for (e = v->extents; e; e = e->next) {
		r = check_extent_painted(l, e, why);
		if (r)
			return r;
		CHECK(e->volume == v || v->busy, "an extent has two volumes");
		CHECK(e->pool == v->pool, "a volume has two pools");
		CHECK(e->mapping == v->mapping,
		      "an extent is mapped apart from its volume");
		CHECK(v->busy || !extent_adjoins_next(e),
		      "two extents in a row are not one");
		nr += e->fact.nr;
	}
	CHECK(nr && nr == v->fact.nr, "volume '%s' miscounts its frames",
	      v->fact.name);
	CHECK(v->fact.nr_extents == extents_count(v->extents),
	      "volume '%s' miscounts its extents", v->fact.name);
	CHECK(ledger_volume_by_uuid(l, &v->fact.uuid) == v,
	      "volume '%s' cannot be found", v->fact.name);
	CHECK(!v->mapping || v->fact.state == VOLUME_READY,
	      "volume '%s' is mapped and not ready", v->fact.name);
	CHECK(!v->mapping || v->mapping->volume == v,
	      "volume '%s' is in a mapping of another", v->fact.name);
	return 0;
}

static int check_mapping(struct ledger *l, struct mapping *m,
			 struct nv_why *why)
{
	uint64_t gfn = m->fact.gfn, nr = 0;
	const struct extent *e;
	int r;

	for (e = m->extents; e; e = e->next) {
		CHECK(e->mapping == m, "an extent has another mapping");
		CHECK(e->fact.gfn == gfn, "a mapping has a gap");
		CHECK(!e->fact.map_id ||
			      ledger_extent_by_map_id(l, e->fact.map_id),
		      "a map_id cannot be found");
		gfn += e->fact.nr;
		nr += e->fact.nr;
	}
	CHECK(nr == m->fact.nr, "a mapping miscounts its frames");
	if (m->fact.state == MAPPING_UNKNOWN) {
		for (e = m->held; e; e = e->next) {
			r = check_extent_painted(l, e, why);
			if (r)
				return r;
		}
		return 0;
	}
	CHECK(!m->held, "a known mapping holds more than its own");
	if (m->volume) {
		CHECK(m->volume->mapping == m, "a volume has two mappings");
		CHECK(m->extents == m->volume->extents,
		      "a mapping has other extents than its volume");
		return 0;
	}
	CHECK(!m->extents->volume, "a bare range is a volume's");
	return check_extent_painted(l, m->extents, why);
}

static struct sums sum_pool(struct ledger *l, const struct pool *p)
{
	struct rangemap_walk w, h;
	struct rangemap_range r, ok;
	struct sums s = { .free = 0 };
	struct owner o;
	uint64_t bad;

	w = rangemap_walk(l->own, p->site.mfn, p->site.mfn + p->site.nr);
	while (rangemap_next(&w, &r)) {
		bad = ledger_bad_count(l, r.start, r.end - r.start);
		o = ledger_tag_owner(l, r.tag);
		s.bad += bad;
		if (o.extent && o.extent->volume)
			s.allocated += r.end - r.start;
		else if (o.extent)
			s.bare += r.end - r.start;
		if (o.extent)
			continue;
		s.below |= r.start < p->lowest_free;
		s.free += r.end - r.start - bad;
		s.free_bad += bad;
		h = rangemap_walk(l->health, r.start, r.end);
		while (rangemap_next(&h, &ok))
			if (ok.tag == HEALTH_OK)
				s.longest = NV_MAX(s.longest,
						   ok.end - ok.start);
	}
	return s;
}

static uint64_t sum_mapped(struct ledger *l, const struct pool *p)
{
	const struct extent *e;
	struct mapping *m;
	uint64_t nr = 0;

	for (m = l->first; m; m = m->next) {
		if (m->pool == p)
			nr += m->fact.nr;
		for (e = m->held; e; e = e->next)
			if (e->pool == p)
				nr += e->fact.nr;
	}
	return nr;
}

static int check_pool(struct ledger *l, struct pool *p, struct nv_why *why)
{
	const char *name = p->fact.name;
	uint32_t nr_volumes = 0;
	struct volume *v;
	struct sums s;
	int r;

	for (v = p->volumes; v; v = v->pool_next, nr_volumes++) {
		r = check_volume(l, v, why);
		if (r)
			return r;
	}
	CHECK(nr_volumes == p->nr_volumes, "pool %s miscounts volumes", name);
	CHECK(!p->next || strcmp(name, p->next->fact.name) < 0,
	      "pools are not in order at %s", name);
	CHECK(pool_placed(p) ==
		      (p->state == POOL_ONLINE || p->state == POOL_NOT_ARMED),
	      "pool %s has frames, or has none, against its state", name);
	if (!pool_placed(p)) {
		CHECK(!p->free && !p->free_bad && !p->allocated && !p->bare &&
			      !p->mapped && !p->bad,
		      "pool %s counts frames that it does not have", name);
		return 0;
	}
	s = sum_pool(l, p);
	CHECK(s.free == p->free && s.free_bad == p->free_bad,
	      "pool %s miscounts free frames", name);
	CHECK(s.allocated == p->allocated && s.bare == p->bare,
	      "pool %s miscounts frames in use", name);
	CHECK(!s.below, "pool %s has free frames lower than it says", name);
	CHECK(s.bad == p->bad, "pool %s miscounts bad frames", name);
	CHECK(s.free + s.free_bad + s.allocated + s.bare == p->site.nr,
	      "pool %s does not add up", name);
	CHECK(sum_mapped(l, p) == p->mapped,
	      "pool %s miscounts mapped frames", name);
	CHECK(p->largest_stale || p->largest_free == s.longest,
	      "pool %s has a longer free run than it says", name);
	return 0;
}

/* Every tag on the map means something, and something that has frames there. */
static int check_tags(struct ledger *l, struct nv_why *why)
{
	struct rangemap_walk w = rangemap_walk(l->own, 0, RANGEMAP_END);
	struct rangemap_range r;
	const struct pool *p;

	while (rangemap_next(&w, &r)) {
		if (r.tag == NO_SLOT)
			continue;
		CHECK(r.tag < l->nr_slots &&
			      l->slots[r.tag].kind != SLOT_FREE,
		      "frames have tag %u, which is nobody's", r.tag);
		p = ledger_tag_owner(l, r.tag).pool;
		CHECK(frames_contain(p->site.mfn, p->site.nr, r.start,
				     r.end - r.start),
		      "pool %s has frames that it should not have",
		      p->fact.name);
	}
	return 0;
}

int ledger_check(struct ledger *l, struct nv_why *why)
{
	struct mapping *m;
	struct pool *p;
	int r;

	CHECK(rangemap_check(l->own) && rangemap_check(l->health),
	      "a range map is damaged");
	r = check_tags(l, why);
	if (r)
		return r;
	for (p = l->pools; p; p = p->next) {
		r = check_pool(l, p, why);
		if (r)
			return r;
	}
	for (m = l->first; m; m = m->next) {
		r = check_mapping(l, m, why);
		if (r)
			return r;
	}
	return guests_check(l, why);
}
