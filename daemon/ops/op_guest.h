/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_guest.h - a guest starts: its list becomes devices, and it is held until
 * they are mapped.
 *
 *	bus     its domain was introduced
 *	hv      the SETUP hold, at once, if its list is not empty
 *	desk    a device for each volume of the list (ops/op_device.h), which is
 *		mapped and told in xenstore
 *	hv      the hold is dropped: all is mapped, or refused and the list says run
 *
 * Refused, and the list says wait: the guest stays held and it is tried again
 * every now and then, until it can be mapped or is taken off the list. A guest
 * that ran before nvdimmd came to know of it is not held; it gets its volumes
 * all the same, and that they were late is recorded with each.
 *
 * Holds are the hypervisor's to remember: after a kill -9 the next life reads
 * them there, looks at those domains again, and drops what needs no hold.
 */
#ifndef NV_OPS_OP_GUEST_H
#define NV_OPS_OP_GUEST_H

#include "ops/nvd.h"

struct guest_desk;

/** guest_desk_new() - Return: 0 and *@ret, or -ENOMEM */
int guest_desk_new(struct guest_desk **ret);
struct guest_desk *guest_desk_free(struct guest_desk *d);

/**
 * guest_event() - one event of the bus is taken in; after device_event()
 * A hold that is necessary is there when this returns.
 */
void guest_event(struct nvd *nvd, const struct bus_event *ev);

/** guest_recall() - at start: look at the domains that are held. Return: 0; as listing_read(). */
int guest_recall(struct nvd *nvd, struct nv_why *why);

/** guest_changed() - how a device of @domid stands has changed: look at it again */
void guest_changed(struct nvd *nvd, uint32_t domid);

/** guest_list_changed() - some list did: look at the domains concerned */
void guest_list_changed(struct nvd *nvd);

/** guest_row_goes() - @row is about to leave its list: what its guest was refused is not wanted any more */
void guest_row_goes(struct nvd *nvd, const struct guest_device *row);

/** guest_waits() - is there anything for guest_step()? */
bool guest_waits(const struct nvd *nvd);

/** guest_step() - look at the next guest that waits for it */
void guest_step(struct nvd *nvd);

/** guest_tick() - those whose volumes were refused, and who wait, try again */
void guest_tick(struct nvd *nvd);

/** guest_refusal() - was the device of a list refused in its domain? @why says why. */
bool guest_refusal(struct nvd *nvd, const struct guest_device *row, uint32_t domid, struct nv_why *why);

#endif
