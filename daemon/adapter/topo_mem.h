/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_mem.h - a topology in memory, for tests (port/topo.h).
 */
#ifndef NV_ADAPTER_TOPO_MEM_H
#define NV_ADAPTER_TOPO_MEM_H

#include "port/topo.h"

/**
 * topo_mem_new() - region0 with namespace0.0 and namespace0.1, raw and enabled
 * Each is @nr frames long; the first begins at frame @mfn.
 */
int topo_mem_new(uint64_t mfn, uint64_t nr, struct topo_port **ret);

/** topo_mem_bad() - the kernel learns of bad frames, counted from the region's first */
void topo_mem_bad(struct topo_port *p, uint64_t off, uint64_t nr);

/** topo_mem_stuck() - this one is bad and stays so, whatever is done about it */
void topo_mem_stuck(struct topo_port *p, uint64_t off);

/** topo_mem_id() - the identity of namespace0.@i */
struct nv_uuid topo_mem_id(unsigned int i);

/** topo_mem_taken() - was namespace0.@i taken, and not released? */
bool topo_mem_taken(struct topo_port *p, unsigned int i);

#endif
