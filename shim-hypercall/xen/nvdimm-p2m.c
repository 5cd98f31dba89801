/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-p2m.c - pmem in and out of a guest's p2m.
 *
 * The entries are p2m_mmio_direct: they need no struct page_info. What makes
 * them write-back is nvdimm_covers(), asked by the code that turns p2m types
 * into page table bits.
 */
#include <xen/domain_page.h>
#include <xen/iommu.h>
#include <xen/sched.h>

#include <asm/altp2m.h>
#include <asm/hap.h>
#include <asm/p2m.h>
#include <asm/paging.h>

#include "../mm/mm-locks.h"
#include "nvdimm-glue.h"

/* Write-back in an EPT entry: MTRR_TYPE_WRBACK in 4.17, X86_MT_WB since. */
#define EPT_TYPE_WB 6

int cf_check nvdimm_p2m_check(void *ctx, struct domain *d, uint64_t gfn,
                              uint64_t nr)
{
    if ( d->is_dying )
        return -ESRCH;
    if ( !is_hvm_domain(d) || !hap_enabled(d) || !paging_mode_hap(d) ||
         altp2m_active(d) || p2m_get_hostp2m(d)->global_logdirty )
        return -EOPNOTSUPP;
    if ( gfn + nr < gfn || !gfn_valid(d, _gfn(gfn + nr - 1)) )
        return -ERANGE;

    return 0;
}

/*
 * Is all of it a hole? An emulated device's range reads as one too: what is
 * emulated where is known only to the device model.
 */
static int all_hole(struct p2m_domain *p2m, unsigned long gfn,
                    unsigned int order)
{
    unsigned long i = 0, nr = 1UL << order;

    while ( i < nr )
    {
        unsigned int cur;
        p2m_access_t a;
        p2m_type_t t;

        p2m->get_entry(p2m, _gfn(gfn + i), &t, &a, 0, &cur, NULL);
        if ( t != p2m_mmio_dm && t != p2m_invalid )
            return -EEXIST;
        /* A gigabyte of single pages takes too long under the lock. */
        if ( order == PAGE_ORDER_1G && cur < PAGE_ORDER_2M )
            return NVDIMM_P2M_SMALLER;
        i = (((gfn + i) | ((1UL << cur) - 1)) + 1) - gfn;
    }

    return 0;
}

int cf_check nvdimm_p2m_map(void *ctx, struct domain *d, uint64_t gfn,
                            uint64_t mfn, unsigned int order)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    int rc;

    gfn_lock(p2m, _gfn(gfn), order);
    /* Both are set before the p2m is locked to act on them. */
    if ( d->is_dying )
        rc = -ESRCH;
    else if ( p2m->global_logdirty )
        rc = -EOPNOTSUPP;
    else
        rc = all_hole(p2m, gfn, order);
    if ( !rc )
    {
        rc = p2m_set_entry(p2m, _gfn(gfn), _mfn(mfn), order, p2m_mmio_direct,
                           p2m->default_access);
        /* Where the IOMMU has tables of its own they may be what failed. */
        if ( rc && p2m_set_entry(p2m, _gfn(gfn), INVALID_MFN, order,
                                 p2m_invalid, p2m->default_access) )
            printk(XENLOG_G_ERR "nvdimm: %pd: gfn %#lx: %d\n",
                   d, (unsigned long)gfn, rc);
    }
    gfn_unlock(p2m, _gfn(gfn), order);

    return rc;
}

int cf_check nvdimm_p2m_unmap(void *ctx, struct domain *d, uint64_t gfn,
                              uint64_t mfn, unsigned int order)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    unsigned int cur;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t m;
    int rc = 0;

    gfn_lock(p2m, _gfn(gfn), order);
    if ( d->is_dying )
    {
        gfn_unlock(p2m, _gfn(gfn), order);
        return -ESRCH;
    }
    m = p2m->get_entry(p2m, _gfn(gfn), &t, &a, 0, &cur, NULL);
    if ( cur < order )
        rc = NVDIMM_P2M_SMALLER;
    else if ( t == p2m_mmio_direct && mfn_eq(m, _mfn(mfn)) )
        /* Flushes TLBs and IOTLBs before it returns. */
        rc = p2m_set_entry(p2m, _gfn(gfn), INVALID_MFN, order, p2m_invalid,
                           p2m->default_access);
    gfn_unlock(p2m, _gfn(gfn), order);

    return rc;
}

void cf_check nvdimm_p2m_flush(void *ctx, struct domain *d)
{
    /* Nothing is deferred: each p2m_set_entry() above was synchronous. */
}

/*
 * The leaf that maps @gfn as it stands. NPT and EPT agree on the shape: 9 bits
 * a level, and bit 7 for a leaf above the last.
 */
static uint64_t raw_entry(struct p2m_domain *p2m, unsigned long gfn)
{
    mfn_t table = pagetable_get_mfn(p2m_get_pagetable(p2m));
    uint64_t e = 0;
    int level;

    for ( level = 3; level >= 0; level-- )
    {
        const uint64_t *t = map_domain_page(table);

        e = t[(gfn >> (level * PAGETABLE_ORDER)) & (L1_PAGETABLE_ENTRIES - 1)];
        unmap_domain_page(t);
        if ( !(e & (cpu_has_vmx ? 7 : _PAGE_PRESENT)) || (e & _PAGE_PSE) )
            break;
        table = maddr_to_mfn(e & PADDR_MASK & PAGE_MASK);
    }

    return e;
}

static uint32_t cache_of(uint64_t e)
{
    bool wb = cpu_has_vmx ? ((e >> 3) & 7) == EPT_TYPE_WB
                          : !(e & (_PAGE_PWT | _PAGE_PCD));

    return wb ? XEN_NVDIMM_CACHE_WB : XEN_NVDIMM_CACHE_OTHER;
}

int cf_check nvdimm_p2m_query(void *ctx, struct domain *d,
                              struct xen_nvdimm_query *q)
{
    struct p2m_domain *p2m;
    unsigned int order;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t m;

    if ( !is_hvm_domain(d) || !hap_enabled(d) )
        return -EOPNOTSUPP;

    p2m = p2m_get_hostp2m(d);
    gfn_lock(p2m, _gfn(q->gfn), 0);
    /* A dying domain's p2m may be gone. */
    if ( d->is_dying || !gfn_valid(d, _gfn(q->gfn)) )
    {
        m = INVALID_MFN;
        order = 0;
        t = p2m_invalid;
        q->entry = 0;
    }
    else
    {
        m = p2m->get_entry(p2m, _gfn(q->gfn), &t, &a, 0, &order, NULL);
        q->entry = raw_entry(p2m, q->gfn);
    }
    gfn_unlock(p2m, _gfn(q->gfn), 0);

    q->mfn = mfn_eq(m, INVALID_MFN) ? ~0ULL : mfn_x(m);
    q->order = order;
    q->type = t;
    q->cache = mfn_eq(m, INVALID_MFN) ? XEN_NVDIMM_CACHE_NONE
                                      : cache_of(q->entry);

    return 0;
}
