/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-owner.c - domains that have pmem: holds, deadlines, machine checks
 * that wait for the guest.
 */
#include "nvdimm-priv.h"

struct nvdimm_owner *nv_owner_find(struct nvdimm_core *core,
                                   const struct domain *d)
{
    struct nvdimm_owner *o;

    for ( o = core->owners; o && o->d != d; )
        o = o->next;

    return o;
}

struct nvdimm_owner *nv_owner_get(struct nvdimm_core *core, struct domain *d,
                                  uint32_t domid, const uint8_t handle[16])
{
    struct nvdimm_owner *o = nv_owner_find(core, d);

    if ( o )
        return o;
    o = core->ops->alloc(core->ctx, sizeof(*o));
    if ( !o )
        return NULL;

    o->d = d;
    o->domid = domid;
    memcpy(o->handle, handle, sizeof(o->handle));
    nv_index_lock(core);
    o->next = core->owners;
    core->owners = o;
    nv_index_unlock(core);

    return o;
}

static void queue_free(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    while ( o->queue )
    {
        struct nvdimm_queued_vmce *q = o->queue;

        o->queue = q->next;
        core->ops->free(core->ctx, q);
    }
    o->queue_deadline = 0;
}

void nv_owner_tidy(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    struct nvdimm_owner **pp;

    if ( o->extents || o->holds || o->undecided || o->queue )
        return;

    /* What is decided stays readable in the ring. */
    nv_event_close(core, o, false);
    nv_index_lock(core);
    for ( pp = &core->owners; *pp != o; )
        pp = &(*pp)->next;
    *pp = o->next;
    nv_index_unlock(core);
    core->ops->free(core->ctx, o);
}

void nv_owner_hold(struct nvdimm_core *core, struct nvdimm_owner *o,
                   uint32_t bit)
{
    if ( !o->holds )
        core->ops->domain_pause(core->ctx, o->d);
    o->holds |= bit;
}

void nv_owner_unhold(struct nvdimm_core *core, struct nvdimm_owner *o,
                     uint32_t bit)
{
    if ( !(o->holds & bit) )
        return;
    o->holds &= ~bit;
    if ( !o->holds )
        core->ops->domain_unpause(core->ctx, o->d);
}

static uint64_t deadline(struct nvdimm_core *core)
{
    return core->ops->now_ns(core->ctx) + core->deadline_ms * 1000000ULL;
}

void nv_owner_rearm(struct nvdimm_core *core)
{
    uint64_t when = 0;
    struct nvdimm_owner *o;

    for ( o = core->owners; o; o = o->next )
    {
        if ( o->fault_deadline && (!when || o->fault_deadline < when) )
            when = o->fault_deadline;
        if ( o->queue_deadline && (!when || o->queue_deadline < when) )
            when = o->queue_deadline;
        if ( o->queue && o->vmce_after && (!when || o->vmce_after < when) )
            when = o->vmce_after;
    }

    if ( when != core->timer_ns )
        core->ops->set_timer(core->ctx, when);
    core->timer_ns = when;
}

void nv_owner_fault(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    o->undecided++;
    if ( !o->fault_deadline )
    {
        o->fault_deadline = deadline(core);
        nv_owner_rearm(core);
    }
    nv_owner_hold(core, o, XEN_NVDIMM_HOLD_FAULT);
}

void nv_owner_decided(struct nvdimm_core *core, struct nvdimm_owner *o,
                      uint64_t n)
{
    o->undecided -= n;
    o->fault_deadline = o->undecided ? deadline(core) : 0;
    nv_owner_rearm(core);
    if ( !o->undecided )
        nv_owner_unhold(core, o, XEN_NVDIMM_HOLD_FAULT);
}

void nv_owner_crash(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    struct nvdimm_extent *x;

    core->ops->domain_crash(core->ctx, o->d);
    nv_event_close(core, o, true);
    for ( x = o->extents; x; x = x->next )
        x->lost = 0;
    queue_free(core, o);
    nv_owner_decided(core, o, o->undecided);
}

/* Not now: look again, for who keeps it waiting may not say when it is done. */
static void vmce_later(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    if ( core->ops->vmce_gap_ns )
        o->vmce_after = core->ops->now_ns(core->ctx) + core->ops->vmce_gap_ns;
}

int nv_owner_vmce(struct nvdimm_core *core, struct nvdimm_owner *o,
                  const struct nvdimm_vmce *m)
{
    struct nvdimm_queued_vmce *q;
    int rc = -EAGAIN;

    if ( o->vmce_after <= core->ops->now_ns(core->ctx) )
        o->vmce_after = 0;
    if ( !o->queue && !o->vmce_after )
        rc = core->ops->vmce(core->ctx, o->d, m);
    if ( rc != -EAGAIN )
        return rc;

    q = core->ops->alloc(core->ctx, sizeof(*q));
    if ( !q )
        return -ENOMEM;
    q->m = *m;
    if ( o->queue )
        o->queue_last->next = q;
    else
        o->queue = q;
    o->queue_last = q;
    if ( !o->vmce_after )
        vmce_later(core, o);
    if ( !o->queue_deadline )
        o->queue_deadline = deadline(core);
    nv_owner_rearm(core);

    return 0;
}

