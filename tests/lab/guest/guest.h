/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest/guest.h - a PVH kernel that does to memory exactly what it is told.
 *
 * One vCPU (a second one only for "both" and "leave"), interrupts off, no allocation. Everything it says is a line that
 * begins with "NVGUEST": "NVGUEST done ..." or "NVGUEST error ..." ends each
 * command, other words report what happened meanwhile. Lines go to the PV
 * console (Dom0 reads them there) and to Xen's own log.
 */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

/* ---- cpu ---- */

#define CR4_MCE (1ul << 6)

static inline uint64_t cpu_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void cpu_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
			 "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void cpu_cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(0));
}

static inline uint64_t cpu_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* ---- xen.c: hypercalls, the PV console, the way out ---- */

/** xen_init() - find Xen, its hypercall page, and the console ring */
void xen_init(void);

/** xen_hypercall() - Return: what Xen returns, -errno on failure */
long xen_hypercall(unsigned int nr, unsigned long a, unsigned long b, unsigned long c);

/** xen_param() - Return: the HVM_PARAM_* @index of this domain, 0 if it has none */
uint64_t xen_param(uint32_t index);

/** xen_notify() - whoever is at the other end of @port has something to look at */
void xen_notify(evtchn_port_t port);

/** xen_wait() - sleep until the other end of @port has notified; perhaps it had before */
void xen_wait(evtchn_port_t port);

/** xen_put() - write @len bytes to both consoles */
void xen_put(const char *s, size_t len);

/**
 * xen_get() - take what was typed, waiting until there is something or a
 * machine check came
 * Return: how many bytes of @buf were filled, perhaps 0.
 */
size_t xen_get(char *buf, size_t len);

/** xen_typed() - was something typed that xen_get() has not taken? */
bool xen_typed(void);

/** xen_nap() - let others run */
void xen_nap(void);

/**
 * xen_start_second() - let vCPU 1 run @entry, which never returns
 * Return: 0, or what Xen says against it, -errno.
 */
long xen_start_second(void (*entry)(void));

/** xen_shutdown() - end the domain; @reason is a SHUTDOWN_* of xen/sched.h */
void xen_shutdown(unsigned int reason) __attribute__((noreturn));

/* ---- say.c: words on a line ---- */

/**
 * say() - print one line, "NVGUEST " before it
 *
 * Knows %s, %u (uint64_t, decimal) and %x (uint64_t, hexadecimal with 0x).
 */
void say(const char *format, ...);

/** word_next() - cut the next blank-separated word off @line; NULL at the end */
char *word_next(char **line);
bool word_is(const char *a, const char *b);
/** word_number() - decimal, 0x hexadecimal, or with k, m, g behind. */
bool word_number(const char *word, uint64_t *ret);

/* ---- trap.c: exceptions, and the machine check among them ---- */

/** trap_init() - load the IDT */
void trap_init(void);

/**
 * trap_report() - say every machine check and survived trap since last time
 * Return: how many there were.
 */
unsigned int trap_report(void);

/** trap_keep() - leave MCG_STATUS.MCIP set after the next ones, or do not */
void trap_keep(bool keep);

/** trap_clear() - clear MCG_STATUS: the next machine check may come */
void trap_clear(void);

/** trap_init_cpu() - load the IDT on another vCPU */
void trap_init_cpu(void);

/** trap_banks() - say the machine check registers as they are now */
void trap_banks(void);

/* ---- tally.c: how often each page was told ---- */

/** tally_begin() - forget, and count the pages of [@gpa, @gpa + @size) */
bool tally_begin(uint64_t gpa, uint64_t size);

/** tally_add() - a machine check told of @gpa; from the handler */
void tally_add(uint64_t gpa);

/** tally_say() - say how many there were, and of how many pages */
void tally_say(void);

/* In start.S. 0; or 1 when the access trapped, which trap_report() tells. */
uint64_t access_read(const volatile void *p, uint64_t *ret);
uint64_t access_write(volatile void *p, uint64_t value);
uint64_t access_out(const volatile void *p);

/* ---- window.c: look at any GPA through any page size ---- */

/** window_sizes() - the largest page size, in bytes, that this CPU has */
uint64_t window_largest(void);

/**
 * window_map() - make [@gpa, @gpa + *@span) visible with pages of @page bytes
 *
 * The window before it is gone. @page: 4096, 2 MiB or 1 GiB.
 * Return: where @gpa is; *@span is how many bytes of it follow there.
 */
volatile void *window_map(uint64_t gpa, uint64_t page, uint64_t *span);

/**
 * window_page() - make the 4 KiB page at @gpa visible, beside the window
 *
 * @slot: 0 or 1, each a page of its own.
 */
volatile void *window_page(unsigned int slot, uint64_t gpa);

/* ---- second.c: another vCPU ---- */

/** second_read() - have vCPU 1, which is started if need be, read @p */
bool second_read(const volatile void *p);

/** second_leave() - have vCPU 1, which is started if need be, go offline for good */
bool second_leave(void);

/** second_await() - Return: what access_read() returned there; *@ret: the word that it read */
uint64_t second_await(uint64_t *ret);

/* ---- command.c ---- */

/** command_run() - do one line; what came of it is said */
void command_run(char *line);

#endif
