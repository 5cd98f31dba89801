/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-extent.c - runs of frames that a guest has: one list for the whole
 * host, sorted by frame, so that two guests cannot have the same one.
 */
#include "nvdimm-priv.h"

/* The number of the first extent that ends above @mfn. */
static uint32_t extent_rank(struct nvdimm_core *core, uint64_t mfn)
{
    uint32_t lo = 0, hi = core->nr_extents;

    while ( lo < hi )
    {
        uint32_t mid = lo + (hi - lo) / 2;

        if ( core->extent[mid]->mfn + core->extent[mid]->nr <= mfn )
            lo = mid + 1;
        else
            hi = mid;
    }

    return lo;
}

struct nvdimm_extent *nv_extent_at(struct nvdimm_core *core, uint64_t mfn)
{
    uint32_t i = extent_rank(core, mfn);

    return i < core->nr_extents ? core->extent[i] : NULL;
}

struct nvdimm_extent *nv_extent_by_id(struct nvdimm_core *core, uint64_t map_id)
{
    uint32_t i;

    for ( i = 0; i < core->nr_extents; i++ )
        if ( core->extent[i]->map_id == map_id )
            return core->extent[i];

    return NULL;
}

bool nv_extent_in(struct nvdimm_core *core, uint64_t mfn, uint64_t nr)
{
    struct nvdimm_extent *x = nv_extent_at(core, mfn);

    return x && nr && x->mfn < mfn + nr;
}

struct nvdimm_extent *nv_extent_of(const struct nvdimm_owner *o, uint64_t gfn)
{
    struct nvdimm_extent *x;

    for ( x = o->extents; x; x = x->next )
        if ( gfn >= x->gfn && gfn - x->gfn < x->nr )
            break;

    return x;
}

static void extent_link(struct nvdimm_core *core, struct nvdimm_extent *x)
{
    uint32_t i = extent_rank(core, x->mfn);

    nv_index_lock(core);
    memmove(&core->extent[i + 1], &core->extent[i],
            (core->nr_extents - i) * sizeof(*core->extent));
    core->extent[i] = x;
    core->nr_extents++;
    x->next = x->owner->extents;
    x->owner->extents = x;
    nv_index_unlock(core);

    if ( !x->next )
        core->ops->domain_mark(core->ctx, x->owner->d, true);
}

void nv_extent_drop(struct nvdimm_core *core, struct nvdimm_extent *x)
{
    struct nvdimm_owner *o = x->owner;
    uint32_t i = extent_rank(core, x->mfn);
    struct nvdimm_extent **pp;

    nv_event_forget_extent(core, x);
    if ( x->lost )
        nv_owner_decided(core, o, x->lost);

    nv_index_lock(core);
    core->nr_extents--;
    memmove(&core->extent[i], &core->extent[i + 1],
            (core->nr_extents - i) * sizeof(*core->extent));
    for ( pp = &o->extents; *pp != x; )
        pp = &(*pp)->next;
    *pp = x->next;
    nv_index_unlock(core);

    if ( !o->extents )
        core->ops->domain_mark(core->ctx, o->d, false);
    core->ops->free(core->ctx, x);
    nv_owner_tidy(core, o);
}

/* The largest order for which [mfn, ...) and [gfn, ...) are aligned. */
static unsigned int align_order(struct nvdimm_core *core, uint64_t mfn,
                                uint64_t gfn, uint64_t room)
{
    unsigned int order = core->ops->max_order;

    while ( order && (((mfn | gfn) & ((1ULL << order) - 1)) ||
                      room >> order == 0) )
        order -= 9;

    return order;
}

/* Map the next page of @x. 0 or negative. */
static int extent_map_page(struct nvdimm_core *core, struct nvdimm_extent *x)
{
    uint64_t mfn = x->mfn + x->done, gfn = x->gfn + x->done;
    unsigned int order = align_order(core, mfn, gfn, x->nr - x->done);
    int rc;

    for ( ; ; order -= 9 )
    {
        if ( nv_broken_any(x->region, mfn, 1ULL << order) )
        {
            if ( order )
                continue;
            if ( !(x->flags & XEN_NVDIMM_MAP_SKIP_BROKEN) )
                return -EIO;
            break;
        }
        rc = core->ops->p2m_map(core->ctx, x->owner->d, gfn, mfn, order);
        if ( rc == NVDIMM_P2M_SMALLER && order )
            continue;
        if ( rc )
        {
            x->err_gfn = gfn;
            return rc == -ESRCH ? -ECANCELED : rc;
        }
        break;
    }
    x->done += 1ULL << order;

    return 0;
}

