/* SPDX-License-Identifier: MIT */
/*
 * nvdimm.h - the hypercall that maps persistent memory into guests.
 *
 *     long nvdimm_op(uint32_t cmd, void *arg, uint32_t len)
 *
 * For the control domain only. @arg is the structure named with each command
 * and @len its size, the array behind it included; any other size is -EINVAL,
 * so is a reserved field or flag that is not 0. The layout is the same for
 * 32-bit and 64-bit callers and holds no pointers.
 *
 * Units: frames are 4 KiB. mfn is a machine frame, gfn a guest frame, nr a
 * count of frames; spa is a system physical address in bytes. Ranges are half
 * open: [mfn, mfn + nr).
 *
 * Return: 0, done; XEN_NVDIMM_MORE, a bounded part is done and the same call
 * must be made again with @arg as it came back; negative, an errno value.
 * Every command: -ENOSYS (no such command, or no such hypercall), -EPERM,
 * -EFAULT, -EINVAL. Errors that a command adds stand with it.
 *
 * A domain is named by domid and handle together, because domids are used
 * again: a domain whose handle differs is -ESRCH.
 *
 * map_id and seq count up from 1 and start again with the host; boot_id tells
 * the boots apart.
 */
#ifndef __XEN_PUBLIC_NVDIMM_H__
#define __XEN_PUBLIC_NVDIMM_H__

#ifndef __XEN__
#include <stdint.h>
#endif

/* __HYPERVISOR_arch_7, the last of x86's own numbers. */
#define __HYPERVISOR_nvdimm_op 55

#define XEN_NVDIMM_MAGIC 0x314d4d4944564e58ULL /* "XNVDIMM1" */
#define XEN_NVDIMM_VERSION 1
#define XEN_NVDIMM_MORE 1

/* The longest argument, array included, in bytes. */
#define XEN_NVDIMM_MAX_ARG 65536

#define XEN_NVDIMM_get_info 0
#define XEN_NVDIMM_register 1
#define XEN_NVDIMM_unregister 2
#define XEN_NVDIMM_arm 3
#define XEN_NVDIMM_map 4
#define XEN_NVDIMM_unmap 5
#define XEN_NVDIMM_list 6
#define XEN_NVDIMM_set_broken 7
#define XEN_NVDIMM_clear_broken 8
#define XEN_NVDIMM_get_events 9
#define XEN_NVDIMM_resolve 10
#define XEN_NVDIMM_set_policy 11
#define XEN_NVDIMM_hold 12
#define XEN_NVDIMM_scrub 13
#define XEN_NVDIMM_query 14

/*
 * get_info: what this hypervisor offers. Changes nothing.
 * A caller trusts nothing else here unless magic and version are its own.
 */
struct xen_nvdimm_info {
    uint64_t magic;       /* OUT: XEN_NVDIMM_MAGIC */
    uint64_t boot_id;     /* OUT: random, never 0, new at each host boot */
    uint32_t version;     /* OUT: XEN_NVDIMM_VERSION */
    uint32_t virq;        /* OUT: VIRQ raised when events wait */
    uint32_t max_order;   /* OUT: largest page order that map uses (18: 1 GiB) */
    uint32_t deadline_ms; /* OUT: see set_policy */
    uint32_t max_regions; /* OUT: limits ... */
    uint32_t max_extents;
    uint32_t ring;        /* OUT: ... of the event ring, in events */
    uint32_t caps;        /* OUT: XEN_NVDIMM_CAP_* */
};
#define XEN_NVDIMM_CAP_VMCE (1U << 0) /* resolve can inject machine checks */
#define XEN_NVDIMM_CAP_SIM  (1U << 1) /* a simulated host, no hypervisor */

/*
 * register, unregister, arm: a region's frames.
 *
 * register: these frames are persistent memory that may be mapped. The same
 * range again is done already. A registered frame is refused to every other
 * interface that maps by frame number.
 *   -EINVAL RAM, frames that must stay read-only, or wrap; -EEXIST overlaps a
 *   region but is not the same; -ENOSPC too many regions; -ENOMEM the bitmap
 *   of broken frames (1 bit per frame, allocated here once and for all).
 * unregister: the exact range of a region; CPU caches are written back.
 *   -ENOENT; -EBUSY while frames of it are mapped.
 * arm: the list of broken frames has been replayed with set_broken, so frames
 * of this region may be mapped from now on. Again: done already.  -ENOENT.
 */
struct xen_nvdimm_range {
    uint64_t mfn;
    uint64_t nr;
};

