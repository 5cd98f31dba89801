/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-event.c - the ring of events, and what is decided about them.
 */
#include "nvdimm-priv.h"

static struct nvdimm_slot *slot_of(struct nvdimm_core *core, uint64_t seq)
{
    return &core->ring[seq % NVDIMM_RING];
}

struct nvdimm_slot *nv_event_slot(struct nvdimm_core *core, uint64_t seq)
{
    return core->ring && seq >= core->head && seq < core->next_seq
           ? slot_of(core, seq) : NULL;
}

static uint64_t ring_room(const struct nvdimm_core *core)
{
    return NVDIMM_RING - (core->next_seq - core->head);
}

static void ring_put(struct nvdimm_core *core, const struct xen_nvdimm_event *ev,
                     struct nvdimm_extent *x)
{
    struct nvdimm_slot *s = slot_of(core, core->next_seq);

    s->ev = *ev;
    s->ev.seq = core->next_seq++;
    s->ev.time_ns = core->ops->now_ns(core->ctx);
    s->owner = x ? x->owner : NULL;
    s->extent = x;
    s->open = ev->flags & XEN_NVDIMM_EVENTF_HELD;
    if ( x )
        x->last_seq = x->owner->last_seq = s->ev.seq;
}

/* Say that events were lost, once, before the next event. */
static void ring_put_lost(struct nvdimm_core *core)
{
    struct xen_nvdimm_event ev = {
        .type = XEN_NVDIMM_EVENT_LOST,
        .gfn = ~0ULL,
        .domid = DOMID_INVALID,
        .vcpu = ~0U,
    };

    if ( core->lost_pending && ring_room(core) )
    {
        core->lost_pending = false;
        ring_put(core, &ev, NULL);
    }
}

/* A repeat tells little: it may not push out what is news. */
static bool ring_takes(const struct nvdimm_core *core,
                       const struct xen_nvdimm_event *ev)
{
    uint64_t keep = ev->flags & XEN_NVDIMM_EVENTF_REPEAT ? NVDIMM_RING / 2 : 0;

    return ring_room(core) > keep + core->lost_pending;
}

void nv_event_push(struct nvdimm_core *core, struct xen_nvdimm_event *ev,
                   struct nvdimm_extent *x)
{
    if ( x )
    {
        ev->map_id = x->map_id;
        ev->domid = x->owner->domid;
        memcpy(ev->handle, x->owner->handle, sizeof(ev->handle));
    }

    if ( ring_takes(core, ev) )
    {
        ring_put_lost(core);
        ring_put(core, ev, x);
    }
    else
    {
        core->lost++;
        core->lost_pending = true;
        if ( x && (ev->flags & XEN_NVDIMM_EVENTF_HELD) )
        {
            x->lost++;
            x->lost_event = *ev;
        }
    }

    if ( ev->flags & XEN_NVDIMM_EVENTF_HELD )
        nv_owner_fault(core, x->owner);
    core->ops->notify(core->ctx);
}

void nv_event_close(struct nvdimm_core *core, struct nvdimm_owner *o,
                    bool crashed)
{
    uint64_t seq;

    for ( seq = core->head; seq < core->next_seq; seq++ )
    {
        struct nvdimm_slot *s = slot_of(core, seq);

        if ( s->owner != o )
            continue;
        if ( s->open && crashed )
            s->ev.flags |= XEN_NVDIMM_EVENTF_RESOLVED;
        s->open = false;
        if ( !crashed )
            s->owner = NULL;
    }
}

void nv_event_forget_extent(struct nvdimm_core *core, struct nvdimm_extent *x)
{
    uint64_t seq;

    for ( seq = core->head; seq < core->next_seq; seq++ )
        if ( slot_of(core, seq)->extent == x )
            slot_of(core, seq)->extent = NULL;
}

long nv_op_get_events(struct nvdimm_core *core, struct xen_nvdimm_events *a)
{
    struct xen_nvdimm_event *ev = (void *)(a + 1);
    uint64_t seq;
    uint32_t n = 0;

    if ( a->ack_seq >= core->next_seq )
        return -EINVAL;
    a->lost = core->lost;
    for ( seq = core->head; seq <= a->ack_seq; seq++ )
        if ( slot_of(core, seq)->open )
        {
            a->nr = a->waiting = 0;
            a->next_seq = seq;
            return -EBUSY;
        }
    if ( a->ack_seq >= core->head )
        core->head = a->ack_seq + 1;
    ring_put_lost(core);

    for ( seq = core->head; seq < core->next_seq && n < a->nr; seq++ )
        ev[n++] = slot_of(core, seq)->ev;
    a->nr = n;
    a->waiting = (uint32_t)(core->next_seq - seq);
    a->next_seq = core->next_seq;

    return 0;
}

