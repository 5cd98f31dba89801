/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-core.h - persistent memory for guests: the decisions.
 *
 * The core keeps regions, broken frames, extents, holds and the event ring,
 * and decides. Everything it does to the world goes through struct nvdimm_ops,
 * so the same object runs in the hypervisor, in the tests and in nvdimm-sim.
 *
 * Units: mfn is a machine frame, gfn a guest frame (4 KiB each), nr a count of
 * frames; spa and gpa are byte addresses; times are ns of now_ns(). Page orders
 * are 0, 9 and 18. Every range is half open.
 *
 * Locks, outermost first:
 *
 *   CORE    all of the state. Taken by every entry point that is not marked
 *           otherwise; held while ops are called. Never held for more than one
 *           bounded step.
 *   (p2m)   the domain's p2m lock, inside the p2m_* ops.
 *   INDEX   leaf. Writers hold CORE too. No op is called while it is held, but
 *           for its own unlock. Readers hold INDEX alone: they may come from
 *           below the p2m lock.
 *
 * So a caller that holds a p2m lock may use only nvdimm_core_hole(),
 * nvdimm_core_has_gfn(), nvdimm_core_owner(), nvdimm_core_has_extents() and
 * nvdimm_core_covers().
 * nvdimm_core_covers() takes no lock at all: it is good in an exception handler.
 *
 * Domains: struct domain is opaque. The core keeps the pointer, without a
 * reference, from the first extent or hold until nvdimm_core_release(); the glue
 * must call that for every domain before the structure goes away, and after
 * domain_check() began to answer -ESRCH for it and its p2m is gone.
 */
#ifndef NVDIMM_CORE_H
#define NVDIMM_CORE_H

#include "nvdimm-os.h"

struct domain;
struct nvdimm_core;

/* The limits that get_info reports. */
#define NVDIMM_MAX_REGIONS 64
#define NVDIMM_MAX_EXTENTS 16384
#define NVDIMM_RING        2048

#define NVDIMM_DEADLINE_DEFAULT_MS 10000
#define NVDIMM_DEADLINE_MIN_MS     1000
#define NVDIMM_DEADLINE_MAX_MS     60000

/* p2m_map, p2m_unmap: not as one page of that order; ask for smaller ones. */
#define NVDIMM_P2M_SMALLER 1

enum nvdimm_lock {
    NVDIMM_LOCK_CORE,        /* a mutex or spinlock, interrupts on */
    NVDIMM_LOCK_INDEX_READ,  /* one leaf reader-writer lock ... */
    NVDIMM_LOCK_INDEX_WRITE, /* ... taken for writing */
};

/* A machine check for a guest. */
struct nvdimm_vmce {
    uint64_t gpa;
    uint64_t status;         /* MCi_STATUS */
    uint64_t misc;           /* MCi_MISC */
    uint64_t mcg;            /* MCG_STATUS */
    uint32_t kind;           /* XEN_NVDIMM_KIND_* */
    uint32_t vcpu;           /* who touched, ~0 if that is not known */
};

/* One error bank as the hardware (or set_broken) reported it. */
struct nvdimm_mce_report {
    uint64_t status;         /* MCi_STATUS */
    uint64_t spa;            /* MCi_ADDR, meaningless unless STATUS.ADDRV */
    uint64_t misc;           /* MCi_MISC, meaningless unless STATUS.MISCV */
    uint64_t mcg;            /* MCG_STATUS */
    uint32_t flags;          /* XEN_NVDIMM_EVENTF_GUEST and _SIMULATED only */
};

/*
 * What the core needs done. @ctx is what nvdimm_core_create() was given. All of
 * them are called with CORE held (but lock, now_ns and those of create), none
 * of them may call back into the core, and none may wait for a vCPU to stop: it
 * may be spinning for CORE.
 */
