/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-core.c - the core's beginning and end, and its table of commands.
 */
#include "nvdimm-priv.h"

struct nvdimm_core *nvdimm_core_create(const struct nvdimm_ops *ops, void *ctx)
{
    struct nvdimm_core *core = ops->alloc(ctx, sizeof(*core));

    if ( !core )
        return NULL;
    core->ops = ops;
    core->ctx = ctx;
    do
        core->boot_id = ops->random(ctx);
    while ( !core->boot_id );
    core->deadline_ms = NVDIMM_DEADLINE_DEFAULT_MS;
    core->next_map_id = 1;
    core->head = core->next_seq = 1;

    return core;
}

void nvdimm_core_destroy(struct nvdimm_core *core)
{
    const struct nvdimm_ops *ops;
    void *ctx;
    unsigned int i;

    if ( !core )
        return;
    ops = core->ops;
    ctx = core->ctx;
    while ( core->owners )
    {
        struct nvdimm_owner *o = core->owners;

        while ( o->queue )
        {
            struct nvdimm_queued_vmce *q = o->queue;

            o->queue = q->next;
            ops->free(ctx, q);
        }
        core->owners = o->next;
        ops->free(ctx, o);
    }
    for ( i = 0; i < core->nr_extents; i++ )
        ops->free(ctx, core->extent[i]);
    for ( i = 0; i < NVDIMM_MAX_REGIONS; i++ )
        if ( core->region[i].nr )
            ops->free(ctx, core->region[i].broken);
    if ( core->extent )
        ops->free(ctx, core->extent);
    if ( core->ring )
        ops->free(ctx, core->ring);
    ops->free(ctx, core);
}

static long op_get_info(struct nvdimm_core *core, struct xen_nvdimm_info *a)
{
    *a = (struct xen_nvdimm_info){
        .magic = XEN_NVDIMM_MAGIC,
        .boot_id = core->boot_id,
        .version = XEN_NVDIMM_VERSION,
        .virq = core->ops->virq,
        .max_order = core->ops->max_order,
        .deadline_ms = core->deadline_ms,
        .max_regions = NVDIMM_MAX_REGIONS,
        .max_extents = NVDIMM_MAX_EXTENTS,
        .ring = NVDIMM_RING,
        .caps = core->ops->caps,
    };

    return 0;
}

static long op_set_policy(struct nvdimm_core *core, struct xen_nvdimm_policy *a)
{
    if ( a->reserved )
        return -EINVAL;
    if ( a->deadline_ms < NVDIMM_DEADLINE_MIN_MS )
        a->deadline_ms = NVDIMM_DEADLINE_MIN_MS;
    if ( a->deadline_ms > NVDIMM_DEADLINE_MAX_MS )
        a->deadline_ms = NVDIMM_DEADLINE_MAX_MS;
    core->deadline_ms = a->deadline_ms;

    return 0;
}

static long op_query(struct nvdimm_core *core, struct xen_nvdimm_query *a)
{
    struct domain *d;
    int rc = core->ops->domain_find(core->ctx, a->domid, &d);

    if ( rc )
        return rc;
    rc = core->ops->p2m_query(core->ctx, d, a);
    core->ops->domain_put(core->ctx, d);

    return rc;
}

uint32_t nvdimm_core_owner(struct nvdimm_core *core, uint64_t mfn)
{
    struct nvdimm_extent *x;
    uint32_t domid = DOMID_INVALID;

    core->ops->lock(core->ctx, NVDIMM_LOCK_INDEX_READ);
    x = nv_extent_at(core, mfn);
    if ( x && x->mfn <= mfn )
        domid = x->owner->domid;
    core->ops->unlock(core->ctx, NVDIMM_LOCK_INDEX_READ);

    return domid;
}

bool nvdimm_core_has_extents(struct nvdimm_core *core, const struct domain *d)
{
    struct nvdimm_owner *o;
    bool has;

    core->ops->lock(core->ctx, NVDIMM_LOCK_INDEX_READ);
    o = nv_owner_find(core, d);
    has = o && o->extents;
    core->ops->unlock(core->ctx, NVDIMM_LOCK_INDEX_READ);

    return has;
}

/* Is @len what @cmd says: the structure, and as many @elem as it counts? */
static bool len_fits(uint32_t len, uint32_t size, uint32_t elem, uint32_t nr)
{
    return len <= XEN_NVDIMM_MAX_ARG && len >= size &&
           len - size == (uint64_t)elem * nr;
}

/* A table row's worth of checks: @len is that of struct @a. */
#define EXACT(a) len_fits(len, sizeof(*(a)), 0, 0)
#define ARRAY(a, elem) \
    (len >= sizeof(*(a)) && len_fits(len, sizeof(*(a)), sizeof(elem), (a)->nr))

static long op_locked(struct nvdimm_core *core, uint32_t cmd, void *arg,
                      uint32_t len)
{
    switch ( cmd )
    {
#define OP(name, type, fn) \
    case XEN_NVDIMM_ ## name: \
        return EXACT((struct type *)arg) ? fn(core, arg) : -EINVAL
#define OP_ARRAY(name, type, elem, fn) \
    case XEN_NVDIMM_ ## name: \
        return ARRAY((struct type *)arg, struct elem) ? fn(core, arg) : -EINVAL

    OP(get_info, xen_nvdimm_info, op_get_info);
    OP(register, xen_nvdimm_range, nv_op_register);
    OP(unregister, xen_nvdimm_range, nv_op_unregister);
    OP(arm, xen_nvdimm_range, nv_op_arm);
    OP(map, xen_nvdimm_map, nv_op_map);
    OP(unmap, xen_nvdimm_unmap, nv_op_unmap);
    OP_ARRAY(list, xen_nvdimm_list, xen_nvdimm_record, nv_op_list);
    OP_ARRAY(set_broken, xen_nvdimm_broken, xen_nvdimm_range, nv_op_set_broken);
    OP_ARRAY(clear_broken, xen_nvdimm_broken, xen_nvdimm_range,
             nv_op_clear_broken);
    OP_ARRAY(get_events, xen_nvdimm_events, xen_nvdimm_event, nv_op_get_events);
    OP(resolve, xen_nvdimm_resolve, nv_op_resolve);
    OP(set_policy, xen_nvdimm_policy, op_set_policy);
    OP(hold, xen_nvdimm_hold, nv_op_hold);
    OP(scrub, xen_nvdimm_scrub, nv_op_scrub);
    OP(query, xen_nvdimm_query, op_query);

#undef OP
#undef OP_ARRAY
    }

    return -ENOSYS;
}

long nvdimm_core_op(struct nvdimm_core *core, uint32_t cmd, void *arg,
                    uint32_t len)
{
    long rc;

    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    rc = op_locked(core, cmd, arg, len);
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);

    return rc;
}
