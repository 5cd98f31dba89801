/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-mce.c - machine checks in pmem, from the hardware and to the guest.
 *
 * The exception handler may interrupt anything, so it only writes down what it
 * saw, in slots of its own CPU. The core learns of it from a softirq.
 */
#include <xen/percpu.h>
#include <xen/sched.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/tasklet.h>

#include <asm/atomic.h>
#include <asm/msr-index.h>
#include <asm/regs.h>

#include "../cpu/mcheck/mce.h"
#include "../cpu/mcheck/vmce.h"
#include "../cpu/mcheck/x86_mca.h"
#include "nvdimm-glue.h"

#define SLOTS 32

/* Of a vCPU's own time: more than the end of any handler takes. */
#define VMCE_HANDLER_TIME MILLISECS(1)

/* AMD's scalable MCA, PPR for family 17h: which hardware a bank belongs to. */
#define MSR_SMCA_IPID(bank) (0xc0002005U + 0x10 * (bank))

/* AMD: uncorrected but not consumed yet. */
#define STATUS_DEFERRED (1ULL << 44)

enum { SLOT_FREE, SLOT_BUSY, SLOT_FULL };

struct mce_slots {
    unsigned int state[SLOTS];
    struct nvdimm_mce_report report[SLOTS];
    unsigned int lost;
    bool guest;              /* the exception being handled came from a guest */
    struct domain *paused;   /* see nvdimm_mce_exit() */
};

static DEFINE_PER_CPU(struct mce_slots, mce_slots);
static unsigned int pending;
static DEFINE_SPINLOCK(drain_lock);

void nvdimm_mce_enter(const struct cpu_user_regs *regs)
{
    this_cpu(mce_slots).guest = guest_mode(regs);
}

static bool is_amd(void)
{
    return boot_cpu_data.x86_vendor & (X86_VENDOR_AMD | X86_VENDOR_HYGON);
}

/* Intel has part of a count of corrected errors where AMD has "deferred". */
static bool is_uncorrected(uint64_t status)
{
    return (status & MCi_STATUS_UC) ||
           (is_amd() && (status & STATUS_DEFERRED));
}

/*
 * Is what the bank calls an address a system physical address? Intel says so in
 * MCi_MISC (SDM 3B, 16.3.2.4). AMD's memory controllers (hardware ID 0x96 in
 * MCA_IPID) report one of their own channel, which would need translation.
 */
static bool is_system_address(unsigned int bank, uint64_t status,
                              uint64_t misc)
{
    if ( is_amd() )
        return boot_cpu_data.x86 < 0x17 ||
               ((mca_rdmsr(MSR_SMCA_IPID(bank)) >> 32) & 0xfff) != 0x96;

    return (status & MCi_STATUS_MISCV) && ((misc >> 6) & 7) == 2;
}

/*
 * Called for each valid bank before it is cleared. Reads the registers itself:
 * telemetry buffers may have run out.
 */
void nvdimm_mce_record(unsigned int bank, uint64_t status, uint64_t mcg)
{
    struct mce_slots *s = &this_cpu(mce_slots);
    struct nvdimm_mce_report r = { .status = status, .mcg = mcg };
    unsigned int i;

    if ( !(status & MCi_STATUS_ADDRV) || !is_uncorrected(status) )
        return;
    r.spa = mca_rdmsr(MSR_IA32_MCx_ADDR(bank));
    if ( !nvdimm_overlaps(paddr_to_pfn(r.spa & PADDR_MASK), 1) )
        return;
    if ( status & MCi_STATUS_MISCV )
        r.misc = mca_rdmsr(MSR_IA32_MCx_MISC(bank));
    if ( !is_system_address(bank, status, r.misc) )
        return;
    if ( s->guest )
        r.flags = XEN_NVDIMM_EVENTF_GUEST;

    /* A machine check may interrupt this very loop in a poller. */
    for ( i = 0; i < SLOTS; i++ )
        if ( cmpxchg(&s->state[i], SLOT_FREE, SLOT_BUSY) == SLOT_FREE )
        {
            s->report[i] = r;
            smp_wmb();
            write_atomic(&s->state[i], SLOT_FULL);
            break;
        }
    if ( i == SLOTS )
        s->lost++;
    write_atomic(&pending, 1);
}