/* What the guest will read in its banks: its own address of all the frames. */
static void vmce_of(const struct nvdimm_core *core,
                    const struct xen_nvdimm_event *ev, uint32_t kind,
                    struct nvdimm_vmce *m)
{
    bool srar = kind == XEN_NVDIMM_KIND_SRAR;
    unsigned int order = 0;

    while ( ev->gfn >> order != (ev->gfn + ev->nr - 1) >> order )
        order++;

    m->kind = kind;
    m->vcpu = ev->vcpu;
    m->gpa = ev->nr > 1 ? ev->gfn >> order << (order + 12)
                        : (ev->gfn << 12) | (ev->spa & 0xfff);
    m->misc = MCI_MISC_PHYS | (12 + order);
    if ( core->ops->amd )
        m->status = srar ? MCI_AMD_SRAR : MCI_AMD_SRAO;
    else
        m->status = srar ? MCI_SRAR : MCI_SRAO;
    m->mcg = MCG_MCIP | MCG_RIPV | (srar ? MCG_EIPV : 0);
}

static int decide(struct nvdimm_core *core, struct nvdimm_owner *o,
                  const struct xen_nvdimm_event *ev,
                  const struct xen_nvdimm_resolve *a)
{
    struct nvdimm_vmce m;

    switch ( a->action )
    {
    case XEN_NVDIMM_RESOLVE_VMCE:
        if ( !(core->ops->caps & XEN_NVDIMM_CAP_VMCE) )
            return -EOPNOTSUPP;
        vmce_of(core, ev, a->kind, &m);
        return nv_owner_vmce(core, o, &m);

    case XEN_NVDIMM_RESOLVE_CRASH:
        nv_owner_crash(core, o);
        return 0;
    }

    return 0;
}

/* Every undecided event of one extent; one machine check tells of the lost. */
static long resolve_extent(struct nvdimm_core *core,
                           const struct xen_nvdimm_resolve *a)
{
    struct nvdimm_extent *x = nv_extent_by_id(core, a->map_id);
    uint64_t seq, n = 0;
    int rc = 0;

    if ( !x )
        return -ESTALE;
    for ( seq = core->head; seq < core->next_seq && !rc; seq++ )
    {
        struct nvdimm_slot *s = slot_of(core, seq);

        if ( s->extent != x || !s->open )
            continue;
        rc = decide(core, x->owner, &s->ev, a);
        if ( rc )
            break;
        n++;
        if ( !s->open ) /* crashed, which decided the rest too */
            return 0;
        s->open = false;
        s->ev.flags |= XEN_NVDIMM_EVENTF_RESOLVED;
    }
    if ( !rc && x->lost )
    {
        rc = decide(core, x->owner, &x->lost_event, a);
        if ( !rc && !x->lost ) /* crashed */
            return 0;
        if ( !rc )
        {
            n += x->lost;
            x->lost = 0;
        }
    }
    if ( n )
        nv_owner_decided(core, x->owner, n);

    return rc ? rc : n ? 0 : -EALREADY;
}

long nv_op_resolve(struct nvdimm_core *core, struct xen_nvdimm_resolve *a)
{
    bool vmce = a->action == XEN_NVDIMM_RESOLVE_VMCE;
    struct nvdimm_owner *o;
    struct nvdimm_slot *s;
    int rc;

    if ( a->action < XEN_NVDIMM_RESOLVE_VMCE ||
         a->action > XEN_NVDIMM_RESOLVE_RESUME || a->kind > XEN_NVDIMM_KIND_SRAR ||
         vmce != !!a->kind || (a->seq && a->map_id) )
        return -EINVAL;
    if ( !a->seq )
        return resolve_extent(core, a);

    s = nv_event_slot(core, a->seq);
    if ( !s || !(s->ev.flags & XEN_NVDIMM_EVENTF_HELD) )
        return -ESTALE;
    if ( s->ev.flags & XEN_NVDIMM_EVENTF_RESOLVED )
        return -EALREADY;
    if ( !s->owner )
        return -ESRCH;

    o = s->owner;
    rc = decide(core, o, &s->ev, a);
    if ( rc )
        return rc;
    /* A crash decided it, and all others, already. */
    if ( s->open )
    {
        s->open = false;
        s->ev.flags |= XEN_NVDIMM_EVENTF_RESOLVED;
        nv_owner_decided(core, o, 1);
    }
    nv_owner_tidy(core, o);

    return 0;
}
