/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-act.h - what the random operations of prop-nvdimm-core share.
 */
#ifndef NV_PROP_NVDIMM_ACT_H
#define NV_PROP_NVDIMM_ACT_H

#include "tests/lib/prop.h"
#include "tests/prop/nvdimm-model.h"

extern struct fx_host host;
extern struct model model;
extern struct prop rnd;

static inline uint64_t below(uint64_t n)
{
	return prop_below(&rnd, n);
}

static inline bool one_in(unsigned int n)
{
	return !below(n);
}

static inline long op(uint32_t cmd, void *arg, size_t len)
{
	return nvdimm_core_op(host.core, cmd, arg, (uint32_t)len);
}

/* Until it is done. */
static inline long op_all(uint32_t cmd, void *arg, size_t len)
{
	long r;

	do
		r = op(cmd, arg, len);
	while (r == XEN_NVDIMM_MORE);
	return r;
}

static inline struct domain *any_domain(void)
{
	return &host.domain[below(FX_DOMAINS)];
}

static inline uint64_t any_frame(void)
{
	if (one_in(50))
		return prop_random(&rnd) >> below(64);
	return FX_BASE + below(FX_FRAMES);
}

/* Any of the model's extents, or NULL. */
struct model_extent *any_extent(void);

/* nvdimm-act-map.c */
void random_region(void);
void random_map(void);
void random_map_on(void);
void random_unmap(void);

/* nvdimm-act-fault.c */
void random_broken(void);
void random_mce(void);
void random_touch(void);
void random_events(void);
void random_resolve(void);

#endif
