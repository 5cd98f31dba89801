/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-region.c - registered frames, and which of them are broken.
 */
#include "nvdimm-priv.h"

#define WORD 64

static uint64_t mask_of(uint64_t bit, uint64_t nr)
{
    return (nr >= WORD ? ~0ULL : (1ULL << nr) - 1) << bit;
}

bool nv_broken_test(const struct nvdimm_region *r, uint64_t mfn)
{
    uint64_t i = mfn - r->mfn;

    return nv_load(&r->broken[i / WORD]) >> (i % WORD) & 1;
}

uint64_t nv_broken_next(const struct nvdimm_region *r, uint64_t mfn,
                        uint64_t end, bool broken)
{
    uint64_t i = mfn - r->mfn, stop = end - r->mfn;

    while ( i < stop )
    {
        uint64_t w = nv_load(&r->broken[i / WORD]);

        w = (broken ? w : ~w) & (~0ULL << (i % WORD));
        i -= i % WORD;
        if ( w )
        {
            i += (uint64_t)__builtin_ctzll(w);
            break;
        }
        i += WORD;
    }

    return r->mfn + nv_min(i, stop);
}

bool nv_broken_any(const struct nvdimm_region *r, uint64_t mfn, uint64_t nr)
{
    return nv_broken_next(r, mfn, mfn + nr, true) != mfn + nr;
}

uint64_t nv_broken_set(struct nvdimm_region *r, uint64_t mfn, uint64_t nr,
                       bool broken)
{
    uint64_t i = mfn - r->mfn, stop = i + nr, changed = 0;

    while ( i < stop )
    {
        uint64_t *p = &r->broken[i / WORD], w = *p;
        uint64_t n = nv_min(stop - i, WORD - i % WORD);
        uint64_t m = mask_of(i % WORD, n);

        m &= broken ? ~w : w;
        changed += nv_popcount(m);
        nv_store(p, w ^ m);
        i += n;
    }

    if ( broken )
        r->nr_broken += changed;
    else
        r->nr_broken -= changed;

    return changed;
}

struct nvdimm_region *nv_region_find(struct nvdimm_core *core, uint64_t mfn,
                                     uint64_t nr)
{
    unsigned int i;

    for ( i = 0; i < NVDIMM_MAX_REGIONS; i++ )
    {
        struct nvdimm_region *r = &core->region[i];

        if ( r->nr && mfn >= r->mfn && nr <= r->nr &&
             mfn - r->mfn <= r->nr - nr )
            return r;
    }

    return NULL;
}

enum nvdimm_cover nvdimm_core_covers(const struct nvdimm_core *core,
                                     uint64_t mfn, uint64_t nr)
{
    enum nvdimm_cover cover = NVDIMM_COVER_NONE;
    unsigned int i;

    for ( i = 0; i < NVDIMM_MAX_REGIONS; i++ )
    {
        const struct nvdimm_region *r = &core->region[i];
        uint64_t r_nr = nv_load(&r->nr), r_mfn = nv_load(&r->mfn);

        if ( !r_nr || r_mfn >= mfn + nr || mfn >= r_mfn + r_nr )
            continue;
        if ( mfn >= r_mfn && mfn + nr <= r_mfn + r_nr )
            return NVDIMM_COVER_ALL;
        cover = NVDIMM_COVER_SOME;
    }

    return cover;
}

static struct nvdimm_region *region_exact(struct nvdimm_core *core,
                                          const struct xen_nvdimm_range *a)
{
    struct nvdimm_region *r = a->nr ? nv_region_find(core, a->mfn, a->nr)
                                    : NULL;

    return r && r->mfn == a->mfn && r->nr == a->nr ? r : NULL;
}

/* The ring and the index cost nothing where no pmem is ever registered. */
static int region_first(struct nvdimm_core *core)
{
    const struct nvdimm_ops *ops = core->ops;

    if ( !core->ring )
        core->ring = ops->alloc(core->ctx, NVDIMM_RING * sizeof(*core->ring));
    if ( !core->extent )
        core->extent = ops->alloc(core->ctx,
                                  NVDIMM_MAX_EXTENTS * sizeof(*core->extent));

    return core->ring && core->extent ? 0 : -ENOMEM;
}

