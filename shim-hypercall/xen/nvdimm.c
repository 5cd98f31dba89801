/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm.c - persistent memory for guests: nvdimm_op, and the core's ops for
 * Xen but for the p2m (nvdimm-p2m.c) and machine checks (nvdimm-mce.c).
 */
#include <xen/compile.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/init.h>
#include <xen/iocap.h>
#include <xen/random.h>
#include <xen/rangeset.h>
#include <xen/rcupdate.h>
#include <xen/sched.h>
#include <xen/spinlock.h>
#include <xen/timer.h>
#include <xen/vmap.h>

#include <asm/e820.h>
#include <asm/flushtlb.h>
#include <asm/p2m.h>
#include <asm/processor.h>

#include <xsm/xsm.h>

#include "nvdimm-glue.h"

/* What XEN_DOMCTL_memory_mapping asks the security policy. */
#if XEN_SUBVERSION < 20
#define XSM_MAP_ACTION XSM_HOOK
#else
#define XSM_MAP_ACTION XSM_DM_PRIV
#endif

struct nvdimm_core *__read_mostly nvdimm_core;

static DEFINE_SPINLOCK(core_lock);
static DEFINE_RWLOCK(index_lock);
static struct timer core_timer;

static void cf_check op_lock(void *ctx, enum nvdimm_lock which)
{
    switch ( which )
    {
    case NVDIMM_LOCK_CORE:
        spin_lock(&core_lock);
        break;
    case NVDIMM_LOCK_INDEX_READ:
        read_lock(&index_lock);
        break;
    case NVDIMM_LOCK_INDEX_WRITE:
        write_lock(&index_lock);
        break;
    }
}

static void cf_check op_unlock(void *ctx, enum nvdimm_lock which)
{
    switch ( which )
    {
    case NVDIMM_LOCK_CORE:
        spin_unlock(&core_lock);
        break;
    case NVDIMM_LOCK_INDEX_READ:
        read_unlock(&index_lock);
        break;
    case NVDIMM_LOCK_INDEX_WRITE:
        write_unlock(&index_lock);
        break;
    }
}

/* Beyond a few pages contiguous memory is not to be counted on. */
static void *cf_check op_alloc(void *ctx, size_t bytes)
{
    return bytes <= PAGE_SIZE ? xzalloc_bytes(bytes) : vzalloc(bytes);
}

static void cf_check op_free(void *ctx, void *p)
{
    unsigned long va = (unsigned long)p;

    if ( va >= VMAP_VIRT_START && va < VMAP_VIRT_END )
        vfree(p);
    else
        xfree(p);
}

static uint64_t cf_check op_now_ns(void *ctx)
{
    return NOW();
}

static uint64_t cf_check op_random(void *ctx)
{
    /* Where the CPU has no RDRAND the time of boot has to tell boots apart. */
    struct tm tm = wallclock_time(NULL);
    uint64_t min = (tm.tm_yday * 24 + tm.tm_hour) * 60 + tm.tm_min;

    return ((uint64_t)get_random() << 32 | get_random()) ^
           ((min * 60 + tm.tm_sec) << 32) ^ rdtsc();
}

static void cf_check op_set_timer(void *ctx, uint64_t when_ns)
{
    if ( when_ns )
        set_timer(&core_timer, when_ns);
    else
        stop_timer(&core_timer);
}

static void cf_check op_notify(void *ctx)
{
    send_global_virq(VIRQ_ARCH_1);
}

/* RAM, and what Xen must keep, are in the E820 map it works by. */
static bool e820_needs(uint64_t s, uint64_t e)
{
    unsigned int i;

    for ( i = 0; i < e820.nr_map; i++ )
    {
        const struct e820entry *m = &e820.map[i];

        if ( (m->type == E820_RAM || m->type == E820_ACPI ||
              m->type == E820_NVS) && m->addr < e && s < m->addr + m->size )
            return true;
    }

    return false;
}

/* Was it given away frame by frame before it was registered? */
static bool guest_may_map(unsigned long s, unsigned long e)
{
    const struct domain *d;
    bool found = false;

    rcu_read_lock(&domlist_read_lock);
    for_each_domain ( d )
        if ( !is_hardware_domain(d) &&
             rangeset_overlaps_range(d->iomem_caps, s, e) )
            found = true;
    rcu_read_unlock(&domlist_read_lock);

    return found;
}

