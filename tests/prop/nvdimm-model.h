/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-model.h - what nvdimm-core should know, frame by frame.
 */
#ifndef NV_PROP_NVDIMM_MODEL_H
#define NV_PROP_NVDIMM_MODEL_H

#include "tests/lib/fakexen.h"

#define MODEL_EXTENTS 64

struct model_extent {
	uint64_t map_id;	/* 0: free */
	struct domain *d;
	uint64_t mfn, nr, gfn;
	uint32_t flags;
	bool partial;		/* being mapped, or unmapped */
};

struct model {
	struct fx_host *host;
	uint8_t region[FX_FRAMES];	/* 0 none, else its number */
	bool broken[FX_FRAMES];
	struct { uint64_t mfn, nr; bool armed; } reg[8];	/* [1..7] */
	struct model_extent ext[MODEL_EXTENTS];
	bool setup[FX_DOMAINS];
	uint64_t acked;		/* the highest seq acknowledged */
	uint64_t seen;		/* the highest seq read */
};

/* The number of the region that holds all of [mfn, mfn + nr), or 0. */
unsigned int model_region(const struct model *m, uint64_t mfn, uint64_t nr);
bool model_any_region(const struct model *m, uint64_t mfn, uint64_t nr);
bool model_any_broken(const struct model *m, uint64_t mfn, uint64_t nr);
/* An extent that touches [mfn, mfn + nr), or NULL. */
struct model_extent *model_extent_in(struct model *m, uint64_t mfn, uint64_t nr);
struct model_extent *model_extent_free(struct model *m);
/* An extent of @d that touches [gfn, gfn + nr), or NULL. */
struct model_extent *model_extent_gfn(struct model *m, const struct domain *d,
				      uint64_t gfn, uint64_t nr);
void model_break(struct model *m, uint64_t mfn, uint64_t nr, bool broken);
/* Compare everything with the core's lists and the host's p2ms. */
void model_compare(struct model *m, uint32_t room);

#endif