/*
 * Unmap the last page of @x that is there, not below frame @floor of it.
 * 0 or negative.
 */
static int unmap_page(struct nvdimm_core *core, struct nvdimm_extent *x,
                      uint64_t floor, uint64_t *end)
{
    unsigned int order = align_order(core, x->mfn + *end, x->gfn + *end,
                                     *end - floor);
    int rc;

    for ( ; ; order -= 9 )
    {
        uint64_t i = *end - (1ULL << order);

        rc = core->ops->p2m_unmap(core->ctx, x->owner->d, x->gfn + i,
                                  x->mfn + i, order);
        if ( rc != NVDIMM_P2M_SMALLER || !order )
            break;
    }
    if ( !rc )
        *end -= 1ULL << order;

    return rc;
}

int nv_extent_punch(struct nvdimm_core *core, struct nvdimm_extent *x,
                    uint64_t mfn, uint64_t nr)
{
    uint64_t floor = mfn - x->mfn, end = nv_min(floor + nr, x->done);
    int rc = 0;

    while ( !rc && end > floor )
        rc = unmap_page(core, x, floor, &end);
    core->ops->p2m_flush(core->ctx, x->owner->d);

    return rc;
}

/*
 * Go on unmapping. 0: all is out and flushed; XEN_NVDIMM_MORE; or negative,
 * -EBUSY when the domain is dying.
 */
static int extent_unmap_step(struct nvdimm_core *core, struct nvdimm_extent *x)
{
    unsigned int n;
    int rc = 0;

    x->state = XEN_NVDIMM_EXTENT_UNMAPPING;
    if ( core->ops->domain_dying(core->ctx, x->owner->d) )
        return -EBUSY;

    for ( n = 0; x->done && n < NVDIMM_STEP && !rc; n++ )
        rc = unmap_page(core, x, 0, &x->done);
    if ( rc )
        return rc == -ESRCH ? -EBUSY : rc;
    if ( x->done )
        return XEN_NVDIMM_MORE;
    core->ops->p2m_flush(core->ctx, x->owner->d);

    return 0;
}

/* Roll back a map that failed; its error comes out when nothing is left. */
static long map_rollback(struct nvdimm_core *core, struct nvdimm_extent *x,
                         struct xen_nvdimm_map *a)
{
    int rc = extent_unmap_step(core, x);

    a->done = x->done;
    if ( rc == XEN_NVDIMM_MORE )
        return rc;
    if ( rc )
        return rc == -EBUSY ? -ECANCELED : rc;

    rc = x->err;
    if ( rc == -EEXIST )
        a->gfn = x->err_gfn;
    nv_extent_drop(core, x);

    return rc;
}

static long map_step(struct nvdimm_core *core, struct nvdimm_extent *x,
                     struct xen_nvdimm_map *a)
{
    unsigned int n;
    int rc = 0;

    for ( n = 0; x->done < x->nr && n < NVDIMM_STEP && !rc; n++ )
        rc = extent_map_page(core, x);
    a->map_id = x->map_id;
    a->done = x->done;
    if ( rc )
    {
        x->err = rc;
        return map_rollback(core, x, a);
    }
    if ( x->done < x->nr )
        return XEN_NVDIMM_MORE;
    x->state = XEN_NVDIMM_EXTENT_MAPPED;

    return 0;
}

/* What can be said before anything changes. */
static int map_check(struct nvdimm_core *core, const struct xen_nvdimm_map *a,
                     struct domain *d, struct nvdimm_region **ret)
{
    int rc;

    *ret = nv_region_find(core, a->mfn, a->nr);
    if ( !*ret )
        return -ENXIO;
    rc = core->ops->domain_check(core->ctx, d, a->gfn, a->nr);
    if ( rc )
        return rc;
    if ( !(*ret)->armed )
        return -EAGAIN;
    if ( nv_extent_in(core, a->mfn, a->nr) )
        return -EBUSY;
    if ( core->nr_extents == NVDIMM_MAX_EXTENTS )
        return -ENOSPC;

