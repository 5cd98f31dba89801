/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/hvwire.c - the hypercall's structures, checked field by field.
 */
#include "codec/hvwire.h"

#include <string.h>

/* Frames that 64 bits of byte address can name. */
#define FRAMES_MAX (UINT64_MAX >> 12)

static bool range_is_sane(uint64_t first, uint64_t nr)
{
	return first <= FRAMES_MAX && nr <= FRAMES_MAX - first;
}

static void uuid_get(const uint8_t *handle, struct nv_uuid *ret)
{
	memcpy(ret->b, handle, sizeof(ret->b));
}

int hvwire_info(const struct xen_nvdimm_info *in, struct hv_info *ret)
{
	if (!in->boot_id || !in->max_regions || !in->max_extents || !in->ring)
		return -EPROTO;
	if (in->max_order > 27)
		return -EPROTO;
	*ret = (struct hv_info){
		.boot_id = in->boot_id,
		.version = in->version,
		.max_order = in->max_order,
		.deadline_ms = in->deadline_ms,
		.max_regions = in->max_regions,
		.max_extents = in->max_extents,
		.ring = in->ring,
		.vmce = in->caps & XEN_NVDIMM_CAP_VMCE,
		.simulated = in->caps & XEN_NVDIMM_CAP_SIM,
	};
	return 0;
}

static bool record_state_is_sane(enum hv_list kind, uint32_t state)
{
	switch (kind) {
	case HV_LIST_REGIONS:
	case HV_LIST_BROKEN:
		return state <= 1;
	case HV_LIST_EXTENTS:
		return state >= HV_EXTENT_MAPPING && state <= HV_EXTENT_UNMAPPING;
	case HV_LIST_HOLDS:
		return (state & ~(HV_HOLD_FAULT | HV_HOLD_SETUP)) == 0;
	}
	return false;
}

int hvwire_record(enum hv_list kind, const struct xen_nvdimm_record *in, struct hv_record *ret)
{
	if (!record_state_is_sane(kind, in->state))
		return -EPROTO;
	if (kind != HV_LIST_HOLDS && (!in->nr || !range_is_sane(in->mfn, in->nr)))
		return -EPROTO;
	if (kind == HV_LIST_EXTENTS &&
	    (!in->map_id || !range_is_sane(in->gfn, in->nr) || in->done > in->nr))
		return -EPROTO;
	*ret = (struct hv_record){
		.mfn = in->mfn,
		.nr = in->nr,
		.gfn = in->gfn,
		.map_id = in->map_id,
		.done = in->done,
		.last_seq = in->last_seq,
		.domid = in->domid,
		.state = in->state,
	};
	uuid_get(in->handle, &ret->uuid);
	return 0;
}

int hvwire_event(const struct xen_nvdimm_event *in, struct hv_event *ret)
{
	if (!in->seq || !range_is_sane(in->spa >> 12, in->nr))
		return -EPROTO;
	*ret = (struct hv_event){
		.seq = in->seq,
		.time_ns = in->time_ns,
		.spa = in->spa,
		.nr = in->nr,
		.status = in->status,
		.misc = in->misc,
		.mcg = in->mcg,
		.map_id = in->map_id,
		.gfn = in->gfn,
		.domid = in->domid,
		.vcpu = in->vcpu,
		.type = in->type,
		.flags = in->flags,
	};
	uuid_get(in->handle, &ret->uuid);
	return 0;
}

int hvwire_events(const struct xen_nvdimm_events *in, uint32_t room, struct hv_batch *ret)
{
	const struct xen_nvdimm_event *ev = (const void *)(in + 1);
	uint64_t last = 0;
	uint32_t i;
	int r;

	if (in->nr > room || room > HV_BATCH)
		return -EPROTO;
	for (i = 0; i < in->nr; i++) {
		r = hvwire_event(&ev[i], &ret->event[i]);
		if (r)
			return r;
		if (ev[i].seq <= last)
			return -EPROTO;
		last = ev[i].seq;
	}
	ret->lost = in->lost;
	ret->next_seq = in->next_seq;
	ret->nr = in->nr;
	ret->waiting = in->waiting;
	return 0;
}

void hvwire_map(const struct hv_map *in, struct xen_nvdimm_map *ret)
{
	*ret = (struct xen_nvdimm_map){
		.domid = in->domid,
		.flags = (in->small ? XEN_NVDIMM_MAP_4K_OK : 0) |
			 (in->skip_broken ? XEN_NVDIMM_MAP_SKIP_BROKEN : 0),
		.mfn = in->mfn,
		.gfn = in->gfn,
		.nr = in->nr,
		.done = in->done,
		.map_id = in->map_id,
	};
	memcpy(ret->handle, in->uuid.b, sizeof(ret->handle));
}

