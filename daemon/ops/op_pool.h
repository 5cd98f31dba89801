/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_pool.h - making a pool's frames usable: what a start needs, too.
 */
#ifndef NV_OPS_OP_POOL_H
#define NV_OPS_OP_POOL_H

#include "ops/nvd.h"

/**
 * pool_learn_bad() - its bad list: from the book, and from the kernel
 * What only the kernel knows is written into the book.
 */
int pool_learn_bad(struct nvd *nvd, struct pool *p, struct nv_why *why);

/** pool_enrol() - the hypervisor takes its frames for persistent memory */
int pool_enrol(struct nvd *nvd, struct pool *p, struct nv_why *why);

/** pool_arm() - replay its bad list, then let its frames be mapped */
int pool_arm(struct nvd *nvd, struct pool *p, struct nv_why *why);

/**
 * health_tell() - the topology was read again: op_health.c
 * Which DIMMs are worse or better goes into the history; who is ill, and what
 * of the host cannot be used, stand as alarms. @old may be NULL.
 */
void health_tell(struct nvd *nvd, const struct topo *old, const struct topo *now);

/**
 * pool_reload() - read the topology again
 * Return: 0; OP_MORE, not now, as something is under way; -errno. Unless 0 the
 * old one stays.
 */
int pool_reload(struct nvd *nvd, struct nv_why *why);

#endif