bool nv_owner_telling(const struct nvdimm_owner *o, uint32_t vcpu, uint64_t gfn)
{
    const struct nvdimm_queued_vmce *q;

    for ( q = o->queue; q; q = q->next )
        if ( q->m.kind == XEN_NVDIMM_KIND_SRAR && q->m.vcpu == vcpu &&
             q->m.gpa >> 12 == gfn )
            return true;

    return false;
}

/* The next of those that wait, if the guest takes it. May free @o. */
static void owner_tell_next(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    struct nvdimm_queued_vmce *q = o->queue;
    int rc = q ? core->ops->vmce(core->ctx, o->d, &q->m) : -EAGAIN;

    if ( !rc )
    {
        o->queue = q->next;
        core->ops->free(core->ctx, q);
        o->queue_deadline = o->queue ? deadline(core) : 0;
        nv_owner_rearm(core);
    }
    else if ( rc != -EAGAIN )
        nv_owner_crash(core, o);
    else if ( q )
    {
        vmce_later(core, o);
        nv_owner_rearm(core);
    }
    nv_owner_tidy(core, o);
}

/*
 * The guest writes MCG_STATUS while it is still in its handler, on the stack
 * that the next machine check would overwrite: let it return first.
 */
void nvdimm_core_vmce_ready(struct nvdimm_core *core, struct domain *d)
{
    struct nvdimm_owner *o;

    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    o = nv_owner_find(core, d);
    if ( o && core->ops->vmce_gap_ns )
    {
        vmce_later(core, o);
        nv_owner_rearm(core);
    }
    else if ( o )
        owner_tell_next(core, o);
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);
}

static void owner_timeout(struct nvdimm_core *core, struct nvdimm_owner *o)
{
    struct xen_nvdimm_event ev = {
        .type = XEN_NVDIMM_EVENT_TIMEOUT,
        /* All was decided: it is the guest that takes too long. */
        .flags = XEN_NVDIMM_EVENTF_CRASHED |
                 (o->undecided ? 0 : XEN_NVDIMM_EVENTF_RESOLVED),
        .gfn = ~0ULL,
        .domid = o->domid,
        .vcpu = ~0U,
    };

    memcpy(ev.handle, o->handle, sizeof(ev.handle));
    nv_owner_crash(core, o);
    nv_event_push(core, &ev, NULL);
    nv_owner_tidy(core, o);
}

void nvdimm_core_timer(struct nvdimm_core *core)
{
    struct nvdimm_owner *o, *next;
    uint64_t now;

    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    now = core->ops->now_ns(core->ctx);
    for ( o = core->owners; o; o = next )
    {
        next = o->next;
        if ( (o->fault_deadline && o->fault_deadline <= now) ||
             (o->queue_deadline && o->queue_deadline <= now) )
            owner_timeout(core, o);
        else if ( o->vmce_after && o->vmce_after <= now )
        {
            o->vmce_after = 0;
            owner_tell_next(core, o);
        }
    }
    /* A timer that came early is armed again. */
    core->timer_ns = 0;
    nv_owner_rearm(core);
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);
}

long nv_op_hold(struct nvdimm_core *core, struct xen_nvdimm_hold *a)
{
    struct nvdimm_owner *o;
    struct domain *d;
    int rc;

    if ( a->on > 1 )
        return -EINVAL;
    rc = core->ops->domain_get(core->ctx, a->domid, a->handle, &d);
    if ( rc )
        return rc;

    o = a->on ? nv_owner_get(core, d, a->domid, a->handle)
              : nv_owner_find(core, d);
    if ( o && a->on )
        nv_owner_hold(core, o, XEN_NVDIMM_HOLD_SETUP);
    else if ( o )
    {
        nv_owner_unhold(core, o, XEN_NVDIMM_HOLD_SETUP);
        nv_owner_tidy(core, o);
    }
    else if ( a->on )
        rc = -ENOMEM;
    core->ops->domain_put(core->ctx, d);

    return rc;
}

int nvdimm_core_release(struct nvdimm_core *core, struct domain *d)
{
    struct nvdimm_owner *o;
    struct nvdimm_extent *x;
    unsigned int n;

    core->ops->lock(core->ctx, NVDIMM_LOCK_CORE);
    o = nv_owner_find(core, d);
    if ( o )
    {
        nv_event_close(core, o, false);
        for ( x = o->extents; x; x = x->next )
            x->lost = 0;
        queue_free(core, o);
        nv_owner_decided(core, o, o->undecided);
        nv_owner_unhold(core, o, o->holds);
        nv_owner_tidy(core, o);
        o = nv_owner_find(core, d);
    }
    for ( n = 0; o && n < NVDIMM_STEP; n++ )
    {
        struct xen_nvdimm_event ev = {
            .type = XEN_NVDIMM_EVENT_RELEASED,
            .vcpu = ~0U,
        };

        x = o->extents;
        ev.spa = x->mfn << 12;
        ev.nr = x->nr;
        ev.gfn = x->gfn;
        nv_event_push(core, &ev, x);
        nv_extent_drop(core, x);
        o = nv_owner_find(core, d);
    }
    core->ops->unlock(core->ctx, NVDIMM_LOCK_CORE);

    return o ? XEN_NVDIMM_MORE : 0;
}