void hvwire_resolve(const struct hv_resolve *in, struct xen_nvdimm_resolve *ret)
{
	*ret = (struct xen_nvdimm_resolve){
		.seq = in->seq,
		.map_id = in->seq ? 0 : in->map_id,
		.action = in->action,
		.kind = in->action == HV_VMCE ? in->kind : 0,
	};
}

uint32_t hvwire_list_kind(enum hv_list kind)
{
	static const uint32_t kinds[] = {
		[HV_LIST_REGIONS] = XEN_NVDIMM_LIST_regions,
		[HV_LIST_BROKEN] = XEN_NVDIMM_LIST_broken,
		[HV_LIST_EXTENTS] = XEN_NVDIMM_LIST_extents,
		[HV_LIST_HOLDS] = XEN_NVDIMM_LIST_holds,
	};

	return kinds[kind];
}

_Static_assert(HV_EXTENT_MAPPING == XEN_NVDIMM_EXTENT_MAPPING, "as the ABI");
_Static_assert(HV_EXTENT_MAPPED == XEN_NVDIMM_EXTENT_MAPPED, "as the ABI");
_Static_assert(HV_EXTENT_UNMAPPING == XEN_NVDIMM_EXTENT_UNMAPPING, "as the ABI");
_Static_assert(HV_HOLD_FAULT == XEN_NVDIMM_HOLD_FAULT, "as the ABI");
_Static_assert(HV_HOLD_SETUP == XEN_NVDIMM_HOLD_SETUP, "as the ABI");
_Static_assert((int)HV_EVENT_MCE == XEN_NVDIMM_EVENT_MCE, "as the ABI");
_Static_assert((int)HV_EVENT_TOUCH == XEN_NVDIMM_EVENT_TOUCH, "as the ABI");
_Static_assert((int)HV_EVENT_RELEASED == XEN_NVDIMM_EVENT_RELEASED, "as the ABI");
_Static_assert((int)HV_EVENT_TIMEOUT == XEN_NVDIMM_EVENT_TIMEOUT, "as the ABI");
_Static_assert((int)HV_EVENT_LOST == XEN_NVDIMM_EVENT_LOST, "as the ABI");
_Static_assert(HV_EVENTF_REPEAT == XEN_NVDIMM_EVENTF_REPEAT, "as the ABI");
_Static_assert(HV_EVENTF_HELD == XEN_NVDIMM_EVENTF_HELD, "as the ABI");
_Static_assert(HV_EVENTF_GUEST == XEN_NVDIMM_EVENTF_GUEST, "as the ABI");
_Static_assert(HV_EVENTF_SIMULATED == XEN_NVDIMM_EVENTF_SIMULATED, "as the ABI");
_Static_assert(HV_EVENTF_CRASHED == XEN_NVDIMM_EVENTF_CRASHED, "as the ABI");
_Static_assert(HV_EVENTF_RESOLVED == XEN_NVDIMM_EVENTF_RESOLVED, "as the ABI");
_Static_assert(HV_EVENTF_NO_ADDR == XEN_NVDIMM_EVENTF_NO_ADDR, "as the ABI");
_Static_assert(HV_EVENTF_AMD == XEN_NVDIMM_EVENTF_AMD, "as the ABI");
_Static_assert((int)HV_VMCE == XEN_NVDIMM_RESOLVE_VMCE, "as the ABI");
_Static_assert((int)HV_CRASH == XEN_NVDIMM_RESOLVE_CRASH, "as the ABI");
_Static_assert((int)HV_RESUME == XEN_NVDIMM_RESOLVE_RESUME, "as the ABI");
_Static_assert((int)HV_SRAO == XEN_NVDIMM_KIND_SRAO, "as the ABI");
_Static_assert((int)HV_SRAR == XEN_NVDIMM_KIND_SRAR, "as the ABI");
_Static_assert(sizeof(struct xen_nvdimm_events) + HV_BATCH * sizeof(struct xen_nvdimm_event) <= XEN_NVDIMM_MAX_ARG,
	       "a batch fits in one call");
_Static_assert(sizeof(struct xen_nvdimm_list) + HV_LIST_MAX * sizeof(struct xen_nvdimm_record) <= XEN_NVDIMM_MAX_ARG,
	       "a page of records fits in one call");
_Static_assert(sizeof(struct xen_nvdimm_broken) + HV_BROKEN_MAX * sizeof(struct xen_nvdimm_range) <= XEN_NVDIMM_MAX_ARG,
	       "the ranges fit in one call");
