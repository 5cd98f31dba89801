/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_unmap.c - a mapping leaves its domain.
 *
 *	ledger  UNMAPPING: nobody else may touch it
 *	book    UNMAPPING
 *	hv      UNMAP, one chunk per turn, extent by extent
 *	book    gone, with its line in the history
 *	ledger  the frames are the volume's, or free
 *
 * Dying anywhere: the next start finds UNMAPPING and walks on.
 */
#include "ops/op_unmap.h"

#include <stdio.h>

#include "ops/listing.h"
#include "ops/op_device.h"

struct op_unmap {
	struct op op;
	struct unmap_walk walk;
};

void unmap_walk_begin(struct unmap_walk *w, struct mapping *m)
{
	*w = (struct unmap_walk){ .mapping = m, .extent = m->extents };
}

/*
 * A map that failed without a clear answer may have been carried out. So what
 * has no map_id is looked for before it is taken for not there.
 */
static int unmap_look(struct nvd *nvd, struct mapping *m, struct nv_why *why)
{
	nv_cleanup(listing_deinit) struct listing l = { 0 };
	struct extent *e;
	size_t i;
	int r;

	for (e = m->extents; e && e->fact.map_id; e = e->next)
		;
	if (!e)
		return 0;
	r = listing_read(nvd, HV_LIST_EXTENTS, &l, why);
	if (r)
		return r;
	for (e = m->extents; e; e = e->next)
		for (i = 0; i < l.n && !e->fact.map_id; i++)
			if (l.v[i].mfn == ledger_extent_mfn(e) && l.v[i].nr == e->fact.nr &&
			    l.v[i].gfn == e->fact.gfn && l.v[i].domid == m->fact.domid)
				ledger_map_extent(nvd->ledger, e, l.v[i].map_id);
	return 0;
}

int unmap_walk_step(struct nvd *nvd, struct unmap_walk *w, struct nv_why *why, uint64_t *ret_done)
{
	struct extent *e = w->extent;
	uint64_t done = 0;
	int r;

	if (!w->looked) {
		r = unmap_look(nvd, w->mapping, why);
		if (r)
			return r;
		w->looked = true;
	}
	/* Extents that never got there, or went by themselves, have no map_id. */
	while (e && !e->fact.map_id) {
		w->before += e->fact.nr;
		e = w->extent = e->next;
	}
	*ret_done = w->before;
	if (!e)
		return 0;

	r = hv_unmap(nvd->hv, e->fact.map_id, &done);
	if (r == HV_MORE) {
		*ret_done = w->before + done;
		return OP_MORE;
	}
	/* -ENOENT: its domain died meanwhile. What is wanted is true. */
	if (r && r != -ENOENT)
		return nvd_hv(nvd, r, "unmap", why);
	w->before += e->fact.nr;
	w->extent = e->next;
	*ret_done = w->before;
	ledger_unmap_extent(nvd->ledger, e);
	return w->extent ? OP_MORE : 0;
}

int unmap_finish(struct nvd *nvd, struct mapping *m, struct event_fact *e, struct nv_why *why)
{
	struct store *s = nvd->store;
	uint32_t domid = m->fact.domid;
	int r;

	r = store_begin(s, STORE_LAZY);
	if (!r)
		r = store_mapping_del(s, m->fact.id);
	if (!r && e)
		r = history_write(nvd, e);
	if (!r)
		r = store_commit(s);
	if (nvd_book(nvd, r, why)) {
		ledger_unmap_abort(nvd->ledger, m);
		return r;
	}
	ledger_unmap_done(nvd->ledger, m);
	device_changed(nvd, domid);
	if (e)
		history_tell(nvd, e);
	return 0;
}

