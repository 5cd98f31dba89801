/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/listing.h - one of the hypervisor's lists, read whole.
 */
#ifndef NV_OPS_LISTING_H
#define NV_OPS_LISTING_H

#include "ops/nvd.h"

/* Embed it zeroed. */
struct listing {
	struct hv_record *v;
	size_t n, room;
};

/** listing_read() - Return: 0; NV_E_HYPERVISOR; -ENOMEM. */
int listing_read(struct nvd *nvd, enum hv_list kind, struct listing *ret, struct nv_why *why);

void listing_deinit(struct listing *l);

#endif
