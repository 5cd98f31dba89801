/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/hvwire.h - the hypercall's structures, to and from our own words.
 *
 * Total functions: whatever bytes the hypervisor (or whoever answers for it)
 * put there, the result is within what core/hvrec.h promises, or -EPROTO.
 */
#ifndef NV_CODEC_HVWIRE_H
#define NV_CODEC_HVWIRE_H

#include "core/hvrec.h"
#include "public/nvdimm.h"

/** hvwire_info() - Return: 0; -EPROTO if a limit is 0 where one is needed or the order is absurd */
int hvwire_info(const struct xen_nvdimm_info *in, struct hv_info *ret) nv_must_check;

/** hvwire_record() - Return: 0; -EPROTO for a range that is empty or wraps, or an unknown state */
int hvwire_record(enum hv_list kind, const struct xen_nvdimm_record *in, struct hv_record *ret) nv_must_check;

/**
 * hvwire_event() - one event
 * A type that this version does not know is passed on as it is: it must still
 * be acknowledged. Return: 0; -EPROTO for seq 0, or a range that wraps.
 */
int hvwire_event(const struct xen_nvdimm_event *in, struct hv_event *ret) nv_must_check;

/**
 * hvwire_events() - the answer to get_events
 * @in: the head, with @room events' worth of bytes behind it
 * Sequence numbers must rise. Return: 0 and *@ret; -EPROTO, *@ret is void then.
 */
int hvwire_events(const struct xen_nvdimm_events *in, uint32_t room, struct hv_batch *ret) nv_must_check;

/** hvwire_map() - a request */
void hvwire_map(const struct hv_map *in, struct xen_nvdimm_map *ret);

/** hvwire_resolve() - a request */
void hvwire_resolve(const struct hv_resolve *in, struct xen_nvdimm_resolve *ret);

/** hvwire_list_kind() - HV_LIST_* as XEN_NVDIMM_LIST_* */
uint32_t hvwire_list_kind(enum hv_list kind);

#endif
