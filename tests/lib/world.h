/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/world.h - the daemon's flows over ports in memory: lives of a
 * daemon on a host that outlives them.
 */
#ifndef NV_TESTS_WORLD_H
#define NV_TESTS_WORLD_H

#include "adapter/bus_mem.h"
#include "adapter/dom_mem.h"
#include "adapter/hv_mem.h"
#include "adapter/store_mem.h"
#include "adapter/topo_mem.h"
#include "ops/op_boot.h"
#include "ops/op_fault.h"
#include "tests/lib/faulty.h"

/* Where the topology's first namespace begins, and how long each is, in frames. */
#define WORLD_MFN 2048u
#define WORLD_NR 4096u

struct world {
	struct hv *hv;
	struct store *store;
	struct topo_port *topo;
	struct dom *dom;
	struct bus *bus; /* NULL until world_with_bus() */
	struct clock clock;
	uint64_t ticks;
	struct faulty faulty;
	struct nvd nvd; /* of the present life; zero between two */
	bool alive;
	void (*rules)(struct settings *s); /* what a life is configured with; may be NULL */
	struct nv_why why;
};

void world_init(struct world *w);
void world_deinit(struct world *w);

/** world_boot() - a new life. Return: as op_boot(); what fails leaves no life. */
int world_boot(struct world *w);

/** world_end() - this life is over; the host goes on */
void world_end(struct world *w);

/** world_run() - step @op to its end, and free it. Return: its result. */
int world_run(struct world *w, struct op *op);

/** world_faults() - take in all events. Return: 0 or what failed. */
int world_faults(struct world *w);

/** world_settle() - faults, and what was left over, until nothing is. Return: 0 or what failed. */
int world_settle(struct world *w);

/** world_with_bus() - lives from now on have a xenstore (adapter/bus_mem.h) */
void world_with_bus(struct world *w);

/** world_devices() - take in what the bus says, and do all that it makes necessary. Return: how many flows ran. */
int world_devices(struct world *w);

/** world_run_waiting() - as world_run(), of a flow that may wait for the bus */
int world_run_waiting(struct world *w, struct op *op);

/** world_domain() - a guest named g@domid is there, or is gone */
void world_domain(struct world *w, uint32_t domid, bool alive);
struct nv_uuid world_uuid(uint32_t domid);

/** world_is_held() - may @domid not run until the daemon lets it? */
bool world_is_held(struct world *w, uint32_t domid);

#endif
