/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/simcore.h - a simulated host inside the test: no process, no
 * socket, a clock that stands still. For tests with cmocka.
 */
#ifndef NV_TESTS_SIMCORE_H
#define NV_TESTS_SIMCORE_H

#include "shim-hypercall/sim/guest.h"
#include "shim-hypercall/sim/host.h"

#define SIMCORE_SPA  UINT64_C(0x140000000)
#define SIMCORE_MFN  (SIMCORE_SPA >> 12)
#define SIMCORE_SIZE (UINT64_C(4) << 30)
#define SIMCORE_NR   (SIMCORE_SIZE >> 12)
#define SIMCORE_GFN  (UINT64_C(1) << 22) /* 16 GiB: far above any RAM */

struct simcore {
	struct host host;
	struct pmem *pmem;
	unsigned int virqs;
	unsigned int changes; /* of domains */
};

/** simcore_init() - one region, registered and armed */
void simcore_init(struct simcore *s);

/** simcore_deinit() - everything holds still, and nothing is left over */
void simcore_deinit(struct simcore *s);

/** simcore_guest() - a running PVH domain named @name */
struct domain *simcore_guest(struct simcore *s, const char *name);

/** simcore_op() - to the end, whatever steps it takes */
long simcore_op(struct simcore *s, uint32_t cmd, void *arg, uint32_t len);

/** simcore_map() - Return: map_id, or a negative errno value */
int64_t simcore_map(struct simcore *s, const struct domain *d, uint64_t mfn,
		    uint64_t gfn, uint64_t nr, uint32_t flags);

long simcore_unmap(struct simcore *s, uint64_t map_id);

/** simcore_events() - acknowledge up to @ack, fetch. Return: how many. */
uint32_t simcore_events(struct simcore *s, uint64_t ack,
			struct xen_nvdimm_event *ev, uint32_t max);

/** simcore_resolve() - decide about an event. Return: as the hypercall. */
long simcore_resolve(struct simcore *s, uint64_t seq, uint32_t action,
		     uint32_t kind);

/** simcore_mce() - SRAO at @spa */
void simcore_mce(struct simcore *s, uint64_t spa);

/** simcore_work() - until nothing is left to do */
void simcore_work(struct simcore *s);

#endif
