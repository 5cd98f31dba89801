/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-priv.h - the state of the core, and what its files offer each other.
 *
 * Functions here want CORE held unless they say otherwise.
 */
#ifndef NVDIMM_PRIV_H
#define NVDIMM_PRIV_H

#include "nvdimm-core.h"

/* p2m operations, or runs of frames, in one bounded step. */
#define NVDIMM_STEP 64
/* Ranges looked up in one step, when nothing more than bits comes of it. */
#define NVDIMM_STEP_RANGES 512
/* Frames whose broken bits may be written or scanned in one step. */
#define NVDIMM_STEP_BITS (1ULL << 18)

/* MCi_STATUS, Intel SDM volume 3B, 16.3.2.2. */
#define MCI_VAL      (1ULL << 63)
#define MCI_UC       (1ULL << 61)
#define MCI_MISCV    (1ULL << 59)
#define MCI_ADDRV    (1ULL << 58)
/* AMD64 APM volume 2, 9.3.2.2; Intel has a count of corrected errors there. */
#define MCI_DEFERRED (1ULL << 44) /* uncorrected, not yet consumed */
/* VAL UC EN MISCV ADDRV S: memory scrubbing error, and with AR a data load. */
#define MCI_SRAO     0xbd000000000000c0ULL
#define MCI_SRAR     0xbd80000000000134ULL
/*
 * The same for guests on AMD, as QEMU tells them (target/i386/kvm/kvm.c): VAL EN
 * MISCV ADDRV and poison (43), deferred or UC. There a UC error is one that was
 * consumed, whatever else is set.
 */
#define MCI_AMD_SRAO 0x9c00180000000000ULL
#define MCI_AMD_SRAR 0xbc00080000000000ULL
/* MCi_MISC: the address is physical; bits 5:0 are its lowest valid bit. */
#define MCI_MISC_PHYS (2ULL << 6)
/* MCG_STATUS. */
#define MCG_RIPV     (1ULL << 0)
#define MCG_EIPV     (1ULL << 1)
#define MCG_MCIP     (1ULL << 2)

/*
 * A slot is free while nr is 0. mfn is written before nr is, and nvdimm_core_covers()
 * reads both without a lock.
 */
struct nvdimm_region {
    uint64_t mfn;
    uint64_t nr;
    uint64_t *broken;        /* one bit per frame; read under INDEX too */
    uint64_t nr_broken;
    bool armed;
};

struct nvdimm_queued_vmce {
    struct nvdimm_queued_vmce *next;
    struct nvdimm_vmce m;
};

/* A domain that has extents, holds or machine checks to come. */
struct nvdimm_owner {
    struct nvdimm_owner *next;
    struct domain *d;
    struct nvdimm_extent *extents;
    struct nvdimm_queued_vmce *queue, *queue_last;
    uint64_t queue_deadline; /* ns; 0 none */
    uint64_t vmce_after;     /* ns; 0: a machine check may come at any time */
    uint64_t fault_deadline; /* ns; 0 none */
    uint64_t undecided;      /* events that hold it */
    uint64_t last_seq;
    uint32_t holds;          /* XEN_NVDIMM_HOLD_* */
    uint32_t domid;
    uint8_t handle[16];
};

/*
 * Frames [0, done) are, or were, put into the guest: ascending while MAPPING,
 * descending while UNMAPPING.
 */
struct nvdimm_extent {
    struct nvdimm_extent *next; /* of the same owner */
    struct nvdimm_owner *owner;
    struct nvdimm_region *region;
    uint64_t mfn, nr, gfn;
    uint64_t done;
    uint64_t map_id;
    uint64_t last_seq;
    uint32_t state;          /* XEN_NVDIMM_EXTENT_* */
    uint32_t flags;          /* XEN_NVDIMM_MAP_* */
    int err;                 /* UNMAPPING: what map will return in the end */
    uint64_t err_gfn;
    uint64_t lost;           /* undecided events of it that are not in the ring */
    struct xen_nvdimm_event lost_event; /* the last of those */
};

struct nvdimm_slot {
    struct xen_nvdimm_event ev;
    struct nvdimm_owner *owner; /* NULL once the domain is gone */
    struct nvdimm_extent *extent; /* NULL once it is gone */
    bool open;               /* holds its owner and is undecided */
};

struct nvdimm_core {
    const struct nvdimm_ops *ops;
    void *ctx;
    uint64_t boot_id;
    uint32_t deadline_ms;
    uint64_t timer_ns;       /* what set_timer was told last */
    struct nvdimm_region region[NVDIMM_MAX_REGIONS];
    struct nvdimm_extent **extent; /* sorted by mfn */
    uint32_t nr_extents;
    struct nvdimm_owner *owners;
    uint64_t next_map_id;
    struct nvdimm_slot *ring; /* [seq % NVDIMM_RING], head <= seq < next_seq */
    uint64_t head, next_seq;
    uint64_t lost;
    bool lost_pending;       /* a LOST event is due */
};

static inline uint64_t nv_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline void nv_index_lock(struct nvdimm_core *core)
{
    core->ops->lock(core->ctx, NVDIMM_LOCK_INDEX_WRITE);
}

static inline void nv_index_unlock(struct nvdimm_core *core)
{
    core->ops->unlock(core->ctx, NVDIMM_LOCK_INDEX_WRITE);
}

/* nvdimm-region.c */

/* The region that holds all of [mfn, mfn + nr), or NULL. CORE or INDEX. */
struct nvdimm_region *nv_region_find(struct nvdimm_core *core, uint64_t mfn,
                                     uint64_t nr);
