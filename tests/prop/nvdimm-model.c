/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-model.c - the per-frame model and its comparison with the core.
 */
#include "tests/prop/nvdimm-model.h"

static bool inside(uint64_t mfn, uint64_t nr)
{
	return mfn >= FX_BASE && mfn - FX_BASE < FX_FRAMES &&
	       nr <= FX_FRAMES - (mfn - FX_BASE);
}

unsigned int model_region(const struct model *m, uint64_t mfn, uint64_t nr)
{
	unsigned int i;

	for (i = 1; i < 8; i++)
		if (m->reg[i].nr && mfn >= m->reg[i].mfn && nr <= m->reg[i].nr &&
		    mfn - m->reg[i].mfn <= m->reg[i].nr - nr)
			return i;
	return 0;
}

bool model_any_region(const struct model *m, uint64_t mfn, uint64_t nr)
{
	for (; nr--; mfn++)
		if (inside(mfn, 1) && m->region[mfn - FX_BASE])
			return true;
	return false;
}

bool model_any_broken(const struct model *m, uint64_t mfn, uint64_t nr)
{
	for (; nr--; mfn++)
		if (inside(mfn, 1) && m->broken[mfn - FX_BASE])
			return true;
	return false;
}

struct model_extent *model_extent_in(struct model *m, uint64_t mfn, uint64_t nr)
{
	unsigned int i;

	for (i = 0; i < MODEL_EXTENTS; i++)
		if (m->ext[i].map_id && m->ext[i].mfn < mfn + nr &&
		    mfn < m->ext[i].mfn + m->ext[i].nr)
			return &m->ext[i];
	return NULL;
}

struct model_extent *model_extent_free(struct model *m)
{
	unsigned int i;

	for (i = 0; i < MODEL_EXTENTS; i++)
		if (!m->ext[i].map_id)
			return &m->ext[i];
	return NULL;
}

struct model_extent *model_extent_gfn(struct model *m, const struct domain *d,
				      uint64_t gfn, uint64_t nr)
{
	unsigned int i;

	for (i = 0; i < MODEL_EXTENTS; i++)
		if (m->ext[i].map_id && m->ext[i].d == d &&
		    m->ext[i].gfn < gfn + nr && gfn < m->ext[i].gfn + m->ext[i].nr)
			return &m->ext[i];
	return NULL;
}

void model_break(struct model *m, uint64_t mfn, uint64_t nr, bool broken)
{
	for (; nr--; mfn++) {
		if (!inside(mfn, 1) || !m->region[mfn - FX_BASE])
			continue;
		m->broken[mfn - FX_BASE] = broken;
		m->host->broken[mfn - FX_BASE] = broken;
	}
}

/* Every record of @kind, in order, to @each. */
static void list(struct model *m, uint32_t kind, uint32_t room,
		 void (*each)(struct model *, const struct xen_nvdimm_record *))
{
	struct {
		struct xen_nvdimm_list head;
		struct xen_nvdimm_record rec[8];
	} l;
	uint64_t cursor = 0;
	uint32_t i;
	long r;

	do {
		memset(&l, 0, sizeof(l));
		l.head.kind = kind;
		l.head.nr = room;
		l.head.cursor = cursor;
		r = nvdimm_core_op(m->host->core, XEN_NVDIMM_list, &l,
				   (uint32_t)(sizeof(l.head) +
					      room * sizeof(l.rec[0])));
		fx_must(!r && l.head.nr <= room, "list %u says %ld", kind, r);
		fx_must(l.head.cursor > cursor, "the cursor stands still");
		for (i = 0; i < l.head.nr; i++)
			each(m, &l.rec[i]);
		cursor = l.head.cursor;
	} while (cursor != XEN_NVDIMM_LIST_END);
}

static struct {
	unsigned int nr;
	uint64_t last;		/* where the record before ended */
	bool broken[FX_FRAMES];
} got;

static void ordered(const struct xen_nvdimm_record *r)
{
	fx_must(r->nr && r->mfn >= got.last, "records overlap at %#lx",
		(long)r->mfn);
	got.last = r->mfn + r->nr;
	got.nr++;
}

static void each_region(struct model *m, const struct xen_nvdimm_record *r)
{
	unsigned int i = model_region(m, r->mfn, r->nr);

	ordered(r);
	fx_must(i && m->reg[i].mfn == r->mfn && m->reg[i].nr == r->nr &&
		m->reg[i].armed == (r->state == 1), "region %#lx", (long)r->mfn);
}