    return 0;
}

/* A hole that a broken frame left is not free for another extent. */
static bool map_overlaps(struct nvdimm_core *core, struct xen_nvdimm_map *a,
                         struct domain *d)
{
    struct nvdimm_owner *o = nv_owner_find(core, d);
    struct nvdimm_extent *x;

    for ( x = o ? o->extents : NULL; x; x = x->next )
        if ( x->gfn < a->gfn + a->nr && a->gfn < x->gfn + x->nr )
        {
            if ( x->gfn > a->gfn )
                a->gfn = x->gfn;
            return true;
        }

    return false;
}

static long map_first(struct nvdimm_core *core, struct xen_nvdimm_map *a,
                      struct domain *d)
{
    struct nvdimm_region *r;
    struct nvdimm_extent *x;
    int rc;

    if ( a->done || a->gfn + a->nr < a->gfn )
        return -EINVAL;
    rc = map_check(core, a, d, &r);
    if ( rc )
        return rc;
    if ( map_overlaps(core, a, d) )
        return -EEXIST;

    x = core->ops->alloc(core->ctx, sizeof(*x));
    if ( !x )
        return -ENOMEM;
    x->owner = nv_owner_get(core, d, a->domid, a->handle);
    if ( !x->owner )
    {
        core->ops->free(core->ctx, x);
        return -ENOMEM;
    }
    x->region = r;
    x->mfn = a->mfn;
    x->nr = a->nr;
    x->gfn = a->gfn;
    x->flags = a->flags;
    x->state = XEN_NVDIMM_EXTENT_MAPPING;
    x->map_id = core->next_map_id++;
    extent_link(core, x);

    return map_step(core, x, a);
}

static long map_next(struct nvdimm_core *core, struct xen_nvdimm_map *a,
                     struct domain *d)
{
    struct nvdimm_extent *x = nv_extent_at(core, a->mfn);

    if ( a->map_id >= core->next_map_id )
        return -ENOENT;
    if ( !x || x->map_id != a->map_id )
        return nv_extent_by_id(core, a->map_id) ? -ENOENT : -ECANCELED;
    if ( x->mfn != a->mfn || x->nr != a->nr || x->gfn != a->gfn ||
         x->flags != a->flags || x->owner->d != d )
        return -ENOENT;

    if ( x->state == XEN_NVDIMM_EXTENT_MAPPED )
    {
        a->done = x->nr;
        return 0;
    }
    if ( x->state == XEN_NVDIMM_EXTENT_MAPPING )
        return map_step(core, x, a);

    return x->err ? map_rollback(core, x, a) : -ECANCELED;
}

long nv_op_map(struct nvdimm_core *core, struct xen_nvdimm_map *a)
{
    uint64_t align = a->flags & XEN_NVDIMM_MAP_4K_OK ? 1 : 512;
    struct domain *d;
    long rc;

    if ( (a->flags & ~(XEN_NVDIMM_MAP_4K_OK | XEN_NVDIMM_MAP_SKIP_BROKEN)) ||
         !a->nr || ((a->mfn | a->gfn | a->nr) & (align - 1)) )
        return -EINVAL;

    rc = core->ops->domain_get(core->ctx, a->domid, a->handle, &d);
    if ( rc )
        return rc == -ESRCH && a->map_id ? -ECANCELED : rc;
    rc = a->map_id ? map_next(core, a, d) : map_first(core, a, d);
    core->ops->domain_put(core->ctx, d);

    return rc;
}

long nv_op_unmap(struct nvdimm_core *core, struct xen_nvdimm_unmap *a)
{
    struct nvdimm_extent *x = nv_extent_by_id(core, a->map_id);
    int rc;

    if ( !x )
        return -ENOENT;
    /* Whoever maps it is told -ECANCELED from now on. */
    x->err = 0;
    rc = extent_unmap_step(core, x);
    a->done = x->nr - x->done;
    if ( !rc )
        nv_extent_drop(core, x);

    return rc;
}