/*
 * SCHEDULE comes before MACHINE_CHECK among softirqs: another CPU could pick
 * up this guest before the drain has taken the frame away.
 */
void nvdimm_mce_exit(const struct cpu_user_regs *regs)
{
    struct mce_slots *s = &this_cpu(mce_slots);
    struct domain *d = current->domain;

    s->guest = false;
    if ( !read_atomic(&pending) || !guest_mode(regs) || !d->arch.nvdimm ||
         s->paused )
        return;

    get_knownalive_domain(d);
    atomic_inc(&d->pause_count);
    smp_wmb();
    s->paused = d;
}

static void drain_cpu(struct mce_slots *s)
{
    unsigned int i;

    for ( i = 0; i < SLOTS; i++ )
    {
        struct nvdimm_mce_report r;

        if ( read_atomic(&s->state[i]) != SLOT_FULL )
            continue;
        smp_rmb();
        r = s->report[i];
        smp_mb();
        write_atomic(&s->state[i], SLOT_FREE);
        nvdimm_core_mce(nvdimm_core, &r);
    }
    if ( s->lost )
    {
        /* What was lost is not known: say that something was. */
        const struct nvdimm_mce_report r = {
            .status = MCi_STATUS_VAL | MCi_STATUS_UC,
        };

        s->lost = 0;
        printk(XENLOG_ERR "nvdimm: machine checks were lost\n");
        nvdimm_core_mce(nvdimm_core, &r);
    }
}

void nvdimm_mce_drain(void)
{
    unsigned int cpu;

    if ( !nvdimm_core )
        return;
    spin_lock(&drain_lock);
    while ( xchg(&pending, 0) )
        for_each_online_cpu ( cpu )
            drain_cpu(&per_cpu(mce_slots, cpu));
    /* Whoever must not go on is held by the core by now. */
    for_each_online_cpu ( cpu )
    {
        struct domain *d = xchg(&per_cpu(mce_slots, cpu).paused, NULL);

        if ( d )
        {
            domain_unpause(d);
            put_domain(d);
        }
    }
    spin_unlock(&drain_lock);
}

static void cf_check drain_fn(void *unused)
{
    nvdimm_mce_drain();
}
static DECLARE_SOFTIRQ_TASKLET(drain_tasklet, drain_fn, NULL);

void nvdimm_mce_kick(void)
{
    if ( read_atomic(&pending) )
        tasklet_schedule(&drain_tasklet);
}

/*
 * A guest's frame is about to be taken away and the guest told: the host has
 * recovered. Anything else is for the caller to judge.
 */
bool nvdimm_mce_recovered(const struct mcinfo_bank *bank)
{
    return nvdimm_core && (bank->mc_status & MCi_STATUS_ADDRV) &&
           is_system_address(bank->mc_bank, bank->mc_status, bank->mc_misc) &&
           nvdimm_core_owner(nvdimm_core,
                             paddr_to_pfn(bank->mc_addr & PADDR_MASK)) !=
           DOMID_INVALID;
}

/* What @v will read in its banks; the others of a broadcast read nothing. */
static void vmce_fill(struct vcpu *v, const struct nvdimm_vmce *m, bool it)
{
    struct vmce_bank *bank = &v->arch.vmce.bank[1];

    spin_lock(&v->arch.vmce.lock);
    v->arch.vmce.mcg_status = it ? m->mcg : MCG_STATUS_MCIP | MCG_STATUS_RIPV;
    bank->mci_status = it ? m->status : 0;
    bank->mci_addr = it ? m->gpa : 0;
    bank->mci_misc = it ? m->misc : 0;
    spin_unlock(&v->arch.vmce.lock);
}

