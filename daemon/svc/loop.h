/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/loop.h - the event loop: who goes first.
 *
 * The VIRQ before everything, then signals, then the faults it announced; after
 * them clients, long flows and the kernel's changes in turns; housekeeping
 * when nothing else waits.
 */
#ifndef NV_SVC_LOOP_H
#define NV_SVC_LOOP_H

#include "ops/nvd.h"
#include "svc/queue.h"

#define LOOP_PRIORITY_VIRQ (-100)
#define LOOP_PRIORITY_FAULT (-90)
#define LOOP_PRIORITY_SIGNAL (-95)
#define LOOP_PRIORITY_TOPOLOGY 10

struct loop;
struct server;

/* What only main knows how to do. */
struct loop_hooks {
	/* SIGHUP. The sentence of a refusal is logged. */
	int (*reload)(void *userdata, struct nv_why *why);
	void *userdata;
};

/** loop_new() - Return: 0 and *@ret; -errno. Signals are blocked from here on. */
int loop_new(struct nvd *nvd, const struct loop_hooks *hooks, struct loop **ret);
struct loop *loop_free(struct loop *l);
void loop_freep(struct loop **l);

struct sd_event *loop_event(struct loop *l);
struct queue *loop_queue(struct loop *l);

/** loop_set_server() - whom to wake when something happened; may be NULL */
void loop_set_server(struct loop *l, struct server *s);

/**
 * loop_run() - READY, and serve until told to stop
 * Return: 0, asked to stop; NV_E_NO_HYPERVISOR, it is gone; -errno.
 */
int loop_run(struct loop *l);

#endif
