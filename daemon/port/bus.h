/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/bus.h - xenstore: what toolstacks want for guests, and what they and
 * the guests get to see.
 *
 * Nothing here waits. In both directions the newest truth is kept, one slot
 * per device and domain, and no history of changes: what changes faster than
 * it is read is read once, and what is told while xenstored is slow, hung or
 * gone is told when it is back, without anybody telling it again. So memory is
 * bounded by the number of devices and domains, and a fault never waits.
 *
 * After each connection everything that is there comes as events, what is not
 * there any more as gone, and then BUS_SYNCED. Before the first one nothing is
 * known.
 *
 * All calls come from one thread. Texts are copied.
 */
#ifndef NV_PORT_BUS_H
#define NV_PORT_BUS_H

#include "base/macros.h"
#include "core/device.h"

enum bus_event_type {
	BUS_DOMAIN,      /* a domain was introduced to xenstored, or has its first name; domid */
	BUS_DOMAIN_GONE, /* and is there no more. No signal that its memory is free */
	BUS_DEVICE,      /* a device came, or wish or front changed */
	BUS_DEVICE_GONE, /* its backend directory is not there any more; key */
	BUS_SYNCED,      /* all that was there at connecting has been told */
	BUS_LOST,        /* no connection: what is known may be old; reason */
	BUS_HANGS,       /* there is one, and for seconds no answer; reason */
	BUS_ANSWERS,     /* that is over */
};

struct bus_event {
	enum bus_event_type type;
	struct device_key key; /* for a domain only domid means something */
	struct device_wish wish;
	struct device_front front;
	char reason[96];
};

/* One fault as the guest's health nodes show it. */
struct bus_fault {
	uint32_t domid;
	const char *volume; /* NULL: a bare range */
	uint64_t gpa;       /* bytes */
	uint64_t size;
};

struct bus;

struct bus_ops {
	int (*fd)(struct bus *bus);
	int (*next)(struct bus *bus, struct bus_event *ret);
	void (*look)(struct bus *bus);
	int (*attach)(struct bus *bus, struct device_key key,
		      const struct device_wish *wish);
	int (*report)(struct bus *bus, struct device_key key,
		      const struct device_report *report);
	int (*remove)(struct bus *bus, struct device_key key);
	void (*fault)(struct bus *bus, const struct bus_fault *f);
	void (*free)(struct bus *bus);
};

/* The adapter embeds it. */
struct bus {
	const struct bus_ops *ops;
};

/** bus_fd() - readable while there are events; the adapter's, do not close. -1 without a bus (NULL). */
static inline int bus_fd(struct bus *bus)
{
	return bus ? bus->ops->fd(bus) : -1;
}

/**
 * bus_next() - the next event
 * Domains come before devices, BUS_SYNCED after all that it closes. Stop
 * whenever it suits: what is left keeps bus_fd() readable.
 * Return: 0 and *@ret; -EAGAIN, there is none.
 */
static inline int bus_next(struct bus *bus, struct bus_event *ret)
{
	return bus->ops->next(bus, ret);
}

/** bus_look() - call every few seconds: BUS_HANGS and BUS_ANSWERS come of it. Nothing to do without a bus (NULL). */
static inline void bus_look(struct bus *bus)
{
	if (bus)
		bus->ops->look(bus);
}

/**
 * bus_attach() - write both directories of a new device, as a toolstack would
 * @wish: volume, has_gpa and gpa are used; the state will be Initialising
 * It comes back as a BUS_DEVICE when it is written. Nothing is written if the
 * domain has no home in xenstore (then there is no event either), or if the
 * directory is there already; a bus_report() that follows is written all the same.
 * Return: 0; -ENOTCONN without a bus (NULL); -ENOMEM.
 */
static inline int bus_attach(struct bus *bus, struct device_key key,
			     const struct device_wish *wish)
{
	return bus ? bus->ops->attach(bus, key, wish) : -ENOTCONN;
}

/**
 * bus_report() - what became of a device: features, then the rest, then state
 * In one transaction, over what was told before. Not written while the backend
 * directory is not there. Return: as bus_attach().
 */
static inline int bus_report(struct bus *bus, struct device_key key,
			     const struct device_report *report)
{
	return bus ? bus->ops->report(bus, key, report) : -ENOTCONN;
}

/**
 * bus_remove() - take away both directories, whatever is in them
 * What was told and not yet written is forgotten, and no event tells any more
 * of what was there, nor that it is gone. Return: as bus_attach().
 */
static inline int bus_remove(struct bus *bus, struct device_key key)
{
	return bus ? bus->ops->remove(bus, key) : -ENOTCONN;
}

/** bus_fault() - tell the guest's health nodes. Nothing to do without a bus (NULL). */
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
