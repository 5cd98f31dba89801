/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/devices.h - the bus in the event loop: its events taken in, and what they
 * make necessary put into the queue, a device a turn.
 *
 * At the priority of clients and long flows: after every fault.
 */
#ifndef NV_SVC_DEVICES_H
#define NV_SVC_DEVICES_H

#include "svc/queue.h"

struct devices;
struct nvd;

/** devices_new() - all three must outlive it; @nvd has a bus and a desk. Return: 0 and *@ret; -errno. */
int devices_new(struct sd_event *event, struct nvd *nvd, struct queue *queue, struct devices **ret);
struct devices *devices_free(struct devices *d);

#endif