struct nvdimm_ops {
    uint32_t virq;           /* for get_info */
    uint32_t caps;           /* for get_info: XEN_NVDIMM_CAP_* */
    uint32_t max_order;      /* 0, 9 or 18 */
    uint64_t vmce_gap_ns;    /* from nvdimm_core_vmce_ready() to the next vmce */
    bool amd;                /* error banks are laid out as AMD's and Hygon's */

    void (*lock)(void *ctx, enum nvdimm_lock which);
    void (*unlock)(void *ctx, enum nvdimm_lock which);

    /* Zeroed memory, up to 1/32768 of a region; NULL if there is none. */
    void *(*alloc)(void *ctx, size_t bytes);
    void (*free)(void *ctx, void *p);
    uint64_t (*now_ns)(void *ctx);
    uint64_t (*random)(void *ctx);
    /* Call nvdimm_core_timer() at @when_ns or later; 0: no more. */
    void (*set_timer)(void *ctx, uint64_t when_ns);
    /* Raise the VIRQ. */
    void (*notify)(void *ctx);

    /* 0, or -EINVAL: RAM, read-only for all, or beyond the address width. */
    int (*frames_check)(void *ctx, uint64_t mfn, uint64_t nr);
    /* CPU caches to the media; @nr may be a whole region. */
    void (*frames_writeback)(void *ctx, uint64_t mfn, uint64_t nr);
    /* Zeroes to the media; at most 64 frames. 0 or -ENOMEM. */
    int (*frames_zero)(void *ctx, uint64_t mfn, uint64_t nr);

    /* 0, or -ESRCH: no such domid, another handle, or dying. A reference. */
    int (*domain_get)(void *ctx, uint32_t domid, const uint8_t handle[16],
                      struct domain **ret);
    /* By number only, for query. 0 or -ESRCH. A reference. */
    int (*domain_find)(void *ctx, uint32_t domid, struct domain **ret);
    void (*domain_put)(void *ctx, struct domain *d);
    /*
     * May [gfn, gfn + nr) of @d take pmem? 0; -ESRCH dying; -EOPNOTSUPP not
     * HVM with HAP, log-dirty or altp2m; -ERANGE beyond its address width.
     */
    int (*domain_check)(void *ctx, struct domain *d, uint64_t gfn, uint64_t nr);
    bool (*domain_dying)(void *ctx, struct domain *d);
    /* @d has its first extent, or lost its last: for cheap checks elsewhere. */
    void (*domain_mark)(void *ctx, struct domain *d, bool has_extents);
    /* Strictly paired; neither waits. */
    void (*domain_pause)(void *ctx, struct domain *d);
    void (*domain_unpause)(void *ctx, struct domain *d);
    void (*domain_crash)(void *ctx, struct domain *d);

    /*
     * Map one page of @order, write-back, if all of it is a hole.
     * 0; -EEXIST something is there; -ENOMEM; -ESRCH dying; or
     * NVDIMM_P2M_SMALLER (never for order 0).
     */
    int (*p2m_map)(void *ctx, struct domain *d, uint64_t gfn, uint64_t mfn,
                   unsigned int order);
    /*
     * Take it out wherever gfn + i still maps mfn + i, and leave alone what
     * else the guest put there. When it returns no CPU of the guest reaches the
     * frames. Splits a larger page. 0; -ENOMEM; -ESRCH dying; or
     * NVDIMM_P2M_SMALLER (never for order 0).
     */
    int (*p2m_unmap)(void *ctx, struct domain *d, uint64_t gfn, uint64_t mfn,
                     unsigned int order);
    /* Everything p2m_unmap took out is out of every TLB and IOTLB. */
    void (*p2m_flush)(void *ctx, struct domain *d);
    /* Fill in all but domid and gfn. 0 or -EOPNOTSUPP. */
    int (*p2m_query)(void *ctx, struct domain *d, struct xen_nvdimm_query *q);

