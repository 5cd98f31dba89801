/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/nvdimm.h - what the rest of Xen asks about persistent memory.
 */
#ifndef ASM_X86_NVDIMM_H
#define ASM_X86_NVDIMM_H

#include <xen/types.h>

struct cpu_user_regs;
struct domain;
struct mcinfo_bank;
struct vcpu;

#ifdef CONFIG_NVDIMM

/* All (1), none (0) or some (-1) of 2^@order frames are pmem. Any context. */
int nvdimm_covers(unsigned long mfn, unsigned int order);
/* Does [mfn, mfn + nr) touch pmem? Any context. */
bool nvdimm_overlaps(unsigned long mfn, unsigned long nr);

/* The domain is dying and its p2m is gone. 0 or -ERESTART. */
int nvdimm_release(struct domain *d);

/* Does @d have pmem? No lock: what is being mapped now may be missed. */
bool nvdimm_in_use(const struct domain *d);

/* @gfn of @d is pmem, or was until it broke. */
bool nvdimm_gfn(const struct domain *d, unsigned long gfn);
/* @gfn of @d is a frame of pmem taken away because it is broken. */
bool nvdimm_hole(const struct domain *d, unsigned long gfn);
/* The current vCPU touched one. No p2m lock may be held. */
void nvdimm_touch(paddr_t gpa);

/* Machine checks: any context, no locks. */
void nvdimm_mce_enter(const struct cpu_user_regs *regs);
void nvdimm_mce_record(unsigned int bank, uint64_t status, uint64_t mcg);
void nvdimm_mce_exit(const struct cpu_user_regs *regs);
/* Softirq context. */
bool nvdimm_mce_recovered(const struct mcinfo_bank *bank);
void nvdimm_mce_drain(void);
/* From interrupts: drain soon. */
void nvdimm_mce_kick(void);
/* The guest wrote MCG_STATUS. */
void nvdimm_mcg_status(struct vcpu *v, uint64_t val);

#else

static inline int nvdimm_covers(unsigned long mfn, unsigned int order)
{
    return 0;
}
static inline bool nvdimm_overlaps(unsigned long mfn, unsigned long nr)
{
    return false;
}
static inline int nvdimm_release(struct domain *d)
{
    return 0;
}
static inline bool nvdimm_in_use(const struct domain *d)
{
    return false;
}
static inline bool nvdimm_gfn(const struct domain *d, unsigned long gfn)
{
    return false;
}
static inline bool nvdimm_hole(const struct domain *d, unsigned long gfn)
{
    return false;
}
static inline bool nvdimm_mce_recovered(const struct mcinfo_bank *bank)
{
    return false;
}
static inline void nvdimm_touch(paddr_t gpa) {}
static inline void nvdimm_mce_enter(const struct cpu_user_regs *regs) {}
static inline void nvdimm_mce_record(unsigned int bank, uint64_t status,
                                     uint64_t mcg) {}
static inline void nvdimm_mce_exit(const struct cpu_user_regs *regs) {}
static inline void nvdimm_mce_drain(void) {}
static inline void nvdimm_mce_kick(void) {}
static inline void nvdimm_mcg_status(struct vcpu *v, uint64_t val) {}

#endif /* CONFIG_NVDIMM */

#endif /* ASM_X86_NVDIMM_H */