static int unmap_step(struct op *op, struct nv_why *why)
{
	struct op_unmap *u = nv_container_of(op, struct op_unmap, op);
	struct mapping *m = u->walk.mapping;
	struct event_fact e;
	char dom[DOMAIN_PRINT];
	uint64_t done;
	int r;

	r = unmap_walk_step(op->nvd, &u->walk, why, &done);
	op->progress.done = frames_to_bytes(done);
	if (r == OP_MORE)
		return r;
	if (r) {
		ledger_unmap_abort(op->nvd->ledger, m);
		return r;
	}
	e = history_event(EVENT_INFO, "unmapped", "%s%s was unmapped from %s",
			  m->volume ? "volume " : "a range", m->volume ? m->volume->fact.name : "",
			  domain_print(m->fact.domid, m->fact.domain, dom, sizeof(dom)));
	history_at_mapping(&e, m);
	r = unmap_finish(op->nvd, m, &e, why);
	if (!r)
		op->nvd->count.unmaps++;
	return r;
}

static void unmap_free(struct op *op)
{
	free(nv_container_of(op, struct op_unmap, op));
}

static const struct op_ops unmap_ops = { .name = "unmap", .step = unmap_step, .free = unmap_free };

int op_unmap_mapping_begin(struct nvd *nvd, struct mapping *m, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_unmap *u = calloc(1, sizeof(*u));
	bool again;
	int r;

	if (!u)
		return nv_refuse(why, -ENOMEM, "no memory");
	again = m->fact.state == MAPPING_UNMAPPING;
	r = ledger_unmap_begin(nvd->ledger, m, why);
	if (r)
		return r;
	r = store_begin(nvd->store, STORE_LAZY);
	if (!r)
		r = store_mapping_put(nvd->store, &m->fact, m->extents);
	if (!r)
		r = store_commit(nvd->store);
	if (nvd_book(nvd, r, why)) {
		/* A mapping that may be called UNMAPPING there is unmapped. */
		if (again || nvd_unsure(r))
			ledger_unmap_abort(nvd->ledger, m);
		else
			ledger_unmap_cancel(nvd->ledger, m);
		return r;
	}

	u->op.ops = &unmap_ops;
	u->op.nvd = nvd;
	view_text_set(u->op.progress.step, sizeof(u->op.progress.step), "unmap");
	u->op.progress.total = frames_to_bytes(m->fact.nr);
	unmap_walk_begin(&u->walk, m);
	*ret = &nv_steal(&u)->op;
	return 0;
}

static int unmap_find(struct nvd *nvd, const struct req_unmap *rq, struct nv_why *why, struct mapping **ret)
{
	struct dom_info d;
	struct volume *v;
	struct extent *e;
	int r;

	if (rq->volume[0]) {
		r = ledger_volume_find(nvd->ledger, rq->volume, why, &v);
		if (r)
			return r;
		*ret = v->mapping;
		if (!*ret)
			return nv_refuse(why, NV_E_NO_MAPPING, "the volume %s is not mapped", v->fact.name);
	} else if (rq->map_id) {
		e = ledger_extent_by_map_id(nvd->ledger, rq->map_id);
		*ret = e ? e->mapping : NULL;
		if (!*ret)
			return nv_refuse(why, NV_E_NO_MAPPING, "there is no mapping %llu",
					 (unsigned long long)rq->map_id);
	} else {
		r = domain_find(nvd, rq->domain, why, &d);
		if (r)
			return r;
		*ret = ledger_mapping_at(nvd->ledger, d.domid, frames_from_bytes(rq->gpa));
		if (!*ret)
			return nv_refuse(why, NV_E_NO_MAPPING, "nothing is mapped at 0x%llx in domain %u",
					 (unsigned long long)rq->gpa, d.domid);
	}
	return 0;
}

int op_unmap_begin(struct nvd *nvd, const struct req_unmap *rq, struct nv_why *why, struct op **ret)
{
	struct mapping *m;
	int r;

	r = unmap_find(nvd, rq, why, &m);
	return r ? r : op_unmap_mapping_begin(nvd, m, why, ret);
}
