/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/listing.c - one of the hypervisor's lists, read whole.
 */
#include "ops/listing.h"

int listing_read(struct nvd *nvd, enum hv_list kind, struct listing *ret, struct nv_why *why)
{
	uint64_t cursor = 0;
	struct hv_record *v;
	uint32_t nr;
	size_t room;
	int r;

	ret->n = 0;
	while (cursor != HV_LIST_END) {
		if (ret->room - ret->n < HV_LIST_MAX) {
			room = NV_MAX(2 * ret->room, ret->n + HV_LIST_MAX);
			v = reallocarray(ret->v, room, sizeof(*v));
			if (!v)
				return nv_refuse(why, -ENOMEM, "no memory for the hypervisor's list");
			ret->v = v;
			ret->room = room;
		}
		nr = HV_LIST_MAX;
		r = hv_list(nvd->hv, kind, &cursor, ret->v + ret->n, &nr);
		if (r)
			return nvd_hv(nvd, r, "list its state", why);
		ret->n += nr;
	}
	return 0;
}

void listing_deinit(struct listing *l)
{
	free(l->v);
	*l = (struct listing){ 0 };
}
