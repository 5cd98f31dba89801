/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/queue.h - the long flows under way, stepped in turns.
 *
 * Owns its ops. Takes turns with the clients in the event loop; faults and
 * signals come first. (At idle priority a client that never stops asking
 * would keep every flow from going on.)
 */
#ifndef NV_SVC_QUEUE_H
#define NV_SVC_QUEUE_H

#include "ops/op.h"

/* Flows at once; one more is refused with NV_E_LIMIT. */
#define QUEUE_MAX 64

struct queue;
struct sd_event;

/*
 * Who wants to know. progress may be NULL. done is called once, before the op
 * is freed; @r is op_step()'s last result.
 */
struct queue_client {
	void (*progress)(void *userdata, const struct op *op);
	void (*done)(void *userdata, struct op *op, int r, const struct nv_why *why);
	void *userdata;
};

int queue_new(struct sd_event *event, struct queue **ret);
/* Steps what is under way no further: the next start goes on with it. */
struct queue *queue_free(struct queue *q);
void queue_freep(struct queue **q);

/** queue_check() - is there room? Ask before op_x_begin(). Return: 0 or NV_E_LIMIT. */
int queue_check(const struct queue *q, struct nv_why *why);

/** queue_add() - take @op over and step it to its end. Return: 0 or -errno, @op is freed then. */
int queue_add(struct queue *q, struct op *op, const struct queue_client *client);

/** queue_forget() - nobody with @userdata wants to know any more; the ops go on */
void queue_forget(struct queue *q, const void *userdata);

/** queue_wake() - something happened: those that wait for others (op->waits) look again */
void queue_wake(struct queue *q);

/** queue_length() - those that wait for others do not count, neither here nor for queue_check() */
size_t queue_length(const struct queue *q);

#endif
