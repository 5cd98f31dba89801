/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dom0/labtool.h - what the lab's cases do in Dom0 besides shell. */
#ifndef LAB_LABTOOL_H
#define LAB_LABTOOL_H

#include <stdint.h>

/* A verb: its arguments follow argv[0], the verb itself. Returns the exit status. */
typedef int labtool_fn(int argc, char **argv);

/* pattern.c */
labtool_fn do_fill, do_verify, do_sum;
/* console.c */
labtool_fn do_say, do_await;
/* mca.c */
labtool_fn do_mca;
/** mca_prepare() - put the registers of do_mca's arguments in place; then raise it. Return: as a verb. */
int mca_prepare(char **argv);
int mca_raise(uint32_t cpu);
/* nvdimm.c: raw nvdimm_op calls, past nvdimmd */
labtool_fn do_info, do_register, do_unregister, do_arm, do_deadline, do_map, do_unmap, do_list;
labtool_fn do_break, do_mend, do_storm, do_events, do_resolve, do_hold, do_scrub, do_query;
labtool_fn do_virq, do_leaves;
/* measure.c: past nvdimm_op, too */
labtool_fn do_heap, do_pool, do_permit, do_mmio, do_faults, do_tsc;
/* domain.c */
labtool_fn do_make, do_end;
/* killat.c, pin.c */
labtool_fn do_kill_at, do_pin;

struct xencall_handle;
struct xen_domctl;

/** xen_open() - the way to Xen; without one the program ends */
struct xencall_handle *xen_open(void);

/** domctl() - with this Xen's version in front; Return: what Xen returns, or -1 with errno */
int domctl(struct xen_domctl *d);

/** domctl_pool() - let a domain's pool for page tables have @mib MiB; Return: as domctl() */
int domctl_pool(uint32_t domid, uint32_t mib);

/** handle_parse() - a UUID's sixteen bytes; anything else ends the program */
void handle_parse(const char *uuid, uint8_t handle[16]);

/** number() - decimal or 0x hexadecimal; anything else ends the program */
uint64_t number(const char *s);

/**
 * ticks() - the TSC, which an emulated machine's CPUs share
 *
 * Dom0's clocks will not do: where Xen cannot keep two CPUs' time together
 * they stand still until the slower one has caught up.
 */
static inline uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/** failed() - print "what: errno sentence (NAME)"; Return: 1 */
int failed(const char *what);

#endif
