/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_mem.h - a xenstore in memory, for tests: what a toolstack, a
 * guest and a bad connection do to it, and what nvdimmd told.
 */
#ifndef NV_ADAPTER_BUS_MEM_H
#define NV_ADAPTER_BUS_MEM_H

#include "port/bus.h"

#define BUS_MEM_DEVICES 64

/* What a device's directories hold. */
struct bus_mem_device {
	struct device_key key;
	bool here; /* the backend's directory */
	struct device_wish wish;
	struct device_front front;
	bool told;
	struct device_report report; /* the last one, if told */
	uint32_t reports, removes;   /* how often, since the beginning */
};

/** bus_mem_new() - connected, empty, and BUS_SYNCED to come. Return: 0 and *@ret; -ENOMEM. */
int bus_mem_new(struct bus **ret);

/** bus_mem_domain() - it is introduced, or gone; the device directories stay */
void bus_mem_domain(struct bus *bus, uint32_t domid, bool here);

/** bus_mem_wish() - a toolstack writes the backend directory; NULL: removes it */
void bus_mem_wish(struct bus *bus, struct device_key key, const struct device_wish *wish);

/** bus_mem_front() - the guest writes its own */
void bus_mem_front(struct bus *bus, struct device_key key, const struct device_front *front);

/** bus_mem_reconnect() - lost and made again: everything comes as events once more */
void bus_mem_reconnect(struct bus *bus);

/** bus_mem_down() - nothing that is told arrives until bus_mem_reconnect() */
void bus_mem_down(struct bus *bus);

/** bus_mem_hang() - it does not answer, or does again; the next bus_look() finds out */
void bus_mem_hang(struct bus *bus, bool hangs);

/** bus_mem_device() - as it is there; NULL if it never was */
const struct bus_mem_device *bus_mem_device(struct bus *bus, struct device_key key);

/** bus_mem_faults() - how many were told for @domid */
uint32_t bus_mem_faults(struct bus *bus, uint32_t domid);

#endif
