/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/map.c - may this be mapped there? The ledger's answer to a request.
 */
#include <string.h>

#include "base/size.h"
#include "core/ledger-int.h"

static int check_pool(const struct pool *p, struct nv_why *why)
{
	if (p->state == POOL_ONLINE && !p->busy)
		return 0;
	if (p->busy)
		return nv_refuse(why, NV_E_BUSY,
				 "the pool %s is just being added or released",
				 p->fact.name);
	if (p->state == POOL_NOT_ARMED)
		return nv_refuse(why, NV_E_NO_REGION,
				 "the pool %s is not ready: the hypervisor does not have its bad list yet",
				 p->fact.name);
	return nv_refuse(why, NV_E_NO_REGION, "the pool %s is %s%s%s",
			 p->fact.name,
			 p->state == POOL_MISSING ? "not on this host" :
						    "refused",
			 p->reason[0] ? ": " : "", p->reason);
}

static int check_owner(const struct volume *v, const struct map_request *req,
		       struct nv_why *why)
{
	const char *owner = v->fact.owner;
	char text[NV_UUID_TEXT];
	struct nv_uuid uuid;

	if (!*owner || req->force_owner)
		return 0;
	if (!strncmp(owner, "uuid:", 5) && !nv_uuid_parse(owner + 5, &uuid) &&
	    nv_uuid_equal(&uuid, &req->handle))
		return 0;
	if (!strncmp(owner, "name:", 5) && req->domain &&
	    !strcmp(owner + 5, req->domain))
		return 0;
	return nv_refuse(why, NV_E_NOT_OWNER,
			 "the volume %s belongs to %s, and domain %u is '%s' with UUID %s",
			 v->fact.name, owner, req->domid,
			 req->domain ? req->domain : "",
			 nv_uuid_print(&req->handle, text));
}

static int check_volume(struct ledger *l, const struct map_request *req,
			struct nv_why *why)
{
	const struct volume *v = req->volume;
	int r;

	if (v->mapping)
		return nv_refuse(why, NV_E_ALREADY_MAPPED,
				 "the volume %s is in domain %u%s%s already",
				 v->fact.name, v->mapping->fact.domid,
				 v->mapping->fact.domain[0] ? ", " : "",
				 v->mapping->fact.domain);
	if (v->fact.state != VOLUME_READY)
		return nv_refuse(why, NV_E_VOLUME_BUSY,
				 "the volume %s is being %s", v->fact.name,
				 v->fact.state == VOLUME_CREATING ? "created" :
								    "deleted");
	r = volume_check_free(l, v, why);
	return r ? r : check_owner(v, req, why);
}

static int refuse_owned(const struct pool *p, const struct owner *o,
			uint64_t mfn, struct nv_why *why)
{
	char at[NV_SIZE_TEXT];

	nv_size_print_exact(frames_to_bytes(mfn - p->site.mfn), at);
	if (o->extent->volume)
		return nv_refuse(why, NV_E_POOL_IN_USE,
				 "offset %s of the pool %s belongs to the volume '%s'",
				 at, p->fact.name,
				 o->extent->volume->fact.name);
	return nv_refuse(why, NV_E_ALREADY_MAPPED,
			 "offset %s of the pool %s is in domain %u already", at,
			 p->fact.name, o->extent->mapping->fact.domid);
}

/* All of it free, and none of it bad. */
static int check_bare_frames(struct ledger *l, const struct pool *p,
			     uint64_t mfn, uint64_t nr, struct nv_why *why)
{
	struct rangemap_walk w = rangemap_walk(l->own, mfn, mfn + nr);
	char at[NV_SIZE_TEXT];
	struct rangemap_range r;
	struct frames bad;
	struct owner o;

	while (rangemap_next(&w, &r)) {
		o = ledger_tag_owner(l, r.tag);
		if (o.extent)
			return refuse_owned(p, &o, r.start, why);
	}
	if (!ledger_bad_next(l, mfn, mfn + nr, &bad))
		return 0;
	return nv_refuse(why, NV_E_BROKEN,
			 "%llu frames at offset %s of the pool %s are bad",
			 (unsigned long long)bad.nr,
			 nv_size_print_exact(
				 frames_to_bytes(bad.mfn - p->site.mfn), at),
			 p->fact.name);
}

