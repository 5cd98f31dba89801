/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/hv_mem.h - a hypervisor in memory, for tests (port/hv.h).
 *
 * It keeps the port's promises and no more: regions, broken frames, extents,
 * events, a byte per frame that says whether it is zero. Small steps, so that
 * every flow takes several turns. It outlives the daemon's other parts: free
 * it last, or not at all between two lives.
 */
#ifndef NV_ADAPTER_HV_MEM_H
#define NV_ADAPTER_HV_MEM_H

#include "port/hv.h"

#define HV_MEM_FRAMES 16384u /* frames 0 to here can be regions */
#define HV_MEM_STEP 700u     /* frames of a map, unmap or scrub step */
#define HV_MEM_EXTENTS 64

struct hv_mem;

int hv_mem_new(struct hv **ret);

/** hv_mem_boot() - the host was reset: only the frames' contents are left */
void hv_mem_boot(struct hv *hv);

/** hv_mem_domain() - a domain is there, or with @alive false is gone, with RELEASED events */
void hv_mem_domain(struct hv *hv, uint32_t domid, const struct nv_uuid *uuid, bool alive);

/** hv_mem_mce() - the hardware reports @nr frames from @mfn */
void hv_mem_mce(struct hv *hv, uint64_t mfn, uint64_t nr, uint64_t status);

/** hv_mem_push() - any event at all; seq and time are the hypervisor's */
void hv_mem_push(struct hv *hv, const struct hv_event *ev);

/** hv_mem_touch() - the guest that has this frame touches it, and it was taken out. Return: false if nobody has it. */
bool hv_mem_touch(struct hv *hv, uint64_t mfn);

/** hv_mem_write() - a guest writes to frames; hv_mem_is_secret() - some of it was not scrubbed since */
void hv_mem_write(struct hv *hv, uint64_t mfn, uint64_t nr);
bool hv_mem_is_secret(struct hv *hv, uint64_t mfn, uint64_t nr);

/** hv_mem_occupy() - a guest frame is no hole; gfn HV_NO_GFN: all are again */
void hv_mem_occupy(struct hv *hv, uint64_t gfn);

/** hv_mem_unresolved() - events that hold a domain still */
uint32_t hv_mem_unresolved(struct hv *hv);

/** hv_mem_actions() - events that held a domain, and how often one was told, crashed, resumed, or was gone */
struct hv_mem_actions {
	uint32_t held, vmce, crash, resume, gone;
};
struct hv_mem_actions hv_mem_actions(struct hv *hv);

#endif
