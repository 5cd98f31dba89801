/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/bus.h - what guests and toolstacks get to see.
 *
 * A call queues and returns at once: a slow xenstored delays nobody, least of
 * all a fault. What cannot be queued is dropped and published again from the
 * ledger when the bus asks for it.
 */
#ifndef NV_PORT_BUS_H
#define NV_PORT_BUS_H

#include "base/macros.h"

/* One fault as the guest's health node shows it. */
struct bus_fault {
	uint32_t domid;
	const char *volume; /* NULL: a bare range */
	uint64_t gpa;       /* bytes */
	uint64_t size;
};

struct bus;

struct bus_ops {
	void (*fault)(struct bus *bus, const struct bus_fault *f);
	void (*free)(struct bus *bus);
};

/* The adapter embeds it. */
struct bus {
	const struct bus_ops *ops;
};

/** bus_fault() - tell the guest's health node. Nothing to do without a bus (NULL). */
static inline void bus_fault(struct bus *bus, const struct bus_fault *f)
{
	if (bus)
		bus->ops->fault(bus, f);
}

static inline void bus_freep(struct bus **bus)
{
	if (*bus)
		(*bus)->ops->free(*bus);
	*bus = NULL;
}

#endif
