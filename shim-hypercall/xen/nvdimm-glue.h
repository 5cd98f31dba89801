/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-glue.h - what the files that tie nvdimm-core to Xen share.
 */
#ifndef NVDIMM_GLUE_H
#define NVDIMM_GLUE_H

#include <asm/nvdimm.h>

#include "nvdimm-core.h"

/* NULL until it is made at boot, and for ever if that failed. */
extern struct nvdimm_core *nvdimm_core;

/* The p2m_* of struct nvdimm_ops. nvdimm-p2m.c */
int cf_check nvdimm_p2m_map(void *ctx, struct domain *d, uint64_t gfn,
                            uint64_t mfn, unsigned int order);
int cf_check nvdimm_p2m_unmap(void *ctx, struct domain *d, uint64_t gfn,
                              uint64_t mfn, unsigned int order);
void cf_check nvdimm_p2m_flush(void *ctx, struct domain *d);
int cf_check nvdimm_p2m_query(void *ctx, struct domain *d,
                              struct xen_nvdimm_query *q);
int cf_check nvdimm_p2m_check(void *ctx, struct domain *d, uint64_t gfn,
                              uint64_t nr);

/* nvdimm-mce.c */
int cf_check nvdimm_vmce(void *ctx, struct domain *d,
                         const struct nvdimm_vmce *m);
bool cf_check nvdimm_vmce_pending(void *ctx, struct domain *d, uint32_t vcpu);

#endif /* NVDIMM_GLUE_H */