static int check_aligned(uint64_t bytes, uint64_t unit, int code,
			 const char *what, struct nv_why *why)
{
	char down[NV_SIZE_TEXT], up[NV_SIZE_TEXT], of[NV_SIZE_TEXT];

	if (nv_is_aligned(bytes, unit))
		return 0;
	nv_size_print_exact(nv_align_down(bytes, unit), down);
	if (bytes > UINT64_MAX - unit)
		return nv_refuse(why, code, "%s 0x%llx is no multiple of %s",
				 what, (unsigned long long)bytes,
				 nv_size_print_exact(unit, of));
	return nv_refuse(why, code,
			 "%s 0x%llx is no multiple of %s: the nearest are %s and %s",
			 what, (unsigned long long)bytes,
			 nv_size_print_exact(unit, of), down,
			 nv_size_print_exact(nv_align_down(bytes, unit) + unit,
					     up));
}

static int check_bare(struct ledger *l, const struct map_request *req,
		      struct nv_why *why)
{
	uint64_t unit = frames_to_bytes(NV_2M_FRAMES);
	uint64_t off = frames_from_bytes(req->offset_bytes);
	uint64_t nr = frames_from_bytes(req->size_bytes);
	const struct pool *p = req->pool;
	char end[NV_SIZE_TEXT];
	int r;

	r = check_aligned(req->offset_bytes, unit, NV_E_BAD_ALIGNMENT,
			  "offset", why);
	if (!r)
		r = check_aligned(req->size_bytes, unit, NV_E_BAD_SIZE, "size",
				  why);
	if (r)
		return r;
	if (!nr)
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "a size of 0 maps nothing, the smallest is 2 MiB");
	if (!frames_contain(0, p->site.nr, off, nr))
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "the pool %s ends at %s", p->fact.name,
				 nv_size_print_exact(
					 frames_to_bytes(p->site.nr), end));
	return check_bare_frames(l, p, p->site.mfn + off, nr, why);
}

int map_check_gpa(const struct volume *v, uint64_t gpa, uint64_t nr,
		  struct nv_why *why)
{
	uint64_t unit = NV_2M_FRAMES, down;
	char of[NV_SIZE_TEXT];

	if (v)
		unit = NV_MIN(v->fact.align, unit);
	unit = frames_to_bytes(unit);
	down = nv_align_down(gpa, unit);
	if (gpa != down)
		return nv_refuse(why, NV_E_BAD_ALIGNMENT,
				 "guest address 0x%llx is not aligned to %s: the nearest are 0x%llx and 0x%llx",
				 (unsigned long long)gpa,
				 nv_size_print_exact(unit, of),
				 (unsigned long long)down,
				 (unsigned long long)(down + unit));
	if (!frames_valid(frames_from_bytes(gpa), nr))
		return nv_refuse(why, NV_E_GPA_LIMIT,
				 "guest address 0x%llx is too near the end of what an address can be",
				 (unsigned long long)gpa);
	return 0;
}

static int check_gpa(struct ledger *l, const struct map_request *req,
		     uint64_t nr, struct nv_why *why)
{
	uint64_t gfn = frames_from_bytes(req->gpa);
	struct mapping *m = NULL;
	int r;

	r = map_check_gpa(req->volume, req->gpa, nr, why);
	if (r)
		return r;
	while ((m = ledger_mapping_in(l, req->domid, m)))
		if (nv_uuid_equal(&m->fact.handle, &req->handle) &&
		    frames_overlap(gfn, nr, m->fact.gfn, m->fact.nr))
			return nv_refuse(why, NV_E_GFN_OCCUPIED,
					 "domain %u has %s at guest addresses 0x%llx to 0x%llx",
					 req->domid,
					 m->volume ? m->volume->fact.name :
						     "another range",
					 (unsigned long long)frames_to_bytes(
						 m->fact.gfn),
					 (unsigned long long)frames_to_bytes(
						 m->fact.gfn + m->fact.nr) - 1);
	return 0;
}

