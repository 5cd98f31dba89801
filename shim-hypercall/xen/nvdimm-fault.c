/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-fault.c - errors in frames: mark, contain, hold, tell. In that order,
 * so that a guest never runs on with a broken frame and nobody is told before
 * it is safe.
 */
#include "nvdimm-priv.h"

/*
 * Mark [mfn, mfn + nr) and take it out of the guest that has it. @x is the
 * extent that holds all of it, or NULL. Adds to ev->flags what became of it.
 *
 * Return: true if that is news: a frame was not broken before.
 */
static bool contain(struct nvdimm_core *core, struct nvdimm_region *r,
                    struct nvdimm_extent *x, uint64_t mfn, uint64_t nr,
                    struct xen_nvdimm_event *ev)
{
    bool news = nv_broken_set(r, mfn, nr, true) != 0;
    int rc;

    if ( !news )
    {
        ev->flags |= XEN_NVDIMM_EVENTF_REPEAT;
        return false;
    }
    /* A dying domain runs no more, and frames not yet mapped reach nobody. */
    if ( !x || mfn - x->mfn >= x->done ||
         core->ops->domain_dying(core->ctx, x->owner->d) )
        return true;

    rc = nv_extent_punch(core, x, mfn, nr);
    if ( !rc )
        ev->flags |= XEN_NVDIMM_EVENTF_HELD;
    else if ( rc != -ESRCH )
    {
        nv_owner_crash(core, x->owner);
        ev->flags |= XEN_NVDIMM_EVENTF_CRASHED;
    }

    return true;
}

/* The first part of [mfn, mfn + nr) that is in one extent, or in none. */
static uint64_t piece(struct nvdimm_core *core, uint64_t mfn, uint64_t nr,
                      struct nvdimm_extent **ret)
{
    struct nvdimm_extent *x = nv_extent_at(core, mfn);

    *ret = NULL;
    if ( !x )
        return nr;
    if ( x->mfn > mfn )
        return nv_min(nr, x->mfn - mfn);
    *ret = x;

    return nv_min(nr, x->mfn + x->nr - mfn);
}

/* Did anything break for good? */
static bool is_uncorrected(const struct nvdimm_core *core, uint64_t status)
{
    return status & (MCI_UC | (core->ops->amd ? MCI_DEFERRED : 0));
}

/* Which frames a report is about. False: it does not say, or not of pmem. */
static bool report_frames(struct nvdimm_core *core,
                          const struct nvdimm_mce_report *rep,
                          struct nvdimm_region **ret_r, uint64_t *ret_mfn,
                          uint64_t *ret_nr)
{
    uint64_t spa_mfn = (rep->spa & ((1ULL << 52) - 1)) >> 12, lsb = 12, end;
    struct nvdimm_region *r;

    if ( !(rep->status & MCI_ADDRV) )
        return false;
    r = nv_region_find(core, spa_mfn, 1);
    if ( !r )
        return false;

    if ( (rep->status & MCI_MISCV) &&
         (rep->misc & (7ULL << 6)) == MCI_MISC_PHYS )
        lsb = rep->misc & 0x3f;
    lsb = lsb < 12 ? 12 : nv_min(lsb, 30);

    *ret_mfn = spa_mfn >> (lsb - 12) << (lsb - 12);
    end = nv_min(*ret_mfn + (1ULL << (lsb - 12)), r->mfn + r->nr);
    if ( *ret_mfn < r->mfn )
        *ret_mfn = r->mfn;
    *ret_nr = end - *ret_mfn;
    *ret_r = r;

    return true;
}

