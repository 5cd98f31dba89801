/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/hvrec.h - what the hypervisor and nvdimmd say to each other, in our words.
 *
 * The twin of public/nvdimm.h without its layout: codec/hvwire translates and
 * checks. Units as there: frames of 4 KiB, spa in bytes, ranges half open.
 */
#ifndef NV_CORE_HVREC_H
#define NV_CORE_HVREC_H

#include "base/macros.h"
#include "base/uuid.h"

#define HV_NO_DOMAIN 0x7FF4u /* DOMID_INVALID of xen/include/public/xen.h */
#define HV_NO_VCPU UINT32_MAX
#define HV_NO_GFN UINT64_MAX
#define HV_LIST_END UINT64_MAX

/* Most that fit in one call's 64 KiB. */
#define HV_BATCH 512      /* events */
#define HV_LIST_MAX 512   /* records */
/* As many as one call does: what is beyond would be copied for nothing, and sent again. */
#define HV_BROKEN_MAX 512 /* ranges */

struct hv_range {
	uint64_t mfn, nr;
};

struct hv_info {
	uint64_t boot_id; /* new at each host boot, never 0 */
	uint32_t version;
	uint32_t max_order;
	uint32_t deadline_ms;
	uint32_t max_regions;
	uint32_t max_extents;
	uint32_t ring;
	bool vmce; /* resolve can inject machine checks */
	bool simulated;
};

struct hv_map {
	uint32_t domid;
	struct nv_uuid uuid;
	bool small;       /* 4 KiB alignment will do */
	bool skip_broken; /* leave broken frames out instead of refusing */
	uint64_t mfn, gfn, nr;
	uint64_t done;   /* frames so far */
	uint64_t map_id; /* 0 to begin */
};

enum hv_list {
	HV_LIST_REGIONS,
	HV_LIST_BROKEN,
	HV_LIST_EXTENTS,
	HV_LIST_HOLDS,
};

enum hv_extent_state {
	HV_EXTENT_MAPPING = 1,
	HV_EXTENT_MAPPED,
	HV_EXTENT_UNMAPPING,
};

#define HV_HOLD_FAULT 1u
#define HV_HOLD_SETUP 2u

struct hv_record {
	uint64_t mfn, nr;
	uint64_t gfn;
	uint64_t map_id;
	uint64_t done;
	uint64_t last_seq;
	uint32_t domid;
	uint32_t state; /* regions: 1 armed; extents: enum hv_extent_state; holds: HV_HOLD_* */
	struct nv_uuid uuid;
};

enum hv_event_type {
	HV_EVENT_MCE = 1,
	HV_EVENT_TOUCH,
	HV_EVENT_RELEASED,
	HV_EVENT_TIMEOUT,
	HV_EVENT_LOST,
};

#define HV_EVENTF_REPEAT 0x01u    /* the frame was broken before */
#define HV_EVENTF_HELD 0x02u      /* its domain is held for it */
#define HV_EVENTF_GUEST 0x04u     /* taken while a guest ran */
#define HV_EVENTF_SIMULATED 0x08u /* asked for, not hardware */
#define HV_EVENTF_CRASHED 0x10u   /* not contained: the owner was crashed */
#define HV_EVENTF_RESOLVED 0x20u
#define HV_EVENTF_NO_ADDR 0x40u   /* the hardware gave no address */
#define HV_EVENTF_AMD 0x80u       /* status is AMD's: no S and AR */

struct hv_event {
	uint64_t seq;
	uint64_t time_ns; /* the hypervisor's, since boot */
	uint64_t spa;
	uint64_t nr;
	uint64_t status, misc, mcg;
	uint64_t map_id;
	uint64_t gfn;
	uint32_t domid;
	uint32_t vcpu;
	uint32_t type; /* enum hv_event_type */
	uint32_t flags;
	struct nv_uuid uuid;
};

struct hv_batch {
	uint64_t lost;     /* since boot */
	uint64_t next_seq;
	uint32_t nr;
	uint32_t waiting;  /* did not fit */
	struct hv_event event[HV_BATCH];
};

enum hv_action {
	HV_VMCE = 1,
	HV_CRASH,
	HV_RESUME,
};

enum hv_kind {
	HV_SRAO = 1,
	HV_SRAR,
};

struct hv_resolve {
	uint64_t seq;    /* 0: every undecided event of map_id */
	uint64_t map_id;
	enum hv_action action;
	enum hv_kind kind; /* with HV_VMCE */
};

#endif
