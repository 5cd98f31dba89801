/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-list.c - the state, record by record, by a cursor that a change in
 * between cannot confuse: the frame, or the domid, to go on from.
 */
#include "nvdimm-priv.h"

/* The lowest region that ends above @mfn, or NULL. */
static struct nvdimm_region *region_above(struct nvdimm_core *core, uint64_t mfn)
{
    struct nvdimm_region *best = NULL;
    unsigned int i;

    for ( i = 0; i < NVDIMM_MAX_REGIONS; i++ )
    {
        struct nvdimm_region *r = &core->region[i];

        if ( r->nr && r->mfn + r->nr > mfn && (!best || r->mfn < best->mfn) )
            best = r;
    }

    return best;
}

static bool list_region(struct nvdimm_core *core, uint64_t *cursor,
                        struct xen_nvdimm_record *rec)
{
    struct nvdimm_region *r = region_above(core, *cursor);

    if ( !r )
    {
        *cursor = XEN_NVDIMM_LIST_END;
        return false;
    }
    rec->mfn = r->mfn;
    rec->nr = r->nr;
    rec->state = r->armed;
    rec->domid = DOMID_INVALID;
    *cursor = r->mfn + r->nr;

    return true;
}

static bool list_extent(struct nvdimm_core *core, uint64_t *cursor,
                        struct xen_nvdimm_record *rec)
{
    struct nvdimm_extent *x = nv_extent_at(core, *cursor);

    if ( !x )
    {
        *cursor = XEN_NVDIMM_LIST_END;
        return false;
    }
    rec->mfn = x->mfn;
    rec->nr = x->nr;
    rec->gfn = x->gfn;
    rec->map_id = x->map_id;
    rec->done = x->done;
    rec->last_seq = x->last_seq;
    rec->domid = x->owner->domid;
    rec->state = x->state;
    memcpy(rec->handle, x->owner->handle, sizeof(rec->handle));
    *cursor = x->mfn + x->nr;

    return true;
}

/* The next run of broken frames that are all in an extent, or all not. */
static bool list_broken(struct nvdimm_core *core, uint64_t *cursor,
                        struct xen_nvdimm_record *rec)
{
    struct nvdimm_region *r = region_above(core, *cursor);
    struct nvdimm_extent *x;
    uint64_t mfn, end;

    if ( !r )
    {
        *cursor = XEN_NVDIMM_LIST_END;
        return false;
    }
    mfn = *cursor > r->mfn ? *cursor : r->mfn;
    end = r->nr_broken ? nv_min(r->mfn + r->nr, mfn + NVDIMM_STEP_BITS)
                       : r->mfn + r->nr;
    if ( r->nr_broken )
        mfn = nv_broken_next(r, mfn, end, true);
    else
        mfn = end;
    *cursor = mfn;
    if ( mfn == end )
        return false;

    end = nv_min(r->mfn + r->nr, mfn + NVDIMM_STEP_BITS);
    x = nv_extent_at(core, mfn);
    if ( x && x->mfn <= mfn )
    {
        rec->state = 1;
        end = nv_min(end, x->mfn + x->nr);
    }
    else if ( x )
        end = nv_min(end, x->mfn);

    rec->mfn = mfn;
    rec->nr = nv_broken_next(r, mfn, end, false) - mfn;
    rec->domid = DOMID_INVALID;
    *cursor = mfn + rec->nr;

    return true;
}

static bool list_hold(struct nvdimm_core *core, uint64_t *cursor,
                      struct xen_nvdimm_record *rec)
{
    struct nvdimm_owner *o, *best = NULL;

    for ( o = core->owners; o; o = o->next )
        if ( o->holds && o->domid >= *cursor && (!best || o->domid < best->domid) )
            best = o;
    if ( !best )
    {
        *cursor = XEN_NVDIMM_LIST_END;
        return false;
    }
    rec->domid = best->domid;
    rec->state = best->holds;
    rec->last_seq = best->last_seq;
    memcpy(rec->handle, best->handle, sizeof(rec->handle));
    *cursor = best->domid + 1ULL;

    return true;
}

typedef bool list_fn(struct nvdimm_core *core, uint64_t *cursor,
                     struct xen_nvdimm_record *rec);

static list_fn *const list_kind[] = {
    [XEN_NVDIMM_LIST_regions] = list_region,
    [XEN_NVDIMM_LIST_broken] = list_broken,
    [XEN_NVDIMM_LIST_extents] = list_extent,
    [XEN_NVDIMM_LIST_holds] = list_hold,
};

long nv_op_list(struct nvdimm_core *core, struct xen_nvdimm_list *a)
{
    struct xen_nvdimm_record *rec = (void *)(a + 1);
    uint32_t room = a->nr, tries = NVDIMM_STEP;

    if ( a->kind >= sizeof(list_kind) / sizeof(list_kind[0]) || !a->nr )
        return -EINVAL;

    for ( a->nr = 0; a->nr < room && a->cursor != XEN_NVDIMM_LIST_END; )
    {
        memset(&rec[a->nr], 0, sizeof(*rec));
        if ( list_kind[a->kind](core, &a->cursor, &rec[a->nr]) )
            a->nr++;
        else if ( !--tries )
            break;
    }

    return 0;
}
