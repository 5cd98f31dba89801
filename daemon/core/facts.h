/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/facts.h - what the book holds, in the form in which it is written.
 *
 * Plain values, no pointers: the ledger embeds them, the store writes and
 * reads them. Places are a pool's UUID and a frame offset in it, never an
 * address, so they stay true when the platform moves a region.
 *
 * The numbers of the enums stand in databases: append only.
 */
#ifndef NV_CORE_FACTS_H
#define NV_CORE_FACTS_H

#include "base/uuid.h"
#include "core/frames.h"

/* Sizes of texts, with the final NUL. */
#define NV_NAME_TEXT 64   /* of a pool or volume */
#define NV_DEVICE_TEXT 64 /* "namespace0.0", "region0" */
#define NV_DOMAIN_TEXT 128
#define NV_OWNER_TEXT 160 /* "uuid:..." or "name:..." */

/* A pool, and where it was when it was last seen. */
struct pool_fact {
	struct nv_uuid uuid; /* the namespace's */
	char name[NV_NAME_TEXT];
	char device[NV_DEVICE_TEXT];
	char region[NV_DEVICE_TEXT];
	uint64_t mfn;
	uint64_t nr;
};

enum volume_state {
	VOLUME_CREATING = 1, /* not promised to anybody yet: a restart drops it */
	VOLUME_READY = 2,
	VOLUME_DELETING = 3, /* its frames still have to be zeroed */
};

struct volume_fact {
	struct nv_uuid uuid;
	struct nv_uuid pool;
	char name[NV_NAME_TEXT]; /* "" for a part that a resize cut off or adds */
	char owner[NV_OWNER_TEXT]; /* "" if anybody may map it */
	uint64_t align;      /* frames: 1, 512 or 262144 */
	uint64_t nr;         /* frames in all extents */
	int64_t created_us;  /* since 1970-01-01 UTC */
	uint64_t home_gfn;   /* where it was in a guest last; 0: nowhere yet */
	uint32_t state;      /* enum volume_state */
	uint32_t nr_extents;
};

/* One contiguous piece of a volume; mapped, also where it is in the guest. */
struct extent_fact {
	uint64_t off; /* frames from the pool's first */
	uint64_t nr;
	uint64_t gfn;    /* NV_NO_FRAME while not mapped */
	uint64_t map_id; /* the hypervisor's; 0 while it has none */
};

enum mapping_state {
	MAPPING_MAPPING = 1,   /* the hypervisor may have some of it */
	MAPPING_MAPPED = 2,
	MAPPING_UNMAPPING = 3, /* the hypervisor may still have some of it */
	MAPPING_UNKNOWN = 4,   /* it has it, the book did not: never stored */
};

/* A volume, or a bare range, in a running domain. */
struct mapping_fact {
	uint64_t id;      /* the book's own, never used twice */
	uint64_t boot_id; /* the host boot in which map_ids mean something */
	struct nv_uuid volume; /* zero: a bare range */
	struct nv_uuid pool;
	struct nv_uuid handle; /* the domain's UUID */
	char domain[NV_DOMAIN_TEXT]; /* its name then, "" if not known */
	uint64_t gfn;     /* the first guest frame; extents follow in order */
	uint64_t nr;
	uint32_t domid;
	uint32_t state;   /* enum mapping_state */
	uint32_t nr_extents;
	bool is_device;   /* of the guest's, in xenstore */
	uint32_t device;  /* its number there */
};

/* What becomes of a guest whose volume cannot be mapped. */
enum guest_missing {
	GUEST_WAIT = 1, /* it is not let run without it */
	GUEST_RUN = 2,  /* it runs without */
};

/* One device of a guest's list: what it gets whenever it starts. */
struct guest_fact {
	char guest[NV_OWNER_TEXT]; /* "uuid:..." or "name:..." */
	uint32_t device;     /* its number there */
	uint32_t if_missing; /* enum guest_missing */
	struct nv_uuid volume;
	uint64_t gfn;        /* NV_NO_FRAME: where it was last, or chosen */
};

enum bad_source {
	BAD_MCE = 1,      /* a machine check */
	BAD_KERNEL = 2,   /* the kernel's list of bad blocks */
	BAD_PERSON = 3,   /* nvctl offline */
	BAD_HYPERVISOR = 4, /* broken there and not here */
};

struct bad_fact {
	struct nv_uuid pool;
	uint64_t off;
	uint64_t nr;
	int64_t time_us;
	uint32_t source; /* enum bad_source */
};

/*
 * One event of the hypervisor that was decided. (boot_id, seq) is its name, so
 * writing it again after a crash changes nothing.
 */
struct fault_fact {
	uint64_t boot_id;
	uint64_t seq;
	int64_t time_us;
	uint64_t boot_ns; /* hypervisor system time, for the grace window */
	struct nv_uuid pool; /* zero: in no pool */
	uint64_t off;
	uint64_t nr;
	uint64_t status;
	uint64_t misc;
	uint64_t mcg;
	struct nv_uuid handle; /* zero: nobody had it */
	uint64_t gfn;
	uint32_t domid;
	uint32_t type;   /* XEN_NVDIMM_EVENT_* */
	uint32_t flags;  /* XEN_NVDIMM_EVENTF_* */
	uint32_t action; /* enum policy_action */
};

enum event_severity {
	EVENT_INFO = 1,
	EVENT_NOTICE = 2,
	EVENT_WARNING = 3,
	EVENT_ERROR = 4,
	EVENT_ALARM = 5,
};

/*
 * One line of the history: what happened, in words, and where. Fields that do
 * not apply are empty: "" or 0 or NV_NO_FRAME or a zero UUID.
 */
struct event_fact {
	uint64_t id; /* counts up from 1; the store gives it */
	int64_t time_us;
	uint32_t severity; /* enum event_severity */
	char kind[32];     /* "fault", "map", "pool-added", ... */
	char text[512];
	char next[160];    /* the command to type next */
	char status[24];   /* a machine register, "0xbd000000000000c0" */
	char action[32];
	struct nv_uuid pool;
	uint64_t off;      /* frames in the pool */
	uint64_t nr;       /* 0: no place */
	uint64_t mfn;      /* where that was then */
	char volume[NV_NAME_TEXT];
	uint64_t volume_off; /* frames in the volume */
	char domain[NV_DOMAIN_TEXT];
	uint32_t domid;    /* NV_NO_DOMID: none */
	uint64_t gfn;
};

/* DOMID_INVALID of xen/include/public/xen.h. */
#define NV_NO_DOMID 0x7ff4U

#endif
