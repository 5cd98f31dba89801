/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/guest_desk.h - the guests whose start is not over, as ops/op_guest.c sees
 * them.
 */
#ifndef NV_OPS_GUEST_DESK_H
#define NV_OPS_GUEST_DESK_H

#include "core/hash.h"
#include "ops/op_guest.h"

/* A guest that starts. */
struct guest {
	struct hash_node by_domid;
	struct guest *wait_next; /* of those to be looked at */
	bool waits;
	uint32_t domid;
	struct nv_uuid uuid;
	uint64_t came_ns;
	bool held;
	bool told;               /* that it stays held, and why */
};

struct guest_desk {
	struct hash guests;
	struct guest *waiting, **last_waiting;
};

struct guest *guest_find(const struct guest_desk *d, uint32_t domid);
/**
 * guest_get() - the one that is there, or a new one
 * A domain's number may be another guest's meanwhile: then it begins anew.
 * Return: NULL without memory.
 */
struct guest *guest_get(struct nvd *nvd, uint32_t domid, const struct nv_uuid *uuid);
/** guest_del() - its start is over; it must not wait */
void guest_del(struct guest_desk *d, struct guest *g);
/** guest_wake() - let guest_step() look at it */
void guest_wake(struct guest_desk *d, struct guest *g);
/** guest_pop() - the next that waits for that, or NULL */
struct guest *guest_pop(struct guest_desk *d);

/** guest_hold() - hold it, or let it go; g->held is how it is then */
void guest_hold(struct nvd *nvd, struct guest *g, const struct dom_info *d, bool on);

/** guest_tell_ready(), guest_tell_refused() - the history's line at the end of its start, or why there is none */
void guest_tell_ready(struct nvd *nvd, const struct guest *g, const struct dom_info *d, uint32_t has);
void guest_tell_refused(struct nvd *nvd, const struct guest *g, const struct dom_info *d,
			const struct guest_device *row, const char *why);

#endif