static void each_broken(struct model *m, const struct xen_nvdimm_record *r)
{
	uint64_t i;

	ordered(r);
	for (i = 0; i < r->nr; i++) {
		fx_must(inside(r->mfn + i, 1), "frame %#lx", (long)(r->mfn + i));
		got.broken[r->mfn + i - FX_BASE] = true;
		fx_must((model_extent_in(m, r->mfn + i, 1) != NULL) == r->state,
			"frame %#lx is in an extent, or not", (long)(r->mfn + i));
	}
}

static void each_extent(struct model *m, const struct xen_nvdimm_record *r)
{
	struct model_extent *x = model_extent_in(m, r->mfn, r->nr);

	ordered(r);
	fx_must(x && x->mfn == r->mfn && x->nr == r->nr && x->gfn == r->gfn &&
		x->map_id == r->map_id && x->d->domid == r->domid &&
		!memcmp(x->d->handle, r->handle, 16), "extent %#lx",
		(long)r->mfn);
	fx_must(x->partial || (r->state == XEN_NVDIMM_EXTENT_MAPPED &&
			       r->done == r->nr), "extent %#lx is in state %u",
		(long)r->mfn, r->state);
}

static void each_hold(struct model *m, const struct xen_nvdimm_record *r)
{
	unsigned int i;

	got.nr++;
	for (i = 0; i < FX_DOMAINS; i++)
		if (m->host->domain[i].exists &&
		    m->host->domain[i].domid == r->domid) {
			fx_must(m->host->domain[i].paused == 1,
				"domain %u is held but runs", r->domid);
			fx_must(m->setup[i] ==
				!!(r->state & XEN_NVDIMM_HOLD_SETUP),
				"domain %u's setup hold", r->domid);
			return;
		}
	fx_must(false, "domain %u is held but is not", r->domid);
}

/* Mapped is what an extent says, but for broken frames and what is partial. */
static void compare_p2m(struct model *m)
{
	unsigned int i;
	uint64_t k;

	for (i = 0; i < MODEL_EXTENTS; i++) {
		struct model_extent *x = &m->ext[i];

		if (!x->map_id || x->partial || x->d->crashed)
			continue;
		for (k = 0; k < x->nr; k++)
			fx_must(m->broken[x->mfn + k - FX_BASE]
				? x->d->p2m[x->gfn + k] <= FX_IS_RAM
				: x->d->p2m[x->gfn + k] == x->mfn + k,
				"gfn %#lx of domain %u", (long)(x->gfn + k),
				x->d->domid);
	}
	for (k = 0; k < FX_FRAMES; k++) {
		struct model_extent *x;

		fx_must(m->host->user[k] <= 1, "frame %#lx has two users",
			(long)k);
		if (!m->host->user[k])
			continue;
		x = model_extent_in(m, FX_BASE + k, 1);
		fx_must(x, "frame %#lx is mapped but in no extent", (long)k);
		/* One that could not be contained crashed its owner. */
		fx_must(!m->broken[k] || x->d->crashed,
			"frame %#lx is broken and mapped", (long)k);
	}
}

void model_compare(struct model *m, uint32_t room)
{
	unsigned int i, n, paused = 0;

	for (i = 1, n = 0; i < 8; i++)
		n += m->reg[i].nr != 0;
	got.nr = 0, got.last = 0;
	list(m, XEN_NVDIMM_LIST_regions, room, each_region);
	fx_must(got.nr == n, "%u regions, not %u", got.nr, n);

	for (i = 0, n = 0; i < MODEL_EXTENTS; i++)
		n += m->ext[i].map_id != 0;
	got.nr = 0, got.last = 0;
	list(m, XEN_NVDIMM_LIST_extents, room, each_extent);
	fx_must(got.nr == n, "%u extents, not %u", got.nr, n);

	memset(&got, 0, sizeof(got));
	list(m, XEN_NVDIMM_LIST_broken, room, each_broken);
	fx_must(!memcmp(got.broken, m->broken, sizeof(got.broken)),
		"the broken frames differ");

	for (i = 0; i < FX_DOMAINS; i++)
		paused += (unsigned int)m->host->domain[i].paused;
	got.nr = 0;
	list(m, XEN_NVDIMM_LIST_holds, room, each_hold);
	fx_must(got.nr == paused, "%u holds, %u held", got.nr, paused);

	compare_p2m(m);
}
