/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_map.c - a volume, or a bare range, comes into a domain.
 *
 *	ledger  MAPPING: the frames are this domain's, or a refusal
 *	book    MAPPING
 *	hv      MAP, one chunk per turn, extent by extent
 *	book    MAPPED, with its line in the history
 *	ledger  MAPPED
 *
 * All extents or none: any failure walks the same line backwards as an unmap.
 * Dying anywhere: the next start finds MAPPING, and what is not whole in the
 * hypervisor is undone.
 */
#include <stdio.h>
#include <string.h>

#include "ops/op_device.h"
#include "ops/op_unmap.h"

struct op_map {
	struct op op;
	struct mapping *mapping;
	struct extent *extent; /* being mapped */
	struct hv_map chunk;
	uint64_t before;       /* frames of the extents already in */
	/* A failed map: what failed, and the way back. */
	struct unmap_walk back;
	struct nv_why failed_why;
	int failed;
	struct nv_why known;   /* a failure in these words is no news */
};

/* What the hypervisor's no means here. Its errors: public/nvdimm.h, map. */
static int map_refusal(const struct op_map *o, int r, struct nv_why *why)
{
	const struct mapping *m = o->mapping;
	char dom[DOMAIN_PRINT];

	domain_print(m->fact.domid, m->fact.domain, dom, sizeof(dom));
	switch (r) {
	case -ESRCH:
	case -ECANCELED:
		return nv_refuse(why, NV_E_DYING, "%s is dying or gone", dom);
	case -EOPNOTSUPP:
		return nv_refuse(why, NV_E_WRONG_DOMAIN,
				 "%s is not an HVM or PVH guest with hardware assisted paging, or log-dirty or altp2m is on",
				 dom);
	case -EEXIST:
		return nv_refuse(why, NV_E_GFN_OCCUPIED, "%s has something at guest address 0x%llx already", dom,
				 (unsigned long long)frames_to_bytes(o->chunk.gfn));
	case -ERANGE:
		return nv_refuse(why, NV_E_GPA_LIMIT, "guest address 0x%llx is beyond the address width of %s",
				 (unsigned long long)frames_to_bytes(m->fact.gfn + m->fact.nr), dom);
	case -EIO:
		return nv_refuse(why, NV_E_BROKEN, "the hypervisor knows of broken frames in the range");
	case -EBUSY:
		return nv_refuse(why, NV_E_UNKNOWN_EXTENT,
				 "the hypervisor has frames of it mapped that no record here explains");
	case -ENOSPC:
		return nv_refuse(why, NV_E_LIMIT, "the hypervisor has no room for another mapping");
	case -ENOMEM:
		return nv_refuse(why, NV_E_HYPERVISOR, "the hypervisor has no memory for the page tables");
	default:
		return nvd_hv(o->op.nvd, r, "map", why);
	}
}

static void map_chunk_begin(struct op_map *o)
{
	const struct mapping_fact *f = &o->mapping->fact;
	const struct extent *e = o->extent;
	uint64_t mfn = ledger_extent_mfn(e);

	o->chunk = (struct hv_map){
		.domid = f->domid,
		.uuid = f->handle,
		.small = !nv_is_aligned(mfn | e->fact.gfn | e->fact.nr, NV_2M_FRAMES),
		/* One bad page must not cost a guest its volume. */
		.skip_broken = o->mapping->volume,
		.mfn = mfn,
		.gfn = e->fact.gfn,
		.nr = e->fact.nr,
	};
}

static int map_back_step(struct op_map *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct mapping *m = o->mapping;
	struct event_fact e;
	char dom[DOMAIN_PRINT];
	uint64_t done;
	int r;

	r = unmap_walk_step(nvd, &o->back, why, &done);
	if (r == OP_MORE)
		return r;
	if (r) {
		ledger_unmap_abort(nvd->ledger, m);
	} else {
		e = history_event(EVENT_WARNING, "map-failed", "mapping into %s failed: %s",
				  domain_print(m->fact.domid, m->fact.domain, dom, sizeof(dom)), o->failed_why.text);
		history_at_mapping(&e, m);
		unmap_finish(nvd, m, strcmp(o->known.text, o->failed_why.text) ? &e : NULL, NULL);
	}
	nvd->count.refusals++;
	if (why)
		*why = o->failed_why;
	return o->failed;
}

