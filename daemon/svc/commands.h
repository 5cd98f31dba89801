/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/commands.h - what each method of io.nvdimmd does: one table.
 */
#ifndef NV_SVC_COMMANDS_H
#define NV_SVC_COMMANDS_H

#include "svc/client.h"

struct commands;
struct nvd;
struct queue;
struct sd_event;

/**
 * commands_new() - the methods, over @nvd and with long flows in @queue
 * All three must outlive it. Free the clients first: their calls end here.
 * Return: 0 and *@ret; -errno.
 */
int commands_new(struct sd_event *event, struct nvd *nvd, struct queue *queue,
		 struct commands **ret);
struct commands *commands_free(struct commands *x);
void commands_freep(struct commands **x);

/** commands_call() - a call from somebody who may read; a server_call() */
void commands_call(void *commands, struct client *c,
		   const struct varlink_call *call);

#endif
