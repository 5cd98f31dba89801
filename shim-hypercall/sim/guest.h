/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest.h - what a guest's vCPU sees when it loads and stores, and what the
 * control domain and the hardware do to machine addresses.
 *
 * Nothing here is nvdimm-core's to decide: an access goes through the page
 * tables as they stand, and only a fault on a hole asks the core. A load of
 * poisoned media that is still mapped is consumed by the CPU, which reports it.
 */
#ifndef NVSIM_GUEST_H
#define NVSIM_GUEST_H

#include "host.h"

enum guest_end {
	GUEST_OK,
	GUEST_TRAPPED,	/* it touched a broken frame: the domain is held */
	GUEST_MCE,	/* it consumed poison: a machine check was reported */
	GUEST_STOPPED,	/* the domain does not run */
	GUEST_FAILED,	/* the simulator's own trouble: see error */
};

struct guest_access {
	uint64_t done;	/* bytes */
	uint64_t holes; /* of them, that went nowhere: reads give 0xff */
	uint64_t at;	/* where it ended, in bytes */
	enum guest_end end;
	int error; /* -errno */
};

/** guest_read() - vCPU 0 of @d loads @len bytes at @gpa */
struct guest_access guest_read(struct domain *d, uint64_t gpa, void *buf,
			       uint64_t len);

/** guest_write() - it stores them */
struct guest_access guest_write(struct domain *d, uint64_t gpa,
				const void *buf, uint64_t len);

const char *guest_end_name(enum guest_end e);

/*
 * A pattern that is told by a seed and the distance from where it starts, so
 * that the same bytes are known again at another address.
 */
void pattern_make(uint64_t seed, uint64_t offset, void *buf, uint64_t len);

/** pattern_check() - Return: how many bytes are right before the first wrong one, @len if all */
uint64_t pattern_check(uint64_t seed, uint64_t offset, const void *buf,
		       uint64_t len);

#endif