/*
 * map: put nr frames at mfn into a guest at gfn, write-back, as one extent.
 *
 * First call: map_id and done 0. While it returns XEN_NVDIMM_MORE the extent
 * exists in state MAPPING; call again as it came back. On an error nothing
 * of it is left. A caller that dies leaves the extent for list and unmap.
 *
 * Guest frames must be holes: what is there already is never replaced. mfn
 * and gfn must be 2 MiB aligned and nr a multiple of it, unless 4K_OK.
 * SKIP_BROKEN leaves broken frames out, and what is in their place alone; a
 * guest that touches the hole of one raises a TOUCH event instead of reading
 * anything.
 *
 *   -ESRCH no such domain, or it is dying; -EOPNOTSUPP not HVM/PVH with HAP,
 *   or log-dirty or altp2m is on; -ENXIO outside the regions, or over the end
 *   of one; -EAGAIN region not armed; -EBUSY a frame is mapped already; -EIO a
 *   frame is broken and not SKIP_BROKEN; -EEXIST a guest frame is not a hole,
 *   gfn then says which; -ERANGE beyond the guest's address width; -ENOSPC
 *   too many extents; -ENOMEM; -ENOENT map_id of another call; -ECANCELED the
 *   domain died, or the extent was unmapped, between two calls.
 */
struct xen_nvdimm_map {
    uint32_t domid;
    uint32_t flags;      /* XEN_NVDIMM_MAP_* */
    uint8_t  handle[16];
    uint64_t mfn;
    uint64_t gfn;        /* IN; OUT only with -EEXIST */
    uint64_t nr;
    uint64_t done;       /* IN/OUT: frames so far */
    uint64_t map_id;     /* IN/OUT */
};
#define XEN_NVDIMM_MAP_4K_OK       (1U << 0)
#define XEN_NVDIMM_MAP_SKIP_BROKEN (1U << 1)

/*
 * unmap: take a whole extent, of any state, out of its guest. 0 means that
 * TLBs and IOTLBs are flushed: no CPU and no device of the guest can reach
 * the frames and they may be used again. What the guest itself put in place of
 * a frame stays there.
 *   -ENOENT; -EBUSY the domain is being destroyed: a RELEASED event follows.
 */
struct xen_nvdimm_unmap {
    uint64_t map_id;
    uint64_t done;       /* OUT: frames so far */
};

/*
 * list: read the hypervisor's state, ordered by mfn (holds: by domid).
 * cursor: IN 0 to begin, OUT where to go on, XEN_NVDIMM_LIST_END at the end
 * (only that is the end: a call may well fill in nothing).
 * What changes between two calls may be seen or missed; nothing that stays
 * is missed or seen twice.
 */
struct xen_nvdimm_record {
    uint64_t mfn;
    uint64_t nr;
    uint64_t gfn;        /* extents */
    uint64_t map_id;     /* extents */
    uint64_t done;       /* extents: frames present in the guest so far */
    uint64_t last_seq;   /* extents, holds: newest event about it, 0 if none */
    uint32_t domid;      /* extents, holds */
    uint32_t state;      /* per kind, below */
    uint8_t  handle[16]; /* extents, holds */
};
struct xen_nvdimm_list {
    uint32_t kind;       /* IN: XEN_NVDIMM_LIST_* */
    uint32_t nr;         /* IN: room in rec[]; OUT: filled */
    uint64_t cursor;
    /* struct xen_nvdimm_record rec[nr] follows */
};
#define XEN_NVDIMM_LIST_regions 0 /* state: 1 armed */
#define XEN_NVDIMM_LIST_broken  1 /* state: 1 inside an extent */
#define XEN_NVDIMM_LIST_extents 2 /* state: XEN_NVDIMM_EXTENT_* */
#define XEN_NVDIMM_LIST_holds   3 /* state: XEN_NVDIMM_HOLD_* bits */
#define XEN_NVDIMM_LIST_END     (~0ULL)

#define XEN_NVDIMM_EXTENT_MAPPING   1
#define XEN_NVDIMM_EXTENT_MAPPED    2
#define XEN_NVDIMM_EXTENT_UNMAPPING 3

/* A domain does not run while any bit is set; xl's pause is apart from it. */
#define XEN_NVDIMM_HOLD_FAULT (1U << 0) /* a machine check awaits a decision */
#define XEN_NVDIMM_HOLD_SETUP (1U << 1) /* see hold */

/*
 * set_broken: mark frames as broken. Never refused inside a region; already
 * broken is fine. Frames that a guest has are contained first: taken out of
 * its p2m, and the guest is held until resolve, as after an SRAO machine check.
 * AS_MCE: take the path of a hardware report with this status, mcg and misc
 * (status 0: SRAO of one frame), so that all of it can be tried on any machine.
 * Each range then is one report and has nr 1; misc says how far it reaches.
 *   -EINVAL a status that reports no uncorrected error.
 *   -ENXIO not within one region (done says how many ranges are).
 *
 * clear_broken: the frames were repaired. Not broken is fine.
 *   -ENXIO; -EBUSY inside a live extent (done says how many ranges are).
 *
 * With XEN_NVDIMM_MORE, what is done of ranges[done] has been cut off it.
 */