long nv_op_register(struct nvdimm_core *core, struct xen_nvdimm_range *a)
{
    struct nvdimm_region *r = NULL;
    uint64_t *broken;
    unsigned int i;
    int rc;

    if ( !a->nr || a->nr >> 52 || a->mfn >> 52 )
        return -EINVAL;
    if ( region_exact(core, a) )
        return 0;
    if ( nvdimm_core_covers(core, a->mfn, a->nr) != NVDIMM_COVER_NONE )
        return -EEXIST;

    rc = core->ops->frames_check(core->ctx, a->mfn, a->nr);
    if ( rc )
        return rc;

    for ( i = 0; i < NVDIMM_MAX_REGIONS && !r; i++ )
        if ( !core->region[i].nr )
            r = &core->region[i];
    if ( !r )
        return -ENOSPC;

    rc = region_first(core);
    if ( rc )
        return rc;
    broken = core->ops->alloc(core->ctx, (size_t)((a->nr + WORD - 1) / WORD) *
                                         sizeof(*broken));
    if ( !broken )
        return -ENOMEM;

    nv_index_lock(core);
    r->broken = broken;
    r->nr_broken = 0;
    r->armed = false;
    nv_store(&r->mfn, a->mfn);
    nv_store(&r->nr, a->nr);
    nv_index_unlock(core);

    return 0;
}

long nv_op_unregister(struct nvdimm_core *core, struct xen_nvdimm_range *a)
{
    struct nvdimm_region *r = region_exact(core, a);
    uint64_t *broken;

    if ( !r )
        return -ENOENT;
    if ( nv_extent_in(core, r->mfn, r->nr) )
        return -EBUSY;

    core->ops->frames_writeback(core->ctx, r->mfn, r->nr);

    nv_index_lock(core);
    broken = r->broken;
    r->broken = NULL;
    nv_store(&r->nr, 0);
    nv_index_unlock(core);
    core->ops->free(core->ctx, broken);

    return 0;
}

long nv_op_arm(struct nvdimm_core *core, struct xen_nvdimm_range *a)
{
    struct nvdimm_region *r = region_exact(core, a);

    if ( !r )
        return -ENOENT;
    r->armed = true;

    return 0;
}

long nv_op_clear_broken(struct nvdimm_core *core, struct xen_nvdimm_broken *a)
{
    struct xen_nvdimm_range *range = (void *)(a + 1);
    uint64_t bits = NVDIMM_STEP_BITS;
    unsigned int step;

    if ( a->flags || a->status || a->mcg || a->misc || a->done > a->nr )
        return -EINVAL;

    for ( step = 0; a->done < a->nr; step++ )
    {
        struct xen_nvdimm_range *p = &range[a->done];
        struct nvdimm_region *r = nv_region_find(core, p->mfn, p->nr);
        uint64_t n = nv_min(p->nr, bits);

        if ( step == NVDIMM_STEP_RANGES || (!n && p->nr) )
            return XEN_NVDIMM_MORE;
        if ( !r )
            return -ENXIO;
        if ( nv_extent_in(core, p->mfn, p->nr) )
            return -EBUSY;

        nv_broken_set(r, p->mfn, n, false);
        bits -= n;
        p->mfn += n;
        p->nr -= n;
        if ( !p->nr )
            a->done++;
    }

    return 0;
}

long nv_op_scrub(struct nvdimm_core *core, struct xen_nvdimm_scrub *a)
{
    struct nvdimm_region *r;
    uint64_t mfn, end;

    if ( a->done > a->nr )
        return -EINVAL;
    r = nv_region_find(core, a->mfn, a->nr);
    if ( !r )
        return -ENXIO;
    if ( nv_extent_in(core, a->mfn, a->nr) )
        return -EBUSY;

    mfn = nv_broken_next(r, a->mfn + a->done,
                         nv_min(a->mfn + a->nr,
                                a->mfn + a->done + NVDIMM_STEP_BITS), false);
    end = nv_broken_next(r, mfn, nv_min(a->mfn + a->nr, mfn + NVDIMM_STEP),
                         true);
    if ( end > mfn )
    {
        int rc = core->ops->frames_zero(core->ctx, mfn, end - mfn);

        if ( rc )
            return rc;
    }
    a->done = end - a->mfn;

    return a->done < a->nr ? XEN_NVDIMM_MORE : 0;
}