static bool vcpu_is_up(const struct vcpu *v)
{
    return v->is_initialised && !test_bit(_VPF_down, &v->pause_flags);
}

/*
 * A vCPU that is not yet up, or offline again, looks at no machine check; one
 * that waited there would keep all later ones from its domain. And one that
 * has just come up is not ready for it: a processor shuts down that gets one
 * before its operating system said CR4.MCE.
 */
static bool vmce_reaches(const struct vcpu *v)
{
    return vcpu_is_up(v) && (v->arch.hvm.guest_cr[4] & X86_CR4_MCE);
}

/* How long @v has run. Without its lock: an estimate if it starts or stops now. */
static s_time_t vcpu_ran(const struct vcpu *v)
{
    s_time_t ran = read_atomic(&v->runstate.time[RUNSTATE_running]);

    if ( read_atomic(&v->runstate.state) == RUNSTATE_running )
        ran += NOW() - read_atomic(&v->runstate.state_entry_time);

    return ran;
}

/*
 * Who cleared MCIP is still in its handler, on the stack that the next machine
 * check would overwrite. Xen may have preempted it just there, so wall-clock
 * time says nothing: it must have run since, or be halted.
 */
static bool vmce_has_left_handler(const struct vcpu *v)
{
    return read_atomic(&v->runstate.state) == RUNSTATE_blocked ||
           vcpu_ran(v) - v->arch.vmce.ready_at >= VMCE_HANDLER_TIME;
}

/* Will @v take another machine check only later? */
static bool vmce_is_busy(const struct vcpu *v)
{
    return v->arch.mce_pending ||
           (v->arch.vmce.mcg_status & MCG_STATUS_MCIP) ||
           !vmce_has_left_handler(v);
}

/* If it reaches none, whoever runs: the guest knows no machine checks. */
static struct vcpu *vmce_target(struct domain *d, uint32_t wanted)
{
    struct vcpu *v = domain_vcpu(d, wanted);

    if ( v && vmce_reaches(v) )
        return v;
    for_each_vcpu ( d, v )
        if ( vmce_reaches(v) )
            return v;
    for_each_vcpu ( d, v )
        if ( vcpu_is_up(v) )
            return v;
    return NULL;
}

/*
 * fill_vmsr_data() tells vCPU 0; but who consumed the error must be told that
 * it did, or the guest kills the wrong task.
 */
int cf_check nvdimm_vmce(void *ctx, struct domain *d,
                         const struct nvdimm_vmce *m)
{
    bool broadcast = boot_cpu_data.x86_vendor == X86_VENDOR_INTEL;
    struct vcpu *v, *target = vmce_target(d, m->vcpu);
    int rc;

    if ( !target )
        return -EOPNOTSUPP;

    for_each_vcpu ( d, v )
        if ( (v == target || (broadcast && vmce_reaches(v))) &&
             vmce_is_busy(v) )
            return -EAGAIN;

    if ( broadcast )
        for_each_vcpu ( d, v )
            if ( v != target && vmce_reaches(v) )
            {
                vmce_fill(v, m, false);
                /* Busy: somebody else's, for RAM, came in between. */
                inject_vmce(d, v->vcpu_id);
            }

    vmce_fill(target, m, true);
    rc = inject_vmce(d, target->vcpu_id);

    return rc == -EBUSY ? -EAGAIN : rc;
}

bool cf_check nvdimm_vmce_pending(void *ctx, struct domain *d, uint32_t vcpu)
{
    const struct vcpu *v = domain_vcpu(d, vcpu);

    return v && v->arch.mce_pending;
}

void nvdimm_mcg_status(struct vcpu *v, uint64_t val)
{
    if ( !nvdimm_core || (val & MCG_STATUS_MCIP) )
        return;
    v->arch.vmce.ready_at = vcpu_ran(v);
    nvdimm_core_vmce_ready(nvdimm_core, v->domain);
}
