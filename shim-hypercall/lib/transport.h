/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transport.h - what libnvshim needs from a way to the hypervisor.
 *
 * @t is what open() returned. The functions return what the public ones of
 * nvshim.h document.
 */
#ifndef NVSHIM_TRANSPORT_H
#define NVSHIM_TRANSPORT_H

#include <stdint.h>

struct nvshim_transport {
	/* @where is this, or begins with it if it ends with a colon. */
	const char *prefix;

	int (*open)(const char *rest, void **ret);
	void (*close)(void *t);
	long (*op)(void *t, uint32_t cmd, void *arg, uint32_t len);
	int (*listen)(void *t, uint32_t virq);
	int (*fd)(const void *t); /* < 0 before listen() */
	int (*event_clear)(void *t);
	void (*set_timeout)(void *t, unsigned int ms);
};

extern const struct nvshim_transport nvshim_transport_xen;
extern const struct nvshim_transport nvshim_transport_sim;

#endif
