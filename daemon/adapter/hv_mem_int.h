/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/hv_mem_int.h - between the two files of hv_mem.
 */
#ifndef NV_ADAPTER_HV_MEM_INT_H
#define NV_ADAPTER_HV_MEM_INT_H

#include "adapter/hv_mem.h"

#define HV_MEM_REGIONS 8
#define HV_MEM_DOMAINS 16
#define HV_MEM_EVENTS 4096

struct mem_event {
	struct hv_event ev;
	bool resolved;
};

struct hv_mem {
	struct hv hv;
	int fd;
	uint64_t boot_id, next_map_id, next_seq, acked;
	struct {
		uint64_t mfn, nr;
		bool armed;
	} region[HV_MEM_REGIONS];
	uint32_t nr_regions;
	struct {
		uint32_t domid;
		struct nv_uuid uuid;
		bool held; /* SETUP */
	} domain[HV_MEM_DOMAINS];
	uint32_t nr_domains;
	struct hv_record extent[HV_MEM_EXTENTS];
	uint32_t nr_extents;
	struct mem_event event[HV_MEM_EVENTS]; /* of seq, at seq % HV_MEM_EVENTS */
	uint64_t occupied;
	struct hv_mem_actions actions;
	bool broken[HV_MEM_FRAMES];
	bool dirty[HV_MEM_FRAMES];
};

static inline struct hv_mem *hv_mem(struct hv *hv)
{
	return nv_container_of(hv, struct hv_mem, hv);
}

/** hv_mem_extent() - the extent that shares a frame with the range, or NULL */
struct hv_record *hv_mem_extent(struct hv_mem *m, uint64_t mfn, uint64_t nr);

/** hv_mem_drop() - it is no more; the last one takes its place */
void hv_mem_drop(struct hv_mem *m, struct hv_record *e);

/** hv_mem_alive() - is this domain there? */
bool hv_mem_alive(const struct hv_mem *m, uint32_t domid, const struct nv_uuid *uuid);

/* The port's calls about events. */
int hv_mem_events(struct hv *hv, uint64_t ack_seq, struct hv_batch *ret);
int hv_mem_resolve(struct hv *hv, const struct hv_resolve *rs);

#endif
