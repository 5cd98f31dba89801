/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/xenbus.h - the nodes of a vnvdimm in xenstore, to and from structs.
 *
 * Any bytes of any length may come in; what is not exactly as
 * xenstore-vnvdimm(7) says is told (backend) or means nothing (frontend).
 * Pure and total; keeps no pointer.
 */
#ifndef NV_CODEC_XENBUS_H
#define NV_CODEC_XENBUS_H

#include "core/device.h"

/* The class, below "backend" of Dom0 and "device" of a guest. */
#define XENBUS_CLASS "vnvdimm"
/* Room for any path here, with its NUL. */
#define XENBUS_PATH 96

/* A node's bytes; data NULL: there is no such node. */
struct xenbus_value {
	const char *data;
	size_t len;
};

/* The nodes of a backend directory that a toolstack writes. */
enum xenbus_back {
	XENBUS_STATE, /* read it first: who writes it last has written the others */
	XENBUS_ONLINE,
	XENBUS_VOLUME,
	XENBUS_GPA,
	XENBUS_UUID, /* nvdimmd's own, of an earlier life, as is the next */
	XENBUS_LATE,
	XENBUS_ERROR,
	XENBUS_TOLD_GPA,
	XENBUS_BACK_NR,
};

/* Those of a frontend directory that are read. Nothing else there is. */
enum xenbus_front {
	XENBUS_FRONT_STATE,
	XENBUS_FRONT_CAN_UNMAP,
	XENBUS_FRONT_ANSWER,
	XENBUS_FRONT_NR,
};

extern const char *const xenbus_back_names[XENBUS_BACK_NR];
extern const char *const xenbus_front_names[XENBUS_FRONT_NR];

/** xenbus_wish() - what the backend's nodes want; ret->wrong if that cannot be told */
void xenbus_wish(const struct xenbus_value v[XENBUS_BACK_NR], struct device_wish *ret);

/** xenbus_front() - what the guest says: the little that it can */
void xenbus_front(const struct xenbus_value v[XENBUS_FRONT_NR], struct device_front *ret);

/* One node that nvdimmd writes. */
struct xenbus_node {
	const char *name;
	char value[DEVICE_TEXT]; /* "": the node is to go */
};

#define XENBUS_REPORT_NODES 11

/** xenbus_report() - @r as nodes, in the order in which they are to be written, state last */
void xenbus_report(const struct device_report *r, struct xenbus_node ret[XENBUS_REPORT_NODES]);

/** xenbus_back_path() - "backend/vnvdimm/5/0/NODE", below Dom0's home; @node may be "". Return: @buf. */
const char *xenbus_back_path(struct device_key key, const char *node, char buf[XENBUS_PATH]);

/** xenbus_front_path() - "/local/domain/5/device/vnvdimm/0/NODE". Return: @buf. */
const char *xenbus_front_path(struct device_key key, const char *node, char buf[XENBUS_PATH]);

enum xenbus_place {
	XENBUS_NOWHERE, /* no path of ours */
	XENBUS_TREE,    /* the class itself: all may have changed */
	XENBUS_DOMAIN,  /* a domain's directory: all of its devices may have; key.domid */
	XENBUS_DEVICE,  /* one device; key */
};

/** xenbus_parse_path() - which device a watch's path below "backend/vnvdimm" is of */
enum xenbus_place xenbus_parse_path(const char *path, struct device_key *ret);

/** xenbus_number() - decimal without sign or leading zero, at most @max. Return: 0; -EINVAL. */
int xenbus_number(const char *text, size_t len, uint64_t max, uint64_t *ret);

#endif