static int cf_check op_frames_check(void *ctx, uint64_t mfn, uint64_t nr)
{
    uint64_t last = mfn + nr - 1;

    if ( last >> (paddr_bits - PAGE_SHIFT) ||
         e820_needs(mfn << PAGE_SHIFT, (last + 1) << PAGE_SHIFT) ||
         rangeset_overlaps_range(mmio_ro_ranges, mfn, last) ||
         !iomem_access_permitted(current->domain, mfn, last) ||
         guest_may_map(mfn, last) )
        return -EINVAL;

    return 0;
}

static void cf_check op_frames_writeback(void *ctx, uint64_t mfn, uint64_t nr)
{
    /* WBINVD everywhere: rarer, and shorter, than a flush line by line. */
    flush_all(FLUSH_CACHE);
}

static int cf_check op_frames_zero(void *ctx, uint64_t mfn, uint64_t nr)
{
    mfn_t first = _mfn(mfn);
    void *va = __vmap(&first, nr, 1, 1, PAGE_HYPERVISOR, VMAP_DEFAULT);

    if ( !va )
        return -ENOMEM;
    memset(va, 0, nr << PAGE_SHIFT);
    cache_writeback(va, nr << PAGE_SHIFT);
    asm volatile ( "sfence" ::: "memory" );
    vunmap(va);

    return 0;
}

static int cf_check op_domain_find(void *ctx, uint32_t domid,
                                   struct domain **ret)
{
    *ret = domid < DOMID_FIRST_RESERVED ? rcu_lock_domain_by_id(domid) : NULL;

    return *ret ? 0 : -ESRCH;
}

static void cf_check op_domain_put(void *ctx, struct domain *d)
{
    rcu_unlock_domain(d);
}

static int cf_check op_domain_get(void *ctx, uint32_t domid,
                                  const uint8_t handle[16], struct domain **ret)
{
    int rc = op_domain_find(ctx, domid, ret);

    if ( rc )
        return rc;
    if ( (*ret)->is_dying ||
         memcmp((*ret)->handle, handle, sizeof((*ret)->handle)) )
        rc = -ESRCH;
    /* Whoever serves the others is never held nor crashed for their sake. */
    else if ( *ret == current->domain || is_hardware_domain(*ret) )
        rc = -EPERM;
    if ( rc )
        rcu_unlock_domain(*ret);

    return rc;
}

static bool cf_check op_domain_dying(void *ctx, struct domain *d)
{
    return d->is_dying;
}

static void cf_check op_domain_mark(void *ctx, struct domain *d,
                                    bool has_extents)
{
    d->arch.nvdimm = has_extents;
}

static void cf_check op_domain_pause(void *ctx, struct domain *d)
{
    domain_pause_nosync(d);
}

static void cf_check op_domain_unpause(void *ctx, struct domain *d)
{
    domain_unpause(d);
}

static void cf_check op_domain_crash(void *ctx, struct domain *d)
{
    printk(XENLOG_G_ERR "nvdimm: crashing %pd\n", d);
    __domain_crash(d);
}

static struct nvdimm_ops ops = {
    .virq = VIRQ_ARCH_1,
    .caps = XEN_NVDIMM_CAP_VMCE,
    .vmce_gap_ns = MILLISECS(2),
    .lock = op_lock,
    .unlock = op_unlock,
    .alloc = op_alloc,
    .free = op_free,
    .now_ns = op_now_ns,
    .random = op_random,
    .set_timer = op_set_timer,
    .notify = op_notify,
    .frames_check = op_frames_check,
    .frames_writeback = op_frames_writeback,
    .frames_zero = op_frames_zero,
    .domain_get = op_domain_get,
    .domain_find = op_domain_find,
    .domain_put = op_domain_put,
    .domain_check = nvdimm_p2m_check,
    .domain_dying = op_domain_dying,
    .domain_mark = op_domain_mark,
    .domain_pause = op_domain_pause,
    .domain_unpause = op_domain_unpause,
    .domain_crash = op_domain_crash,
    .p2m_map = nvdimm_p2m_map,
    .p2m_unmap = nvdimm_p2m_unmap,
    .p2m_flush = nvdimm_p2m_flush,
    .p2m_query = nvdimm_p2m_query,
    .vmce = nvdimm_vmce,
    .vmce_pending = nvdimm_vmce_pending,
};