static int map_fail(struct op_map *o, int r)
{
	o->failed = map_refusal(o, r, &o->failed_why);
	ledger_map_undo(o->op.nvd->ledger, o->mapping);
	unmap_walk_begin(&o->back, o->mapping);
	return OP_MORE;
}

/* The guest is to find it there again, whatever is mapped before it then. */
static int map_write_home(struct nvd *nvd, const struct mapping *m)
{
	struct volume_fact fact = m->volume->fact;

	fact.home_gfn = m->fact.gfn;
	return store_volume_put(nvd->store, &fact, m->volume->extents);
}

static int map_finish(struct op_map *o)
{
	struct nvd *nvd = o->op.nvd;
	struct mapping *m = o->mapping;
	struct mapping_fact fact = m->fact;
	struct event_fact e;
	char dom[DOMAIN_PRINT];
	int r;

	e = history_event(EVENT_INFO, "mapped", "%s%s was mapped into %s at 0x%llx",
			  m->volume ? "volume " : "a range", m->volume ? m->volume->fact.name : "",
			  domain_print(fact.domid, fact.domain, dom, sizeof(dom)),
			  (unsigned long long)frames_to_bytes(fact.gfn));
	history_at_mapping(&e, m);
	fact.state = MAPPING_MAPPED;
	/*
	 * The hypervisor is the home of this fact. If the book cannot be told,
	 * it says MAPPING, and the next start finds the mapping whole.
	 */
	r = store_begin(nvd->store, STORE_LAZY);
	if (!r)
		r = store_mapping_put(nvd->store, &fact, m->extents);
	if (!r && m->volume && m->volume->fact.home_gfn != fact.gfn)
		r = map_write_home(nvd, m);
	if (!r)
		r = history_write(nvd, &e);
	if (!r)
		r = store_commit(nvd->store);
	nvd_book(nvd, r, NULL);
	ledger_map_done(nvd->ledger, m);
	o->op.mapping = m->fact.id;
	nvd->count.maps++;
	device_changed(nvd, fact.domid);
	history_tell(nvd, &e);
	return 0;
}

static int map_step(struct op *op, struct nv_why *why)
{
	struct op_map *o = nv_container_of(op, struct op_map, op);
	bool known = o->chunk.map_id;
	int r;

	if (o->failed)
		return map_back_step(o, why);

	r = hv_map(op->nvd->hv, &o->chunk);
	if (r && r != HV_MORE)
		return map_fail(o, r);
	if (!known)
		ledger_map_extent(op->nvd->ledger, o->extent, o->chunk.map_id);
	op->progress.done = frames_to_bytes(o->before + o->chunk.done);
	if (r == HV_MORE)
		return OP_MORE;

	o->before += o->extent->fact.nr;
	o->extent = o->extent->next;
	if (!o->extent)
		return map_finish(o);
	map_chunk_begin(o);
	return OP_MORE;
}

static void map_free(struct op *op)
{
	free(nv_container_of(op, struct op_map, op));
}

static const struct op_ops map_ops = { .name = "map", .step = map_step, .free = map_free };

static int map_check_domain(const struct dom_info *d, struct nv_why *why)
{
	char dom[DOMAIN_PRINT];

	domain_print(d->domid, d->name, dom, sizeof(dom));
	if (d->dying)
		return nv_refuse(why, NV_E_DYING, "%s is dying", dom);
	if (d->type == DOM_PV)
		return nv_refuse(why, NV_E_WRONG_DOMAIN, "%s is a PV guest", dom);
	if (!d->hap)
		return nv_refuse(why, NV_E_WRONG_DOMAIN, "%s has no hardware assisted paging", dom);
	return 0;
}

/* An HVM guest was told of the address in its list before it started. */
static bool map_listed_gpa(struct nvd *nvd, const struct dom_info *d, const struct volume *v, uint64_t *ret)
{
	struct guest_device *g = NULL;

	while ((g = ledger_guest_of(nvd->ledger, &d->uuid, d->name, g))) {
		if (g->volume != v || g->fact.gfn == NV_NO_FRAME)
			continue;
		*ret = frames_to_bytes(g->fact.gfn);
		return true;
	}
	return false;
}