struct xen_nvdimm_broken {
    uint32_t flags;      /* XEN_NVDIMM_BROKEN_* */
    uint32_t nr;         /* ranges in ranges[] */
    uint64_t done;       /* IN/OUT: ranges so far, 0 to begin */
    uint64_t status;     /* with AS_MCE: MCi_STATUS */
    uint64_t mcg;        /* with AS_MCE: MCG_STATUS */
    uint64_t misc;       /* with AS_MCE: MCi_MISC */
    /* struct xen_nvdimm_range ranges[nr] follows */
};
#define XEN_NVDIMM_BROKEN_AS_MCE (1U << 0) /* set_broken only */

/*
 * get_events: acknowledge, then fetch. Events up to ack_seq are forgotten;
 * the oldest others are copied and stay until they are acknowledged.
 * An event that holds a domain may be acknowledged only after resolve: else
 * -EBUSY, nothing is forgotten, and next_seq names the first such event.
 * -EINVAL: ack_seq is of an event yet to come.
 */
struct xen_nvdimm_event {
    uint64_t seq;
    uint64_t time_ns;    /* the hypervisor's system time, ns since boot */
    uint64_t spa;        /* MCE, TOUCH: the address; RELEASED: the first byte */
    uint64_t nr;         /* frames affected, from the frame that holds spa */
    uint64_t status;     /* MCE: MCi_STATUS ... */
    uint64_t misc;       /* ... MCi_MISC ... */
    uint64_t mcg;        /* ... MCG_STATUS */
    uint64_t map_id;     /* the extent, 0 if none */
    uint64_t gfn;        /* guest frame of spa, ~0 if none */
    uint32_t domid;      /* the extent's owner, DOMID_INVALID if none */
    uint32_t vcpu;       /* TOUCH: who touched; else ~0 */
    uint32_t type;       /* XEN_NVDIMM_EVENT_* */
    uint32_t flags;      /* XEN_NVDIMM_EVENTF_* */
    uint8_t  handle[16];
};
struct xen_nvdimm_events {
    uint64_t ack_seq;    /* IN: 0 acknowledges nothing */
    uint64_t lost;       /* OUT: events lost to overflow since boot */
    uint64_t next_seq;   /* OUT: seq that the next event will have */
    uint32_t nr;         /* IN: room in event[]; OUT: filled */
    uint32_t waiting;    /* OUT: events that did not fit in event[] */
    /* struct xen_nvdimm_event event[nr] follows */
};
#define XEN_NVDIMM_EVENT_MCE      1 /* hardware reported an error */
#define XEN_NVDIMM_EVENT_TOUCH    2 /* a guest touched a broken frame */
#define XEN_NVDIMM_EVENT_RELEASED 3 /* an extent went with its domain */
/*
 * Crashed: nobody decided in time; or, with EVENTF_RESOLVED, the guest did not
 * accept the machine checks queued for it.
 */
#define XEN_NVDIMM_EVENT_TIMEOUT  4
#define XEN_NVDIMM_EVENT_LOST     5 /* events before this one are lost: list */

#define XEN_NVDIMM_EVENTF_REPEAT   (1U << 0) /* the frame was broken before */
#define XEN_NVDIMM_EVENTF_HELD     (1U << 1) /* its domain is held for it */
#define XEN_NVDIMM_EVENTF_GUEST    (1U << 2) /* taken while a guest ran */
#define XEN_NVDIMM_EVENTF_SIMULATED (1U << 3) /* set_broken, not hardware */
#define XEN_NVDIMM_EVENTF_CRASHED  (1U << 4) /* not contained: owner crashed */
#define XEN_NVDIMM_EVENTF_RESOLVED (1U << 5) /* resolve was called for it */
#define XEN_NVDIMM_EVENTF_NO_ADDR  (1U << 6) /* STATUS.ADDRV clear: spa is 0 */
#define XEN_NVDIMM_EVENTF_AMD      (1U << 7) /* status as AMD's: no S, no AR */

/*
 * resolve: what becomes of the domain that an event holds. The action is
 * recorded with the event, so a repeat changes nothing and is -EALREADY. The
 * domain goes on when none of its events is left undecided. Once a domain is
 * crashed all of its events are decided.
 * seq 0: every undecided event of the extent map_id (after lost events).
 *   VMCE: inject a machine check of this kind; the hypervisor derives
 *   addresses and status from the event. CRASH: crash the domain. RESUME: go on.
 *   -ESTALE no such event, or it holds nobody; -ESRCH the domain is gone;
 *   -EALREADY; -EOPNOTSUPP no CAP_VMCE; -ENOMEM to queue it: try again.
 */
