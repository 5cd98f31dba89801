/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-check.c - what must always hold; not part of the hypervisor.
 */
#include "nvdimm-priv.h"

#define MUST(cond, sentence) \
    do { if ( !(cond) ) return sentence; } while ( 0 )

static const char *check_regions(struct nvdimm_core *core)
{
    unsigned int i, j;

    for ( i = 0; i < NVDIMM_MAX_REGIONS; i++ )
    {
        struct nvdimm_region *r = &core->region[i];
        uint64_t m, end, n = 0;

        if ( !r->nr )
            continue;
        for ( j = 0; j < i; j++ )
            MUST(!core->region[j].nr ||
                 core->region[j].mfn >= r->mfn + r->nr ||
                 r->mfn >= core->region[j].mfn + core->region[j].nr,
                 "two regions overlap");
        for ( m = r->mfn; m < r->mfn + r->nr; m = end )
        {
            m = nv_broken_next(r, m, r->mfn + r->nr, true);
            end = nv_broken_next(r, m, r->mfn + r->nr, false);
            n += end - m;
        }
        MUST(n == r->nr_broken, "a region miscounts its broken frames");
    }

    return NULL;
}

static const char *check_extents(struct nvdimm_core *core)
{
    uint32_t i;

    for ( i = 0; i < core->nr_extents; i++ )
    {
        struct nvdimm_extent *x = core->extent[i], *y = x->owner->extents;

        MUST(x->nr && x->done <= x->nr, "an extent has more frames than frames");
        MUST(!i || core->extent[i - 1]->mfn + core->extent[i - 1]->nr <= x->mfn,
             "two extents overlap, or are out of order");
        MUST(nv_region_find(core, x->mfn, x->nr) == x->region,
             "an extent is outside its region");
        MUST(x->state != XEN_NVDIMM_EXTENT_MAPPED || x->done == x->nr,
             "an extent is mapped but not wholly");
        while ( y && y != x )
            y = y->next;
        MUST(y, "an extent's owner does not know it");
    }

    return NULL;
}

static const char *check_owners(struct nvdimm_core *core)
{
    uint32_t extents = 0;
    struct nvdimm_owner *o;
    struct nvdimm_extent *x;
    uint64_t seq, open;

    for ( o = core->owners; o; o = o->next )
    {
        open = 0;
        for ( x = o->extents; x; x = x->next )
        {
            extents++;
            open += x->lost;
            MUST(x->owner == o, "an extent has two owners");
        }
        for ( seq = core->head; seq < core->next_seq; seq++ )
            open += core->ring[seq % NVDIMM_RING].owner == o &&
                    core->ring[seq % NVDIMM_RING].open;
        MUST(open == o->undecided, "an owner miscounts its undecided events");
        MUST(!o->undecided == !(o->holds & XEN_NVDIMM_HOLD_FAULT),
             "a domain is held for nothing, or runs with an event undecided");
        MUST(!o->undecided == !o->fault_deadline, "a hold has no deadline");
        MUST(!o->queue == !o->queue_deadline, "a queue has no deadline");
        MUST(o->extents || o->holds || o->undecided || o->queue,
             "an owner of nothing was kept");
    }
    MUST(extents == core->nr_extents, "an extent is lost");

    return NULL;
}

static const char *check_ring(struct nvdimm_core *core)
{
    uint64_t seq;

    MUST(core->head <= core->next_seq &&
         core->next_seq - core->head <= NVDIMM_RING, "the ring overran");
    for ( seq = core->head; seq < core->next_seq; seq++ )
    {
        struct nvdimm_slot *s = &core->ring[seq % NVDIMM_RING];

        MUST(s->ev.seq == seq, "an event is in the wrong slot");
        MUST(!s->open || s->owner, "an event holds nobody");
        MUST(!s->open || ((s->ev.flags & XEN_NVDIMM_EVENTF_HELD) &&
                          !(s->ev.flags & XEN_NVDIMM_EVENTF_RESOLVED)),
             "a resolved event holds its domain");
    }

    return NULL;
}

const char *nvdimm_core_check(struct nvdimm_core *core)
{
    const char *why;

    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    why = check_regions(core);
    if ( !why )
        why = check_extents(core);
    if ( !why )
        why = check_owners(core);
    if ( !why )
        why = check_ring(core);
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);

    return why;
}
