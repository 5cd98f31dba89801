/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest/trap.c - exceptions, and the machine check among them.
 *
 * The handler only takes notes: it may have come in the middle of a line.
 * Registers as in the Intel SDM, volume 3, "Machine-check architecture".
 */
#include "guest.h"

#include <xen/sched.h>

#define MSR_MCG_CAP 0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MC_STATUS(bank) (0x401 + 4 * (bank))
#define MCG_STATUS_EIPV 2
#define MC_STATUS_VALID (1ull << 63)

#define VECTOR_MC 18
#define NOTES 32

struct frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct note {
	uint64_t vector, error, rip, cr2;
	uint64_t mcg_status, bank, status, addr, misc;
	uint64_t tsc;
};

struct gate {
	uint16_t offset0, selector, type, offset1;
	uint32_t offset2, zero;
};

extern char trap_entries[], access_at[], access_fixup[];
void trap_handle(struct frame *f);

static struct gate idt[32];
static struct note notes[NOTES];
static unsigned int noted, told;
static bool keep_mcip;

/* Two vCPUs may be here at once. */
static void note_add(const struct note *n)
{
	notes[__atomic_fetch_add(&noted, 1, __ATOMIC_SEQ_CST) % NOTES] = *n;
}

/* Copy every valid bank and clear it, as an operating system does. */
static bool take_banks(struct note n)
{
	unsigned int bank, banks = cpu_rdmsr(MSR_MCG_CAP) & 0xff;

	n.mcg_status = cpu_rdmsr(MSR_MCG_STATUS);
	n.bank = ~0ull;
	for (bank = 0; bank < banks; bank++) {
		uint64_t status = cpu_rdmsr(MSR_MC_STATUS(bank));

		if (!(status & MC_STATUS_VALID))
			continue;
		n.bank = bank;
		n.status = status;
		n.addr = cpu_rdmsr(MSR_MC_STATUS(bank) + 1);
		n.misc = cpu_rdmsr(MSR_MC_STATUS(bank) + 2);
		note_add(&n);
		tally_add(n.addr);
		cpu_wrmsr(MSR_MC_STATUS(bank), 0);
	}
	if (n.bank == ~0ull)
		note_add(&n);
	if (!keep_mcip)
		cpu_wrmsr(MSR_MCG_STATUS, 0);
	return n.mcg_status & MCG_STATUS_EIPV;
}

void trap_handle(struct frame *f)
{
	struct note n = {
		.vector = f->vector, .error = f->error, .rip = f->rip, .tsc = cpu_tsc(),
	};
	bool accessing = f->rip >= (uint64_t)access_at && f->rip < (uint64_t)access_fixup;

	__asm__ volatile("mov %%cr2, %0" : "=r"(n.cr2));
	if (f->vector == VECTOR_MC) {
		if (!take_banks(n))
			return;
	} else {
		note_add(&n);
	}
	if (accessing) {
		f->rip = (uint64_t)access_fixup;
		return;
	}
	if (f->vector == VECTOR_MC)
		return;
	trap_report();
	say("error fatal");
	xen_shutdown(SHUTDOWN_crash);
}

unsigned int trap_report(void)
{
	unsigned int n = noted - told;

	if (n > NOTES) {
		say("lost %u", (uint64_t)(n - NOTES));
		told = noted - NOTES;
	}
	for (; told != noted; told++) {
		const struct note *t = &notes[told % NOTES];

		if (t->vector == VECTOR_MC)
			say("mce mcg_status=%x bank=%u status=%x addr=%x misc=%x rip=%x tsc=%u",
			    t->mcg_status, t->bank, t->status, t->addr, t->misc, t->rip,
			    t->tsc);
		else
			say("trap vector=%u error=%x rip=%x cr2=%x",
			    t->vector, t->error, t->rip, t->cr2);
	}
	return n;
}

void trap_keep(bool keep)
{
	keep_mcip = keep;
}

void trap_clear(void)
{
	cpu_wrmsr(MSR_MCG_STATUS, 0);
}

void trap_banks(void)
{
	unsigned int bank, banks = cpu_rdmsr(MSR_MCG_CAP) & 0xff;

	say("mcg cap=%x status=%x", cpu_rdmsr(MSR_MCG_CAP), cpu_rdmsr(MSR_MCG_STATUS));
	for (bank = 0; bank < banks; bank++)
		say("bank %u status=%x", (uint64_t)bank, cpu_rdmsr(MSR_MC_STATUS(bank)));
}

void trap_init_cpu(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)idt };
	uint64_t cr4;

	/* In this order: without CR4.MCE a machine check is for other CPUs. */
	__asm__ volatile("lidt %0" : : "m"(pointer));
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_MCE));
}

void trap_init(void)
{
	unsigned int i;

	for (i = 0; i < 32; i++) {
		/* every entry in start.S is aligned to, and below, 16 bytes */
		uint64_t entry = (uint64_t)trap_entries + 16 * i;

		idt[i] = (struct gate){
			.offset0 = (uint16_t)entry, .selector = 8, .type = 0x8e00,
			.offset1 = (uint16_t)(entry >> 16), .offset2 = (uint32_t)(entry >> 32),
		};
	}
	trap_init_cpu();
}
