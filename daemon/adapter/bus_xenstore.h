/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_xenstore.h - the bus, and the names of domains, over libxenstore.
 *
 * libxenstore's calls block without a time-out, so they are all made in a
 * thread of its own, which shares tables with the daemon's: neither ever waits
 * for the other. If xenstored is not there, or goes, it is tried again every
 * second.
 */
#ifndef NV_ADAPTER_BUS_XENSTORE_H
#define NV_ADAPTER_BUS_XENSTORE_H

#include "port/bus.h"

/**
 * bus_xenstore_new() - begin to follow xenstore
 * @path: of xenstored's socket; NULL: where libxenstore looks for it
 * Return: 0 and *@ret; -errno.
 */
int bus_xenstore_new(const char *path, struct bus **ret);

/** bus_xenstore_name() - what a domain is called, "" if that is not known; a dom_xenctrl_name() */
void bus_xenstore_name(void *bus, uint32_t domid, char *buf, size_t len);

#endif
