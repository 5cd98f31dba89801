/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-act-map.c - regions, and frames in and out of guests.
 */
#include "tests/prop/nvdimm-act.h"

void random_region(void)
{
	struct xen_nvdimm_range r = {
		FX_BASE + below(8) * 512, (1 + below(3)) * 512
	};
	unsigned int i, k;
	bool exact;
	long got;

	if (one_in(20))
		r = (struct xen_nvdimm_range){ any_frame(), below(5000) };
	i = r.nr ? model_region(&model, r.mfn, r.nr) : 0;
	exact = i && model.reg[i].mfn == r.mfn && model.reg[i].nr == r.nr;

	for (k = 1; k < 8 && model.reg[k].nr; k++)
		;
	switch (below(4)) {
	case 0:
		if (k == 8)
			break;
		got = op(XEN_NVDIMM_register, &r, sizeof(r));
		if (exact || got) {
			fx_must(!exact || !got, "register says %ld", got);
			fx_must(got != -EEXIST ||
				model_any_region(&model, r.mfn, r.nr),
				"there is no other");
			return;
		}
		fx_must(r.nr && !model_any_region(&model, r.mfn, r.nr),
			"regions overlap");
		i = k;
		model.reg[i].mfn = r.mfn;
		model.reg[i].nr = r.nr;
		model.reg[i].armed = false;
		for (k = 0; k < r.nr; k++)
			model.region[r.mfn + k - FX_BASE] = (uint8_t)i;
		break;
	case 1:
		if (!one_in(4))
			break;
		got = op(XEN_NVDIMM_unregister, &r, sizeof(r));
		if (!exact) {
			fx_must(got == -ENOENT, "unregister says %ld", got);
			break;
		}
		if (model_extent_in(&model, r.mfn, r.nr)) {
			fx_must(got == -EBUSY, "unregister says %ld", got);
			break;
		}
		fx_must(!got, "unregister says %ld", got);
		model_break(&model, r.mfn, r.nr, false);
		model.reg[i].nr = 0;
		for (k = 0; k < r.nr; k++)
			model.region[r.mfn + k - FX_BASE] = 0;
		break;
	default:
		got = op(XEN_NVDIMM_arm, &r, sizeof(r));
		fx_must(got == (exact ? 0 : -ENOENT), "arm says %ld", got);
		if (exact)
			model.reg[i].armed = true;
	}
}

/* What map must answer before it touches anything; 1: it may try. */
static long map_expect(const struct xen_nvdimm_map *a, const struct domain *d)
{
	uint64_t align = a->flags & XEN_NVDIMM_MAP_4K_OK ? 1 : 512;
	unsigned int i = model_region(&model, a->mfn, a->nr);

	if (a->flags > 3 || !a->nr || (a->mfn | a->gfn | a->nr) % align)
		return -EINVAL;
	if (!d->exists || memcmp(a->handle, d->handle, 16))
		return -ESRCH;
	if (!i)
		return -ENXIO;
	if (d->shadow || d->logdirty)
		return -EOPNOTSUPP;
	if (a->gfn + a->nr > FX_GFNS)
		return -ERANGE;
	if (!model.reg[i].armed)
		return -EAGAIN;
	if (model_extent_in(&model, a->mfn, a->nr))
		return -EBUSY;
	if (model_extent_gfn(&model, d, a->gfn, a->nr))
		return -EEXIST;
	return 1;
}

/* Where frames are left out the guest may have what it likes. */
static bool all_holes(const struct domain *d, const struct xen_nvdimm_map *a)
{
	uint64_t i;

	for (i = 0; i < a->nr; i++)
		if (d->p2m[a->gfn + i] != FX_HOLE &&
		    !model.broken[a->mfn + i - FX_BASE])
			return false;
	return true;
}