static void cf_check core_timer_fn(void *unused)
{
    nvdimm_core_timer(nvdimm_core);
}

static int __init cf_check nvdimm_init(void)
{
    ops.max_order = hap_has_1gb ? PAGE_ORDER_1G
                                : hap_has_2mb ? PAGE_ORDER_2M : PAGE_ORDER_4K;
    ops.amd = boot_cpu_data.x86_vendor & (X86_VENDOR_AMD | X86_VENDOR_HYGON);
    init_timer(&core_timer, core_timer_fn, NULL, 0);
    nvdimm_core = nvdimm_core_create(&ops, NULL);

    return nvdimm_core ? 0 : -ENOMEM;
}
__initcall(nvdimm_init);

int nvdimm_covers(unsigned long mfn, unsigned int order)
{
    if ( !nvdimm_core )
        return 0;
    switch ( nvdimm_core_covers(nvdimm_core, mfn, 1UL << order) )
    {
    case NVDIMM_COVER_ALL:
        return 1;
    case NVDIMM_COVER_SOME:
        return -1;
    default:
        return 0;
    }
}

bool nvdimm_overlaps(unsigned long mfn, unsigned long nr)
{
    return nvdimm_core &&
           nvdimm_core_covers(nvdimm_core, mfn, nr) != NVDIMM_COVER_NONE;
}

bool nvdimm_in_use(const struct domain *d)
{
    return d->arch.nvdimm;
}

int nvdimm_release(struct domain *d)
{
    if ( !nvdimm_core )
        return 0;
    while ( nvdimm_core_release(nvdimm_core, d) )
        if ( hypercall_preempt_check() )
            return -ERESTART;

    return 0;
}

bool nvdimm_hole(const struct domain *d, unsigned long gfn)
{
    return unlikely(d->arch.nvdimm) && nvdimm_core_hole(nvdimm_core, d, gfn);
}

bool nvdimm_gfn(const struct domain *d, unsigned long gfn)
{
    return unlikely(d->arch.nvdimm) && nvdimm_core_has_gfn(nvdimm_core, d, gfn);
}

void nvdimm_touch(paddr_t gpa)
{
    /* If it is no hole any more the access just happens again. */
    nvdimm_core_touch(nvdimm_core, current->domain, current->vcpu_id, gpa);
}

/* The extra question that mapping frames into a domain asks of a policy. */
static int map_allowed(const struct xen_nvdimm_map *a, unsigned int len)
{
    struct domain *d;
    int rc;

    if ( len != sizeof(*a) || !a->nr || a->mfn + a->nr < a->mfn )
        return -EINVAL;
    rc = op_domain_find(NULL, a->domid, &d);
    /* The core says which of its errors that is. */
    if ( rc )
        return 0;
    rc = xsm_iomem_mapping(XSM_MAP_ACTION, d, a->mfn, a->mfn + a->nr - 1, 1);
    rcu_unlock_domain(d);

    return rc;
}

long do_nvdimm_op(unsigned int cmd, XEN_GUEST_HANDLE_PARAM(void) arg,
                  unsigned int len)
{
    void *buf;
    long rc = xsm_nvdimm_op(XSM_PRIV);

    if ( rc )
        return rc;
    if ( !nvdimm_core )
        return -ENOSYS;
    if ( !len || len > XEN_NVDIMM_MAX_ARG )
        return cmd > XEN_NVDIMM_query ? -ENOSYS : -EINVAL;

    buf = xmalloc_bytes(len);
    if ( !buf )
        return -ENOMEM;
    if ( copy_from_guest(buf, arg, len) )
        rc = -EFAULT;
    else if ( cmd == XEN_NVDIMM_map )
        rc = map_allowed(buf, len);

    if ( !rc )
    {
        do
            rc = nvdimm_core_op(nvdimm_core, cmd, buf, len);
        while ( rc == XEN_NVDIMM_MORE && !hypercall_preempt_check() );
        if ( copy_to_guest(arg, buf, len) )
            rc = -EFAULT;
    }
    xfree(buf);

    return rc;
}
