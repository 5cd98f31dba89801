/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_device.h - guests' devices: wanted in xenstore, mapped here, told there.
 *
 * The desk knows every device that the bus told of. What is mapped is the
 * ledger's to know: a device finds its mapping by its volume, so a desk that
 * starts empty after a kill -9 comes to the same conclusions.
 *
 * For each device, whenever something changed, the desk looks at what is
 * wanted and what is, and begins what is missing:
 *
 *	wanted, not mapped, state 1 or 2   map it: state 2, then 4 or refused
 *	wanted, mapped in this domain      state 4, hotplug-status connected
 *	wanted, state 5, 6 or gone         nothing: who wants it again writes 1
 *	not wanted (online 0), mapped      ask the guest, unmap: 5, then 6
 *	not wanted, not mapped             the nodes go
 *	mapped, its directory removed      the directory is written again
 *	the domain gone                    wait for RELEASED, then the nodes go
 *
 * Refused is state 6, hotplug-status error and the sentence in hotplug-error.
 * A frontend's state starts nothing, and nothing waits for a frontend.
 */
#ifndef NV_OPS_OP_DEVICE_H
#define NV_OPS_OP_DEVICE_H

#include "core/request.h"
#include "ops/nvd.h"

struct device_desk;

/** device_desk_new() - Return: 0 and *@ret, or -ENOMEM */
int device_desk_new(struct device_desk **ret);
struct device_desk *device_desk_free(struct device_desk *d);

/**
 * device_event() - one event of the bus is taken in
 * Quick: what it makes necessary is begun by op_device_begin(). Domains' events
 * are not for here.
 */
void device_event(struct nvd *nvd, const struct bus_event *ev);

/** device_waits() - is there anything for op_device_begin()? */
bool device_waits(const struct nvd *nvd);

/**
 * op_device_begin() - look at the next device that waits
 * Refusals are told to the bus and the history and are no errors here.
 * Return: 0 and *@ret, NULL if nothing long is to be done for it; -ENOMEM.
 */
int op_device_begin(struct nvd *nvd, struct nv_why *why, struct op **ret);

/**
 * device_changed() - what @domid has mapped changed, or the domain did: look at its devices again
 * Whoever ends a map or an unmap calls it; nothing to do without a desk.
 */
void device_changed(struct nvd *nvd, uint32_t domid);

/**
 * device_want() - a new device, as if a toolstack had written its nodes
 * @wish: volume, has_gpa and gpa
 * It does not wait for xenstore: it is mapped at once by op_device_begin().
 * Return: 0, also if it is there already; -ENOTCONN (no bus); -ENOMEM.
 */
int device_want(struct nvd *nvd, struct device_key key, const struct device_wish *wish);

/**
 * device_settled() - how the devices of @domid stand
 * @ret_refused: how many were refused
 * Return: true if every device that is known is connected, refused or gone;
 * true, too, if none is known.
 */
bool device_settled(const struct nvd *nvd, uint32_t domid, uint32_t *ret_refused);

/** device_alarms() - a sentence for each device that was refused, for the status. Return: 0 or -ENOMEM. */
int device_alarms(struct nvd *nvd, struct view_status *ret);

/* ---- op_attach.c: what a person asks for ---- */

/**
 * op_attach_begin() - a new device for a running guest
 * NV_E_DEVICE_TAKEN, NV_E_UNSUPPORTED (no xenstore), and as op_map_begin().
 */
int op_attach_begin(struct nvd *nvd, const struct req_attach *rq, struct nv_why *why, struct op **ret);

/**
 * op_detach_begin() - a device goes: the guest is asked, and it is unmapped
 * NV_E_NO_DEVICE, NV_E_NO_VOLUME, NV_E_NO_DOMAIN, NV_E_BUSY; at its end also
 * NV_E_NO_CONSENT, NV_E_TIMEOUT: nothing changed then.
 */
int op_detach_begin(struct nvd *nvd, const struct req_detach *rq, struct nv_why *why, struct op **ret);

#endif