void random_map(void)
{
	struct domain *d = any_domain();
	struct xen_nvdimm_map a = {
		.domid = d->domid, .mfn = FX_BASE + below(8) * 512,
		.gfn = below(FX_GFNS / 512) * 512, .nr = (1 + below(3)) * 512,
		.flags = (uint32_t)below(4),
	};
	struct xen_nvdimm_map first;
	bool clear, stop = one_in(8);
	long want, got;

	memcpy(a.handle, d->handle, 16);
	if ((a.flags & XEN_NVDIMM_MAP_4K_OK) && one_in(2)) {
		a.mfn += below(512);
		a.gfn += below(512);
		a.nr = 1 + below(700);
	}
	if (one_in(30))
		a.handle[below(16)] ^= 1;
	if (one_in(50))
		a.nr = below(3) ? a.nr + below(600) : 0;
	if (one_in(100))
		a.flags = (uint32_t)prop_random(&rnd);
	first = a;
	want = map_expect(&a, d);
	clear = want == 1 && all_holes(d, &a) &&
		(!model_any_broken(&model, a.mfn, a.nr) ||
		 (a.flags & XEN_NVDIMM_MAP_SKIP_BROKEN));
	got = stop ? op(XEN_NVDIMM_map, &a, sizeof(a))
		   : op_all(XEN_NVDIMM_map, &a, sizeof(a));

	if (want != 1) {
		fx_must(got == want, "map says %ld, not %ld", got, want);
		return;
	}
	if (got < 0) {
		fx_must(got == -ENOMEM || !clear, "map says %ld", got);
		fx_must(got == -ENOMEM || got == -EIO || got == -EEXIST,
			"map says %ld", got);
		return;
	}
	fx_must(got == XEN_NVDIMM_MORE || clear, "mfn %#lx must not be mapped",
		(long)a.mfn);
	struct model_extent *x = model_extent_free(&model);

	fx_must(x && a.map_id, "no room in the model");
	*x = (struct model_extent){ a.map_id, d, first.mfn, first.nr,
				    first.gfn, first.flags,
				    got == XEN_NVDIMM_MORE };
}

struct model_extent *any_extent(void)
{
	unsigned int i, k = (unsigned int)below(MODEL_EXTENTS);

	for (i = 0; i < MODEL_EXTENTS; i++, k++)
		if (model.ext[k % MODEL_EXTENTS].map_id)
			return &model.ext[k % MODEL_EXTENTS];
	return NULL;
}

/* Go on with a map that was left. */
void random_map_on(void)
{
	struct model_extent *x = any_extent();
	struct xen_nvdimm_map a;
	long got;

	if (!x)
		return;
	a = (struct xen_nvdimm_map){
		.domid = x->d->domid, .flags = x->flags, .mfn = x->mfn,
		.gfn = x->gfn, .nr = x->nr, .map_id = x->map_id,
	};
	memcpy(a.handle, x->d->handle, 16);
	if (one_in(10)) {
		a.gfn ^= 512;
		got = op(XEN_NVDIMM_map, &a, sizeof(a));
		fx_must(got == -ENOENT, "map of another says %ld", got);
		return;
	}
	got = op_all(XEN_NVDIMM_map, &a, sizeof(a));
	if (!got) {
		x->partial = false;
		return;
	}
	fx_must(x->partial, "a mapped extent says %ld", got);
	if (got != -ECANCELED && got != -ENOMEM)
		x->map_id = 0;
	else if (got == -ENOMEM) {
		/* Rolled back, unless even that needed memory. */
		struct xen_nvdimm_unmap u = { .map_id = x->map_id };

		got = op_all(XEN_NVDIMM_unmap, &u, sizeof(u));
		if (!got || got == -ENOENT)
			x->map_id = 0;
	}
}

void random_unmap(void)
{
	struct model_extent *x = any_extent();
	struct xen_nvdimm_unmap u = { .map_id = x ? x->map_id : below(100) };
	bool known = x != NULL;
	long got;

	if (one_in(20)) {
		u.map_id = prop_random(&rnd) >> below(64);
		for (x = model.ext; x < &model.ext[MODEL_EXTENTS]; x++)
			if (u.map_id && x->map_id == u.map_id)
				return;
		known = false;
	}
	got = one_in(8) ? op(XEN_NVDIMM_unmap, &u, sizeof(u))
			: op_all(XEN_NVDIMM_unmap, &u, sizeof(u));
	fx_must(known || got == -ENOENT, "unmap of nothing says %ld", got);
	if (!known)
		return;
	fx_must(got == 0 || got == XEN_NVDIMM_MORE || got == -ENOMEM,
		"unmap says %ld", got);
	if (!got)
		x->map_id = 0;
	else
		x->partial = true;
}
