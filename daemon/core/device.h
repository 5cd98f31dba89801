/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/device.h - a guest's vnvdimm as xenstore has it: what is wanted, what is.
 *
 * Every device has two directories, as the devices of any xenbus class: the
 * backend's, which only Dom0 can write and which is believed; and the
 * frontend's, which the guest owns and of which two small nodes are read. What
 * each node means stands in xenstore-vnvdimm(7).
 *
 * Units: bytes. Nothing to free.
 */
#ifndef NV_CORE_DEVICE_H
#define NV_CORE_DEVICE_H

#include "base/macros.h"
#include "base/uuid.h"

/* Longer than any name, so that it is core that refuses a name. */
#define DEVICE_VOLUME 256
/* A sentence for hotplug-error: as long as any nv_why. */
#define DEVICE_TEXT 512

/* enum xenbus_state of xen/include/public/io/xenbus.h. */
enum device_state {
	DEVICE_UNKNOWN = 0, /* no node, or not a state */
	DEVICE_INITIALISING = 1,
	DEVICE_INIT_WAIT = 2,
	DEVICE_INITIALISED = 3,
	DEVICE_CONNECTED = 4,
	DEVICE_CLOSING = 5,
	DEVICE_CLOSED = 6,
	DEVICE_RECONFIGURING = 7,
	DEVICE_RECONFIGURED = 8,
};

/* Who a device is. Neither number is ever reused for another device at once. */
struct device_key {
	uint32_t domid;
	uint32_t devid;
};

static inline bool device_key_equal(struct device_key a, struct device_key b)
{
	return a.domid == b.domid && a.devid == b.devid;
}

/* The backend's directory: what a toolstack wants. */
struct device_wish {
	enum device_state state;
	bool online;                 /* false: the device is to go */
	char volume[DEVICE_VOLUME];  /* its name or UUID */
	struct nv_uuid uuid;         /* the volume that was mapped; zero: none yet */
	uint64_t told_gpa;           /* where it was told to be; 0: nowhere */
	bool late;                   /* it was told that the guest may have run without it */
	char error[DEVICE_TEXT];     /* what was told when it was refused */
	bool has_gpa;
	uint64_t gpa;                /* a multiple of the page size */
	char wrong[160];             /* "", or why it cannot be understood */
};

/*
 * The frontend's directory: what the guest says, never more than this. It is
 * read only after the guest was asked something, so that nothing which a guest
 * does unasked costs anything.
 */
struct device_front {
	uint64_t asked;    /* the report's ask that was there when it was read; 0: not read */
	enum device_state state;
	bool can_unmap;    /* feature-unmap: it answers when it is asked */
	uint64_t answered; /* the request that unmap-ack answers; 0: none */
	bool busy;         /* and the answer is no */
};

/* What nvdimmd writes into the backend's directory. */
struct device_report {
	enum device_state state;
	char error[DEVICE_TEXT]; /* "" unless hotplug-status is error */
	struct nv_uuid uuid;     /* zero unless it is mapped, as are the next */
	uint64_t gpa;
	uint64_t size;
	uint64_t bad;            /* of size, what was left out or lost since */
	bool late;               /* the guest may have run without it */
	uint64_t ask;            /* not 0: give it up, and answer with this number */
};

#endif
