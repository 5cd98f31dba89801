/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_volume.h - volumes: the parts that a start needs, too.
 */
#ifndef NV_OPS_OP_VOLUME_H
#define NV_OPS_OP_VOLUME_H

#include "ops/nvd.h"

/* Zeroing a volume's frames, piece by piece. Embed it; nothing to free. */
struct scrub_walk {
	const struct extent *extent; /* being zeroed */
	uint64_t done;               /* frames of it */
	uint64_t before;             /* frames of the extents already zeroed */
};

void scrub_walk_begin(struct scrub_walk *w, const struct volume *v);

/** scrub_walk_step() - Return: OP_MORE; 0, all are zero and on the media; NV_E_*. */
int scrub_walk_step(struct nvd *nvd, struct scrub_walk *w, struct nv_why *why, uint64_t *ret_done);

/**
 * volume_record() - a volume as the book shall have it, in one durable transaction
 * @drop: a volume that leaves the book with it, or NULL
 * @e: its line in the history, to be told once this returned 0; or NULL
 * Return: 0; as the store, with its sentence in @why.
 */
int volume_record(struct nvd *nvd, const struct nv_uuid *drop, const struct volume_fact *fact,
		  const struct extent *extents, struct event_fact *e, struct nv_why *why);

/** op_delete_volume_begin() - as op_volume_delete_begin(), the volume being known */
int op_delete_volume_begin(struct nvd *nvd, struct volume *v, bool no_scrub, struct nv_why *why, struct op **ret);

#endif
