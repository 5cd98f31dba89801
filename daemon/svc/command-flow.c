/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/command-flow.c - calls that start a long flow and answer at its end.
 *
 * The flow is the queue's: a client that goes away does not end it.
 */
#include <systemd/sd-event.h>

#include "ops/op_device.h"
#include "svc/command.h"

/* Between two reports of progress. */
#define PROGRESS_US 100000

/* A client that waits for a flow. */
struct waiter {
	struct commands *x;
	struct client *c;
	enum wire_method_id id;
	uint64_t told_us;
};

static void on_progress(void *userdata, const struct op *op)
{
	struct wire_done reply = { .has_progress = true };
	struct waiter *w = userdata;
	uint64_t now = 0;

	if (!client_wants_more(w->c) || !client_can_take(w->c))
		return;
	(void)sd_event_now(w->x->event, CLOCK_MONOTONIC, &now);
	if (w->told_us && now < w->told_us + PROGRESS_US)
		return;
	w->told_us = now;
	reply.progress = op->progress;
	client_reply(w->c, wire_method(WIRE_UNMAP)->reply, &reply, true);
}

static int reply_volume(struct waiter *w, const struct op *op,
			struct nv_why *why)
{
	struct wire_volume_done reply = { .finished = true, .has_volume = true };
	char uuid[NV_UUID_TEXT];
	int r;

	r = op_show_volume(w->x->nvd, nv_uuid_print(&op->volume, uuid), why,
			   &reply.volume);
	if (!r)
		command_reply(w->c, w->id, &reply);
	view_volume_deinit(&reply.volume);
	return r;
}

static int reply_mapping(struct waiter *w, const struct op *op,
			 struct nv_why *why)
{
	struct wire_mapping_done reply = { .finished = true,
					   .has_mapping = true };
	int r;

	r = op_show_mapping(w->x->nvd, op->mapping, why, &reply.mapping);
	if (!r)
		command_reply(w->c, w->id, &reply);
	view_mapping_deinit(&reply.mapping);
	return r;
}

static int reply_pool(struct waiter *w, const struct op *op, struct nv_why *why)
{
	struct wire_pool reply = {};
	int r = op_show_pool(w->x->nvd, &op->pool, why, &reply.pool);

	if (!r)
		command_reply(w->c, w->id, &reply);
	return r;
}

static void on_done(void *userdata, struct op *op, int r,
		    const struct nv_why *op_why)
{
	const struct wire_done finished = { .finished = true };
	struct waiter *w = userdata;
	struct nv_why why = *op_why;

	if (!r) {
		switch (w->id) {
		case WIRE_CREATE_VOLUME:
		case WIRE_RESIZE_VOLUME:
			r = reply_volume(w, op, &why);
			break;
		case WIRE_MAP:
		case WIRE_ATTACH:
			r = reply_mapping(w, op, &why);
			break;
		case WIRE_ADD_POOL:
			r = reply_pool(w, op, &why);
			break;
		case WIRE_RELEASE_POOL:
			command_reply(w->c, w->id, NULL);
			break;
		default:
			command_reply(w->c, w->id, &finished);
		}
	}
	if (r)
		client_refuse(w->c, r, &why);
}

/* The call is over, or its client gone. */
static void on_end(struct client *c, void *userdata)
{
	struct waiter *w = userdata;

	queue_forget(w->x->queue, w);
	free(w);
}

/* Answer @c when @op is done; takes @op over. */
static int wait_for(struct commands *x, struct client *c,
		    enum wire_method_id id, struct op *op)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct queue_client qc = { on_progress, on_done, w };
	struct client_stream stream = { .end = on_end, .userdata = w };
	int r;

	/* of these nobody can say how far they are */
	if (id == WIRE_ADD_POOL || id == WIRE_RELEASE_POOL)
		qc.progress = NULL;
	/* without memory to wait with, the flow goes on all the same */
	if (!w)
		qc = (struct queue_client){};
	r = queue_add(x->queue, op, &qc);
	if (!w || r) {
		free(w);
		return r ? r : -ENOMEM;
	}
	*w = (struct waiter){ .x = x, .c = c, .id = id };
	client_open(c, &stream);
	return 0;
}

#define FLOW(method, ID, member, begin)                                     \
	int command_##method(struct commands *x, struct client *c,          \
			     const union wire_request *rq,                  \
			     struct nv_why *why)                            \
	{                                                                   \
		struct op *op = NULL;                                       \
		int r = queue_check(x->queue, why);                         \
                                                                            \
		if (!r)                                                     \
			r = begin(x->nvd, &rq->member, why, &op);           \
		return r ? r : wait_for(x, c, ID, op);                      \
	}

FLOW(create_volume, WIRE_CREATE_VOLUME, create_volume, op_volume_create_begin)
FLOW(resize_volume, WIRE_RESIZE_VOLUME, resize_volume, op_volume_resize_begin)
FLOW(delete_volume, WIRE_DELETE_VOLUME, delete_volume, op_volume_delete_begin)
FLOW(repair_volume, WIRE_REPAIR_VOLUME, volume, op_volume_repair_begin)
FLOW(repair_pool, WIRE_REPAIR_POOL, pool, op_pool_repair_begin)
FLOW(add_pool, WIRE_ADD_POOL, add_pool, op_pool_add_begin)
FLOW(release_pool, WIRE_RELEASE_POOL, pool, op_pool_release_begin)
FLOW(map, WIRE_MAP, map, op_map_begin)
FLOW(unmap, WIRE_UNMAP, unmap, op_unmap_begin)
FLOW(attach, WIRE_ATTACH, attach, op_attach_begin)
FLOW(detach, WIRE_DETACH, detach, op_detach_begin)