static int map_check(struct ledger *l, const struct map_request *req,
		     struct pool *p, uint64_t nr, struct nv_why *why)
{
	int r;

	r = req->volume ? check_volume(l, req, why) : 0;
	if (!r)
		r = check_pool(p, why);
	if (!r && !req->volume)
		r = check_bare(l, req, why);
	if (!r)
		r = check_gpa(l, req, nr, why);
	return r;
}

int ledger_map_begin(struct ledger *l, const struct map_request *req,
		     struct nv_why *why, struct mapping **ret)
{
	struct pool *p = req->volume ? req->volume->pool : req->pool;
	struct mapping_fact fact = { .boot_id = l->boot_id,
				     .pool = p->fact.uuid,
				     .handle = req->handle,
				     .gfn = frames_from_bytes(req->gpa),
				     .domid = req->domid,
				     .state = MAPPING_MAPPING };
	struct extent *clash;
	struct mapping *m;
	int r;

	fact.nr = req->volume ? req->volume->fact.nr :
				frames_from_bytes(req->size_bytes);
	r = unknown_hold_all(l);
	if (!r)
		r = map_check(l, req, p, fact.nr, why);
	if (r)
		return r;
	text_set(fact.domain, sizeof(fact.domain),
		 req->domain ? req->domain : "");
	if (req->volume) {
		fact.volume = req->volume->fact.uuid;
		r = mapping_add_volume(l, &fact, req->volume, &m);
	} else {
		r = mapping_add_bare(l, &fact, p,
				     frames_from_bytes(req->offset_bytes),
				     &clash, &m);
	}
	if (r)
		return r;
	m->busy = true;
	*ret = m;
	return 0;
}

/* The extents in the book's row against those of the volume in the ledger. */
static bool extents_match(const struct extent *e,
			  const struct extent_fact *facts, uint32_t nr)
{
	uint32_t i;

	for (i = 0; i < nr && e; i++, e = e->next)
		if (e->fact.off != facts[i].off || e->fact.nr != facts[i].nr)
			return false;
	return i == nr && !e;
}

static int load_check(const struct mapping_fact *fact,
		      const struct extent_fact *facts, const struct pool *p,
		      struct nv_why *why)
{
	if (!p)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "mapping %llu is of a pool that the book does not have",
				 (unsigned long long)fact->id);
	if (fact->state < MAPPING_MAPPING || fact->state > MAPPING_UNMAPPING ||
	    !fact->id || !fact->nr_extents ||
	    !frames_valid(fact->gfn, fact->nr) ||
	    !frames_valid(facts[0].off, facts[0].nr))
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "mapping %llu makes no sense",
				 (unsigned long long)fact->id);
	return 0;
}

int ledger_map_load(struct ledger *l, const struct mapping_fact *fact,
		    const struct extent_fact *facts, struct nv_why *why,
		    struct mapping **ret)
{
	struct pool *p = ledger_pool_by_uuid(l, &fact->pool);
	struct extent *e, *clash;
	struct mapping *m;
	struct volume *v;
	uint32_t i;
	int r;

	r = load_check(fact, facts, p, why);
	if (r)
		return r;
	if (nv_uuid_is_zero(&fact->volume)) {
		r = fact->nr_extents != 1 || facts[0].nr != fact->nr ?
			    NV_E_BAD_BOOK :
			    mapping_add_bare(l, fact, p, facts[0].off, &clash,
					     &m);
	} else {
		v = ledger_volume_by_uuid(l, &fact->volume);
		r = !v || v->mapping || v->fact.nr != fact->nr ||
				    !extents_match(v->extents, facts,
						   fact->nr_extents) ?
			    NV_E_BAD_BOOK :
			    mapping_add_volume(l, fact, v, &m);
	}
	if (r > 0)
		return nv_refuse(why, r,
				 "mapping %llu does not fit the volume or range that it is of",
				 (unsigned long long)fact->id);
	if (r)
		return r;
	for (i = 0, e = m->extents; e; e = e->next, i++)
		map_id_set(l, e, facts[i].map_id);
	*ret = m;
	return 0;
}