static void report_locked(struct nvdimm_core *core,
                          const struct nvdimm_mce_report *rep)
{
    uint32_t flags = rep->flags |
                     (core->ops->amd ? XEN_NVDIMM_EVENTF_AMD : 0);
    struct nvdimm_region *r;
    uint64_t mfn, nr;

    if ( !is_uncorrected(core, rep->status) )
        return;
    if ( !report_frames(core, rep, &r, &mfn, &nr) )
    {
        struct xen_nvdimm_event ev = {
            .status = rep->status,
            .misc = rep->misc,
            .mcg = rep->mcg,
            .gfn = ~0ULL,
            .domid = DOMID_INVALID,
            .vcpu = ~0U,
            .type = XEN_NVDIMM_EVENT_MCE,
            .flags = flags | XEN_NVDIMM_EVENTF_NO_ADDR,
        };

        if ( !(rep->status & MCI_ADDRV) && core->ring )
            nv_event_push(core, &ev, NULL);
        return;
    }

    while ( nr )
    {
        struct nvdimm_extent *x;
        uint64_t n = piece(core, mfn, nr, &x);
        struct xen_nvdimm_event ev = {
            .spa = rep->spa >> 12 == mfn ? rep->spa : mfn << 12,
            .nr = n,
            .status = rep->status,
            .misc = rep->misc,
            .mcg = rep->mcg,
            .gfn = x ? x->gfn + (mfn - x->mfn) : ~0ULL,
            .domid = DOMID_INVALID,
            .vcpu = ~0U,
            .type = XEN_NVDIMM_EVENT_MCE,
            .flags = flags,
        };

        contain(core, r, x, mfn, n, &ev);
        nv_event_push(core, &ev, x);
        mfn += n;
        nr -= n;
    }
}

void nvdimm_core_mce(struct nvdimm_core *core,
                     const struct nvdimm_mce_report *report)
{
    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    report_locked(core, report);
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);
}

/* CORE or INDEX. */
static struct nvdimm_extent *find_hole(struct nvdimm_core *core,
                                       const struct domain *d, uint64_t gfn)
{
    struct nvdimm_owner *o = nv_owner_find(core, d);
    struct nvdimm_extent *x = o ? nv_extent_of(o, gfn) : NULL;

    return x && nv_broken_test(x->region, x->mfn + (gfn - x->gfn)) ? x : NULL;
}

bool nvdimm_core_hole(struct nvdimm_core *core, const struct domain *d,
                      uint64_t gfn)
{
    bool hole;

    core->ops->lock(core->ctx, NVDIMM_LOCK_INDEX_READ);
    hole = find_hole(core, d, gfn) != NULL;
    core->ops->unlock(core->ctx, NVDIMM_LOCK_INDEX_READ);

    return hole;
}

bool nvdimm_core_has_gfn(struct nvdimm_core *core, const struct domain *d,
                         uint64_t gfn)
{
    struct nvdimm_owner *o;
    bool has;

    core->ops->lock(core->ctx, NVDIMM_LOCK_INDEX_READ);
    o = nv_owner_find(core, d);
    has = o && nv_extent_of(o, gfn);
    core->ops->unlock(core->ctx, NVDIMM_LOCK_INDEX_READ);

    return has;
}

bool nvdimm_core_touch(struct nvdimm_core *core, struct domain *d,
                       uint32_t vcpu, uint64_t gpa)
{
    uint64_t gfn = gpa >> 12;
    struct nvdimm_extent *x;

    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    x = find_hole(core, d, gfn);
    /*
     * One that dies runs no more: there is nothing to decide. And what is
     * decided needs not be again: the guest retries the access until the
     * machine check that waits is delivered, or its time is over. The one that
     * is under way comes before the access is retried.
     */
    if ( x && !core->ops->domain_dying(core->ctx, d) &&
         !nv_owner_telling(x->owner, vcpu, gfn) &&
         !(core->ops->vmce_pending &&
           core->ops->vmce_pending(core->ctx, d, vcpu)) )
    {
        struct xen_nvdimm_event ev = {
            .spa = ((x->mfn + (gfn - x->gfn)) << 12) | (gpa & 0xfff),
            .nr = 1,
            .gfn = gfn,
            .vcpu = vcpu,
            .type = XEN_NVDIMM_EVENT_TOUCH,
            .flags = XEN_NVDIMM_EVENTF_HELD | XEN_NVDIMM_EVENTF_GUEST,
        };

        nv_event_push(core, &ev, x);
    }
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);

    return x != NULL;
}

