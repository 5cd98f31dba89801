/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_unmap.h - taking a mapping out of its domain, piece by piece.
 *
 * The one way back: op_unmap, a failed op_map and the reconciling at start
 * all walk it.
 */
#ifndef NV_OPS_OP_UNMAP_H
#define NV_OPS_OP_UNMAP_H

#include "ops/nvd.h"

/* Embed it; nothing to free. */
struct unmap_walk {
	struct mapping *mapping;
	struct extent *extent; /* being taken out */
	uint64_t before;       /* frames of the extents already out */
	bool looked;           /* for what the hypervisor has without our knowing */
};

/** unmap_walk_begin() - @m is UNMAPPING (ledger_unmap_begin()) and ours */
void unmap_walk_begin(struct unmap_walk *w, struct mapping *m);

/**
 * unmap_walk_step() - one bounded piece
 * @ret_done: frames so far
 * Return: OP_MORE; 0, the hypervisor has nothing of it any more; NV_E_HYPERVISOR.
 */
int unmap_walk_step(struct nvd *nvd, struct unmap_walk *w, struct nv_why *why, uint64_t *ret_done);

/**
 * unmap_finish() - out of the book and the ledger, with @e in the history
 * Return: 0, @m is gone; the store's error: @m stays held and UNMAPPING, and
 * may be unmapped again.
 */
int unmap_finish(struct nvd *nvd, struct mapping *m, struct event_fact *e, struct nv_why *why);

/** op_unmap_mapping_begin() - as op_unmap_begin(), the mapping being known */
int op_unmap_mapping_begin(struct nvd *nvd, struct mapping *m, struct nv_why *why, struct op **ret);

#endif