/* Frame numbers below are machine frames inside @r. CORE or INDEX. */
bool nv_broken_test(const struct nvdimm_region *r, uint64_t mfn);
bool nv_broken_any(const struct nvdimm_region *r, uint64_t mfn, uint64_t nr);
/* The first frame of [mfn, end) that is broken (or not), else @end. */
uint64_t nv_broken_next(const struct nvdimm_region *r, uint64_t mfn,
                        uint64_t end, bool broken);
/* Return: how many frames changed. */
uint64_t nv_broken_set(struct nvdimm_region *r, uint64_t mfn, uint64_t nr,
                       bool broken);
long nv_op_register(struct nvdimm_core *core, struct xen_nvdimm_range *a);
long nv_op_unregister(struct nvdimm_core *core, struct xen_nvdimm_range *a);
long nv_op_arm(struct nvdimm_core *core, struct xen_nvdimm_range *a);
long nv_op_clear_broken(struct nvdimm_core *core, struct xen_nvdimm_broken *a);
long nv_op_scrub(struct nvdimm_core *core, struct xen_nvdimm_scrub *a);

/* nvdimm-owner.c */

/* CORE or INDEX. */
struct nvdimm_owner *nv_owner_find(struct nvdimm_core *core,
                                   const struct domain *d);
/* Find or make. NULL: no memory. */
struct nvdimm_owner *nv_owner_get(struct nvdimm_core *core, struct domain *d,
                                  uint32_t domid, const uint8_t handle[16]);
/* Free it if nothing is left of it. */
void nv_owner_tidy(struct nvdimm_core *core, struct nvdimm_owner *o);
void nv_owner_hold(struct nvdimm_core *core, struct nvdimm_owner *o,
                   uint32_t bit);
void nv_owner_unhold(struct nvdimm_core *core, struct nvdimm_owner *o,
                     uint32_t bit);
/* An event holds @o from now on. */
void nv_owner_fault(struct nvdimm_core *core, struct nvdimm_owner *o);
/* @n events of @o are decided: go on if they were the last. */
void nv_owner_decided(struct nvdimm_core *core, struct nvdimm_owner *o,
                      uint64_t n);
/* Crash it, which decides all of its events. */
void nv_owner_crash(struct nvdimm_core *core, struct nvdimm_owner *o);
/* Inject or queue. 0, -ENOMEM, or why the guest cannot be told. */
int nv_owner_vmce(struct nvdimm_core *core, struct nvdimm_owner *o,
                  const struct nvdimm_vmce *m);
/* Does a machine check for this touch of @vcpu wait already? */
bool nv_owner_telling(const struct nvdimm_owner *o, uint32_t vcpu, uint64_t gfn);
/* Set the timer to the earliest deadline. */
void nv_owner_rearm(struct nvdimm_core *core);
long nv_op_hold(struct nvdimm_core *core, struct xen_nvdimm_hold *a);

/* nvdimm-extent.c */

/* The extent that holds @mfn, or the next one above it, or NULL. CORE or INDEX. */
struct nvdimm_extent *nv_extent_at(struct nvdimm_core *core, uint64_t mfn);
struct nvdimm_extent *nv_extent_by_id(struct nvdimm_core *core, uint64_t map_id);
/* Does an extent, of any state, touch [mfn, mfn + nr)? */
bool nv_extent_in(struct nvdimm_core *core, uint64_t mfn, uint64_t nr);
/* The extent of @o that holds @gfn, or NULL. CORE or INDEX. */
struct nvdimm_extent *nv_extent_of(const struct nvdimm_owner *o, uint64_t gfn);
/*
 * Take [mfn, mfn + nr), part of @x, out of the guest.
 * 0, -ENOMEM, or -ESRCH: the domain is dying, and with it its p2m.
 */
int nv_extent_punch(struct nvdimm_core *core, struct nvdimm_extent *x,
                    uint64_t mfn, uint64_t nr);
/* Forget it; its p2m entries are gone already. May free the owner. */
void nv_extent_drop(struct nvdimm_core *core, struct nvdimm_extent *x);
long nv_op_map(struct nvdimm_core *core, struct xen_nvdimm_map *a);
long nv_op_unmap(struct nvdimm_core *core, struct xen_nvdimm_unmap *a);

/* nvdimm-event.c */

/*
 * Put an event into the ring and raise the VIRQ. @x, when not NULL, fills in
 * whose it is; with XEN_NVDIMM_EVENTF_HELD its owner is held.
 */
void nv_event_push(struct nvdimm_core *core, struct xen_nvdimm_event *ev,
                   struct nvdimm_extent *x);
/* The slot of @seq, or NULL. */
struct nvdimm_slot *nv_event_slot(struct nvdimm_core *core, uint64_t seq);
/* @o is going away, or (@crashed) all of its events are decided. */
void nv_event_close(struct nvdimm_core *core, struct nvdimm_owner *o,
                    bool crashed);
/* @x is going away. */
void nv_event_forget_extent(struct nvdimm_core *core, struct nvdimm_extent *x);
long nv_op_get_events(struct nvdimm_core *core, struct xen_nvdimm_events *a);
long nv_op_resolve(struct nvdimm_core *core, struct xen_nvdimm_resolve *a);

/* nvdimm-fault.c */
long nv_op_set_broken(struct nvdimm_core *core, struct xen_nvdimm_broken *a);

/* nvdimm-list.c */
long nv_op_list(struct nvdimm_core *core, struct xen_nvdimm_list *a);

#endif /* NVDIMM_PRIV_H */
