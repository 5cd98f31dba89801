/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/queue.c - the long flows under way, stepped in turns.
 */
#include "svc/queue.h"

#include <string.h>
#include <systemd/sd-event.h>

/* Those that wait for others look at the clock so often. */
#define WAIT_US 200000

struct entry {
	struct op *op;
	struct queue_client client;
	struct entry *next;
};

struct queue {
	sd_event_source *source;
	struct entry *first;
	struct entry **last;
	size_t nr;
	sd_event_source *waits;
	struct entry *asleep;
};

static void queue_arm(struct queue *q)
{
	sd_event_source_set_enabled(q->source, q->nr ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void queue_push(struct queue *q, struct entry *e)
{
	e->next = NULL;
	*q->last = e;
	q->last = &e->next;
	q->nr++;
}

static struct entry *queue_pop(struct queue *q)
{
	struct entry *e = q->first;

	if (!e)
		return NULL;
	q->first = e->next;
	if (!q->first)
		q->last = &q->first;
	q->nr--;
	return e;
}

static void queue_sleep(struct queue *q, struct entry *e)
{
	e->next = q->asleep;
	q->asleep = e;
	if (e->next)
		return;
	sd_event_source_set_time_relative(q->waits, WAIT_US);
	sd_event_source_set_enabled(q->waits, SD_EVENT_ONESHOT);
}

void queue_wake(struct queue *q)
{
	struct entry *e;

	while ((e = q->asleep)) {
		q->asleep = e->next;
		queue_push(q, e);
	}
	sd_event_source_set_enabled(q->waits, SD_EVENT_OFF);
	queue_arm(q);
}

static int on_waits(sd_event_source *source, uint64_t usec, void *userdata)
{
	queue_wake(userdata);
	return 0;
}

/* One step of the flow that waited longest. */
static int on_turn(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct queue *q = userdata;
	struct entry *e = queue_pop(q);
	struct nv_why why = { "" };
	int r;

	if (!e) {
		queue_arm(q);
		return 0;
	}
	r = op_step(e->op, &why);
	if (r == OP_MORE) {
		if (e->client.progress)
			e->client.progress(e->client.userdata, e->op);
		if (e->op->waits)
			queue_sleep(q, e);
		else
			queue_push(q, e);
		queue_arm(q);
		return 0;
	}
	if (e->client.done)
		e->client.done(e->client.userdata, e->op, r, &why);
	op_free(e->op);
	free(e);
	queue_arm(q);
	return 0;
}

int queue_new(sd_event *event, struct queue **ret)
{
	nv_cleanup(queue_freep) struct queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	q->last = &q->first;
	/*
	 * A timer that is always due takes turns with the other sources of its
	 * priority; a defer source would always come before them.
	 */
	r = sd_event_add_time(event, &q->source, CLOCK_MONOTONIC, 0, 1, on_turn, q);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &q->waits, CLOCK_MONOTONIC, WAIT_US, 1, on_waits, q);
	if (r >= 0)
		r = sd_event_source_set_enabled(q->waits, SD_EVENT_OFF);
	if (r < 0)
		return r;
	queue_arm(q);
	*ret = nv_steal(&q);
	return 0;
}

struct queue *queue_free(struct queue *q)
{
	struct entry *e;

	if (!q)
		return NULL;
	if (q->waits)
		queue_wake(q);
	while ((e = queue_pop(q))) {
		op_free(e->op);
		free(e);
	}
	sd_event_source_disable_unref(q->source);
	sd_event_source_disable_unref(q->waits);
	free(q);
	return NULL;
}

void queue_freep(struct queue **q)
{
	*q = queue_free(*q);
}

int queue_check(const struct queue *q, struct nv_why *why)
{
	if (q->nr < QUEUE_MAX)
		return 0;
	return nv_refuse(why, NV_E_LIMIT, "%zu operations are under way already", q->nr);
}

int queue_add(struct queue *q, struct op *op, const struct queue_client *client)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e) {
		op_free(op);
		return -ENOMEM;
	}
	e->op = op;
	e->client = *client;
	queue_push(q, e);
	queue_arm(q);
	return 0;
}

void queue_forget(struct queue *q, const void *userdata)
{
	struct entry *e;

	for (e = q->first; e; e = e->next)
		if (e->client.userdata == userdata)
			memset(&e->client, 0, sizeof(e->client));
	for (e = q->asleep; e; e = e->next)
		if (e->client.userdata == userdata)
			memset(&e->client, 0, sizeof(e->client));
}

size_t queue_length(const struct queue *q)
{
	return q->nr;
}