    /*
     * Inject. 0; -EAGAIN the guest has not yet handled the last one: the core
     * queues, and tries again vmce_gap_ns later, and as long after each
     * nvdimm_core_vmce_ready(); or another error: the guest cannot be told.
     */
    int (*vmce)(void *ctx, struct domain *d, const struct nvdimm_vmce *m);
    /*
     * Has @vcpu a machine check to take before its next instruction? May be
     * NULL, where vmce() does not return before it is taken.
     */
    bool (*vmce_pending)(void *ctx, struct domain *d, uint32_t vcpu);
};

/*
 * Make a core. @ops must stay. Return: NULL if there is no memory.
 */
struct nvdimm_core *nvdimm_core_create(const struct nvdimm_ops *ops, void *ctx);

/* Forget everything, pausing and mapping nothing back. NULL is fine. */
void nvdimm_core_destroy(struct nvdimm_core *core);

/*
 * One bounded step of command @cmd. @arg is the core's own copy of the
 * caller's argument, 8-byte aligned, @len bytes, at most XEN_NVDIMM_MAX_ARG;
 * it goes back to the caller whatever the result.
 *
 * Return: 0, XEN_NVDIMM_MORE (call again with the same @arg, at once or from
 * the caller), or negative, as public/nvdimm.h says for each command.
 */
long nvdimm_core_op(struct nvdimm_core *core, uint32_t cmd, void *arg,
                    uint32_t len);

/*
 * The hardware reported an error: mark, contain, hold, tell. Frames outside
 * the regions are ignored.
 */
void nvdimm_core_mce(struct nvdimm_core *core,
                     const struct nvdimm_mce_report *report);

/*
 * Is @gfn a frame of an extent of @d that was left out because it is broken?
 * For the nested page fault path: INDEX only.
 */
bool nvdimm_core_hole(struct nvdimm_core *core, const struct domain *d,
                      uint64_t gfn);

/*
 * vCPU @vcpu of @d touched @gpa, which nvdimm_core_hole() said is one. No p2m
 * lock may be held.
 *
 * Return: true if the domain is held now, or will be told by a machine check
 * that waits; false if it is no hole (any more). In the last two cases the
 * access should be tried again.
 */
bool nvdimm_core_touch(struct nvdimm_core *core, struct domain *d,
                       uint32_t vcpu, uint64_t gpa);

/*
 * The guest cleared MCG_STATUS.MCIP: after vmce_gap_ns it is ready for the next
 * machine check.
 */
void nvdimm_core_vmce_ready(struct nvdimm_core *core, struct domain *d);

/*
 * @d is going away, its p2m is gone already: forget its extents and holds and
 * tell, some in each call.
 *
 * Return: 0, or XEN_NVDIMM_MORE.
 */
int nvdimm_core_release(struct nvdimm_core *core, struct domain *d);

/* set_timer's moment has come. Early and spurious calls are fine. */
void nvdimm_core_timer(struct nvdimm_core *core);

/*
 * How many of [mfn, mfn + nr) are in one region: all, some or none? No lock.
 * While a region is being registered or unregistered the answer is either.
 */
enum nvdimm_cover {
    NVDIMM_COVER_NONE,
    NVDIMM_COVER_SOME,
    NVDIMM_COVER_ALL,
};
enum nvdimm_cover nvdimm_core_covers(const struct nvdimm_core *core,
                                     uint64_t mfn, uint64_t nr);

/* The domid of the extent that holds @mfn, or DOMID_INVALID. INDEX only. */
uint32_t nvdimm_core_owner(struct nvdimm_core *core, uint64_t mfn);

/* Is @gfn in an extent of @d, of any state, broken or not? INDEX only. */
bool nvdimm_core_has_gfn(struct nvdimm_core *core, const struct domain *d,
                         uint64_t gfn);

/* Does @d have an extent, of any state? INDEX only. */
bool nvdimm_core_has_extents(struct nvdimm_core *core, const struct domain *d);

#ifndef __XEN__
/*
 * Walk everything and check what must always hold; for tests.
 *
 * Return: NULL, or a sentence that says what does not.
 */
const char *nvdimm_core_check(struct nvdimm_core *core);
#endif

#endif /* NVDIMM_CORE_H */
