/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_show.h - filling single views. Into zeroed structs; -ENOMEM or 0.
 */
#ifndef NV_OPS_OP_SHOW_H
#define NV_OPS_OP_SHOW_H

#include "ops/nvd.h"

void show_pool(struct nvd *nvd, struct pool *p, struct view_pool *ret);
int show_pools(struct nvd *nvd, struct view_pools *ret);
int show_mapping(struct nvd *nvd, const struct mapping *m, struct view_mapping *ret);
/** show_find_place() - the place that @rq names, one page unless it says how much. As op_why(). */
int show_find_place(struct nvd *nvd, const struct req_why *rq, struct nv_why *why, struct place *ret);
void show_event(struct nvd *nvd, const struct event_fact *e, struct view_event *ret);
int show_volume(struct nvd *nvd, const struct volume *v, struct view_volume *ret);

#endif