static int set_as_mce(struct nvdimm_core *core,
                      const struct xen_nvdimm_broken *a, uint64_t mfn)
{
    struct nvdimm_mce_report rep = {
        .status = a->status ? a->status
                            : core->ops->amd ? MCI_AMD_SRAO : MCI_SRAO,
        .spa = mfn << 12,
        .misc = a->status || a->misc ? a->misc : (MCI_MISC_PHYS | 12),
        .mcg = a->status || a->mcg ? a->mcg : (MCG_MCIP | MCG_RIPV),
        .flags = XEN_NVDIMM_EVENTF_SIMULATED,
    };

    if ( !(rep.status & MCI_VAL) || !is_uncorrected(core, rep.status) )
        return -EINVAL;
    report_locked(core, &rep);

    return 0;
}

/* Mark @n frames of one piece; a guest that has some of them is held. */
static void set_piece(struct nvdimm_core *core, struct nvdimm_region *r,
                      struct nvdimm_extent *x, uint64_t mfn, uint64_t n)
{
    struct xen_nvdimm_event ev = {
        .spa = mfn << 12,
        .nr = n,
        .status = core->ops->amd ? MCI_AMD_SRAO : MCI_SRAO,
        .misc = MCI_MISC_PHYS | 12,
        .mcg = MCG_MCIP | MCG_RIPV,
        .gfn = x ? x->gfn + (mfn - x->mfn) : ~0ULL,
        .domid = DOMID_INVALID,
        .vcpu = ~0U,
        .type = XEN_NVDIMM_EVENT_MCE,
        .flags = XEN_NVDIMM_EVENTF_SIMULATED |
                 (core->ops->amd ? XEN_NVDIMM_EVENTF_AMD : 0),
    };

    if ( contain(core, r, x, mfn, n, &ev) && x )
        nv_event_push(core, &ev, x);
}

long nv_op_set_broken(struct nvdimm_core *core, struct xen_nvdimm_broken *a)
{
    bool as_mce = a->flags & XEN_NVDIMM_BROKEN_AS_MCE;
    struct xen_nvdimm_range *range = (void *)(a + 1);
    uint64_t bits = NVDIMM_STEP_BITS;
    unsigned int step, contained = 0;
    int rc = 0;

    if ( (a->flags & ~XEN_NVDIMM_BROKEN_AS_MCE) || a->done > a->nr ||
         (!as_mce && (a->status || a->mcg || a->misc)) )
        return -EINVAL;

    for ( step = 0; a->done < a->nr; step++ )
    {
        struct xen_nvdimm_range *p = &range[a->done];
        struct nvdimm_region *r = nv_region_find(core, p->mfn, p->nr);
        struct nvdimm_extent *x = NULL;
        uint64_t n = p->nr;

        if ( step == NVDIMM_STEP_RANGES || contained == NVDIMM_STEP || !bits )
            return XEN_NVDIMM_MORE;
        if ( !r )
            return -ENXIO;
        if ( as_mce )
        {
            contained++;
            rc = p->nr == 1 ? set_as_mce(core, a, p->mfn) : -EINVAL;
            if ( rc )
                return rc;
        }
        else if ( n )
        {
            n = nv_min(piece(core, p->mfn, n, &x), bits);
            if ( x )
            {
                contained++;
                n = nv_min(n, NVDIMM_STEP);
            }
            set_piece(core, r, x, p->mfn, n);
            bits -= n;
        }
        p->mfn += n;
        p->nr -= n;
        if ( !p->nr )
            a->done++;
    }

    return 0;
}