struct xen_nvdimm_resolve {
    uint64_t seq;
    uint64_t map_id;     /* with seq 0 */
    uint32_t action;     /* XEN_NVDIMM_RESOLVE_* */
    uint32_t kind;       /* VMCE: XEN_NVDIMM_KIND_*; else 0 */
};
#define XEN_NVDIMM_RESOLVE_VMCE   1
#define XEN_NVDIMM_RESOLVE_CRASH  2
#define XEN_NVDIMM_RESOLVE_RESUME 3
#define XEN_NVDIMM_KIND_SRAO 1
#define XEN_NVDIMM_KIND_SRAR 2

/*
 * set_policy: how long a FAULT hold may await resolve before the hypervisor
 * crashes the domain; each resolve of an event that holds it starts the time
 * again, and a guest that does not accept the machine checks queued for it has as
 * long. Clamped to 1,000 - 60,000 ms; cannot be disabled. It is
 * the one decision that the hypervisor makes when nobody answers.
 */
struct xen_nvdimm_policy {
    uint32_t deadline_ms; /* IN/OUT: OUT the value in force */
    uint32_t reserved;
};

/*
 * hold: keep a domain from running until its memory is in place (on 1), or
 * let it go (on 0). Idempotent.   -ESRCH.
 */
struct xen_nvdimm_hold {
    uint32_t domid;
    uint32_t on;
    uint8_t  handle[16];
};

/*
 * scrub: fill frames with zeroes, written back to the media. Broken frames
 * are left alone.   -ENXIO outside the regions; -EBUSY a frame is mapped;
 * -ENOMEM: try again.
 */
struct xen_nvdimm_scrub {
    uint64_t mfn;
    uint64_t nr;
    uint64_t done;       /* IN/OUT: frames so far, 0 to begin */
};

/*
 * query: how a guest frame is mapped, for tests and for people.
 *   -ESRCH; -EOPNOTSUPP no p2m.
 */
struct xen_nvdimm_query {
    uint32_t domid;
    uint32_t order;      /* OUT: page order of the mapping (0, 9, 18) */
    uint64_t gfn;
    uint64_t mfn;        /* OUT: ~0 if not present */
    uint32_t type;       /* OUT: the hypervisor's p2m type number */
    uint32_t cache;      /* OUT: XEN_NVDIMM_CACHE_* */
    uint64_t entry;      /* OUT: the page table entry as it stands */
};
#define XEN_NVDIMM_CACHE_NONE  0 /* not present */
#define XEN_NVDIMM_CACHE_WB    1
#define XEN_NVDIMM_CACHE_OTHER 2

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(struct xen_nvdimm_info) == 48, "ABI: xen_nvdimm_info");
_Static_assert(sizeof(struct xen_nvdimm_range) == 16, "ABI: xen_nvdimm_range");
_Static_assert(sizeof(struct xen_nvdimm_map) == 64, "ABI: xen_nvdimm_map");
_Static_assert(sizeof(struct xen_nvdimm_unmap) == 16, "ABI: xen_nvdimm_unmap");
_Static_assert(sizeof(struct xen_nvdimm_record) == 72, "ABI: xen_nvdimm_record");
_Static_assert(sizeof(struct xen_nvdimm_list) == 16, "ABI: xen_nvdimm_list");
_Static_assert(sizeof(struct xen_nvdimm_broken) == 40, "ABI: xen_nvdimm_broken");
_Static_assert(sizeof(struct xen_nvdimm_event) == 104, "ABI: xen_nvdimm_event");
_Static_assert(sizeof(struct xen_nvdimm_events) == 32, "ABI: xen_nvdimm_events");
_Static_assert(sizeof(struct xen_nvdimm_resolve) == 24, "ABI: xen_nvdimm_resolve");
_Static_assert(sizeof(struct xen_nvdimm_policy) == 8, "ABI: xen_nvdimm_policy");
_Static_assert(sizeof(struct xen_nvdimm_hold) == 24, "ABI: xen_nvdimm_hold");
_Static_assert(sizeof(struct xen_nvdimm_scrub) == 24, "ABI: xen_nvdimm_scrub");
_Static_assert(sizeof(struct xen_nvdimm_query) == 40, "ABI: xen_nvdimm_query");
_Static_assert(__builtin_offsetof(struct xen_nvdimm_map, mfn) == 24, "ABI");
_Static_assert(__builtin_offsetof(struct xen_nvdimm_record, domid) == 48, "ABI");
_Static_assert(__builtin_offsetof(struct xen_nvdimm_event, domid) == 72, "ABI");
_Static_assert(__builtin_offsetof(struct xen_nvdimm_query, mfn) == 16, "ABI");
#endif

#endif /* __XEN_PUBLIC_NVDIMM_H__ */