/* Where in the guest: as asked, as its list says, where it was before, or from the top down. */
static int map_choose_gpa(struct nvd *nvd, const struct req_map *rq, const struct dom_info *d, const struct volume *v,
			  struct nv_why *why, uint64_t *ret)
{
	uint64_t size = v ? frames_to_bytes(v->fact.nr) : rq->size;
	uint32_t bits = NV_MIN(d->address_bits ? d->address_bits : 64, nvd->set.address_bits);
	uint32_t width = NV_MIN(d->address_bits ? d->address_bits : 52u, 52u);
	bool asked = rq->has_gpa;
	uint64_t gpa = rq->gpa;

	if (!asked && v)
		asked = map_listed_gpa(nvd, d, v, &gpa);
	if (!asked && v && ledger_gpa_home(nvd->ledger, v, d->domid, 1ULL << bits, ret))
		return 0;
	if (!asked) {
		/* A size that cannot be is the ledger's to refuse, not a lack of room. */
		size = frames_to_bytes(frames_align_up(NV_MAX(frames_from_bytes(size), 1ull), NV_2M_FRAMES));
		return ledger_gpa_choose(nvd->ledger, d->domid, size, 1ULL << bits, why, ret);
	}
	if (gpa >> width || size > (1ULL << width) - gpa)
		return nv_refuse(why, NV_E_GPA_LIMIT,
				 "0x%llx bytes at guest address 0x%llx reach beyond the guest's limit of 0x%llx",
				 (unsigned long long)size, (unsigned long long)gpa, 1ULL << width);
	*ret = gpa;
	return 0;
}

static int map_request(struct nvd *nvd, const struct req_map *rq, struct dom_info *d, struct nv_why *why,
		       struct map_request *ret)
{
	int r;

	*ret = (struct map_request){
		.offset_bytes = rq->offset,
		.size_bytes = rq->size,
		.force_owner = rq->force_owner,
	};
	if (rq->volume[0])
		r = ledger_volume_find(nvd->ledger, rq->volume, why, &ret->volume);
	else
		r = ledger_pool_find(nvd->ledger, rq->pool, why, &ret->pool);
	if (r)
		return r;
	r = domain_find(nvd, rq->domain, why, d);
	if (r)
		return r;
	r = map_check_domain(d, why);
	if (r)
		return r;
	ret->domid = d->domid;
	ret->handle = d->uuid;
	ret->domain = d->name;
	return map_choose_gpa(nvd, rq, d, ret->volume, why, &ret->gpa);
}

/* The promise could not be written, or only perhaps. */
static void map_unpromise(struct nvd *nvd, struct mapping *m, int r)
{
	if (!nvd_unsure(r) || !store_mapping_del(nvd->store, m->fact.id)) {
		ledger_map_abort(nvd->ledger, m);
		return;
	}
	/* Left over, for op_leftover_begin(). */
	ledger_map_undo(nvd->ledger, m);
	ledger_unmap_abort(nvd->ledger, m);
}

int op_map_begin(struct nvd *nvd, const struct req_map *rq, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_map *o = calloc(1, sizeof(*o));
	struct map_request mr;
	struct dom_info d;
	struct mapping *m;
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	r = map_request(nvd, rq, &d, why, &mr);
	if (!r)
		r = ledger_map_begin(nvd->ledger, &mr, why, &m);
	if (r) {
		nvd->count.refusals++;
		return r;
	}
	r = store_begin(nvd->store, STORE_DURABLE);
	if (!r)
		r = store_mapping_put(nvd->store, &m->fact, m->extents);
	if (!r)
		r = store_commit(nvd->store);
	if (nvd_book(nvd, r, why)) {
		map_unpromise(nvd, m, r);
		return r;
	}

	o->op.ops = &map_ops;
	o->op.nvd = nvd;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), "map");
	o->op.progress.total = frames_to_bytes(m->fact.nr);
	o->mapping = m;
	o->extent = m->extents;
	map_chunk_begin(o);
	*ret = &nv_steal(&o)->op;
	return 0;
}

void op_map_known(struct op *op, const char *reason)
{
	struct op_map *o = nv_container_of(op, struct op_map, op);

	view_text_set(o->known.text, sizeof(o->known.text), reason);
}
