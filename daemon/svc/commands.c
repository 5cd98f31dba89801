/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/commands.c - the table, and the commands that are answered at once.
 */
#include "svc/commands.h"

#include <string.h>

#include "svc/command.h"

void command_reply(struct client *c, enum wire_method_id id, const void *reply)
{
	client_reply(c, wire_method(id)->reply, reply, false);
}

static int get_status(struct commands *x, struct client *c,
		      const union wire_request *rq, struct nv_why *why)
{
	struct wire_status reply = {};
	int r = op_show_status(x->nvd, why, &reply.status);

	if (!r)
		command_reply(c, WIRE_GET_STATUS, &reply);
	view_status_deinit(&reply.status);
	return r;
}

static int list_pools(struct commands *x, struct client *c,
		      const union wire_request *rq, struct nv_why *why)
{
	struct wire_pools reply = {};
	int r = op_show_pools(x->nvd, why, &reply.pools, &reply.candidates);

	if (!r)
		command_reply(c, WIRE_LIST_POOLS, &reply);
	view_pools_deinit(&reply.pools);
	view_candidates_deinit(&reply.candidates);
	return r;
}

static int reply_volume(struct commands *x, struct client *c,
			const char *volume, struct nv_why *why)
{
	struct wire_volume reply = {};
	int r = op_show_volume(x->nvd, volume, why, &reply.volume);

	if (!r)
		command_reply(c, WIRE_GET_VOLUME, &reply);
	view_volume_deinit(&reply.volume);
	return r;
}

static int get_volume(struct commands *x, struct client *c,
		      const union wire_request *rq, struct nv_why *why)
{
	return reply_volume(x, c, rq->volume.volume, why);
}

static int rename_volume(struct commands *x, struct client *c,
			 const union wire_request *rq, struct nv_why *why)
{
	int r = op_volume_rename(x->nvd, &rq->rename_volume, why);

	return r ? r : reply_volume(x, c, rq->rename_volume.name, why);
}

static int set_volume_owner(struct commands *x, struct client *c,
			    const union wire_request *rq, struct nv_why *why)
{
	int r = op_volume_set_owner(x->nvd, &rq->set_owner, why);

	return r ? r : reply_volume(x, c, rq->set_owner.volume, why);
}

static int list_events(struct commands *x, struct client *c,
		       const union wire_request *rq, struct nv_why *why)
{
	struct wire_events reply = {};
	int r = op_show_events(x->nvd, &rq->events, why, &reply.events);

	if (!r)
		command_reply(c, WIRE_LIST_EVENTS, &reply);
	view_events_deinit(&reply.events);
	return r;
}

static int list_guests(struct commands *x, struct client *c,
		       const union wire_request *rq, struct nv_why *why)
{
	struct wire_guests reply = {};
	int r = op_show_guests(x->nvd, &rq->list_guests, why, &reply.devices);

	if (!r)
		command_reply(c, WIRE_LIST_GUESTS, &reply);
	view_guests_deinit(&reply.devices);
	return r;
}

static int get_guest(struct commands *x, struct client *c,
		     const union wire_request *rq, struct nv_why *why)
{
	struct wire_guest reply = {};
	int r = op_show_guest(x->nvd, &rq->list_guests, why, &reply.guest);

	if (!r)
		command_reply(c, WIRE_GET_GUEST, &reply);
	view_guests_deinit(&reply.guest.devices);
	return r;
}

static int add_guest_device(struct commands *x, struct client *c,
			    const union wire_request *rq, struct nv_why *why)
{
	struct wire_guest_device reply = {};
	int r = op_guest_add(x->nvd, &rq->add_guest_device, why, &reply.device);

	if (!r)
		command_reply(c, WIRE_ADD_GUEST_DEVICE, &reply);
	return r;
}

static int remove_guest_device(struct commands *x, struct client *c,
			       const union wire_request *rq,
			       struct nv_why *why)
{
	struct wire_guest_device reply = {};
	int r = op_guest_remove(x->nvd, &rq->remove_guest_device, why,
				&reply.device);

	if (!r)
		command_reply(c, WIRE_REMOVE_GUEST_DEVICE, &reply);
	return r;
}

static int tell_why(struct commands *x, struct client *c,
		    const union wire_request *rq, struct nv_why *why)
{
	struct view_why reply = {};
	int r = op_why(x->nvd, &rq->why, why, &reply);

	if (!r)
		command_reply(c, WIRE_WHY, &reply);
	view_events_deinit(&reply.events);
	return r;
}

static int take_offline(struct commands *x, struct client *c,
			const union wire_request *rq, struct nv_why *why)
{
	struct view_why reply = {};
	int r = op_offline(x->nvd, &rq->why, why, &reply);

	if (!r)
		command_reply(c, WIRE_OFFLINE, &reply);
	view_events_deinit(&reply.events);
	return r;
}

enum need { READ, WRITE };
enum replies { ONE, MANY }; /* MANY: only with "more" */

static const struct command {
	enum need need;
	enum replies replies;
	command_run *run;
} commands[WIRE_METHODS] = {
	[WIRE_GET_STATUS] = { READ, ONE, get_status },
	[WIRE_LIST_POOLS] = { READ, ONE, list_pools },
	[WIRE_ADD_POOL] = { WRITE, ONE, command_add_pool },
	[WIRE_RELEASE_POOL] = { WRITE, ONE, command_release_pool },
	[WIRE_LIST_VOLUMES] = { READ, ONE, command_list_volumes },
	[WIRE_GET_VOLUME] = { READ, ONE, get_volume },
	[WIRE_CREATE_VOLUME] = { WRITE, ONE, command_create_volume },
	[WIRE_RENAME_VOLUME] = { WRITE, ONE, rename_volume },
	[WIRE_SET_VOLUME_OWNER] = { WRITE, ONE, set_volume_owner },
	[WIRE_RESIZE_VOLUME] = { WRITE, ONE, command_resize_volume },
	[WIRE_DELETE_VOLUME] = { WRITE, ONE, command_delete_volume },
	[WIRE_REPAIR_VOLUME] = { WRITE, ONE, command_repair_volume },
	[WIRE_REPAIR_POOL] = { WRITE, ONE, command_repair_pool },
	[WIRE_MAP] = { WRITE, ONE, command_map },
	[WIRE_UNMAP] = { WRITE, ONE, command_unmap },
	[WIRE_LIST_GUESTS] = { READ, ONE, list_guests },
	[WIRE_GET_GUEST] = { READ, ONE, get_guest },
	[WIRE_ADD_GUEST_DEVICE] = { WRITE, ONE, add_guest_device },
	[WIRE_REMOVE_GUEST_DEVICE] = { WRITE, ONE, remove_guest_device },
	[WIRE_ATTACH] = { WRITE, ONE, command_attach },
	[WIRE_DETACH] = { WRITE, ONE, command_detach },
	[WIRE_LIST_EVENTS] = { READ, ONE, list_events },
	[WIRE_WHY] = { READ, ONE, tell_why },
	[WIRE_OFFLINE] = { WRITE, ONE, take_offline },
	[WIRE_MONITOR] = { READ, MANY, command_monitor },
	[WIRE_BACKUP] = { WRITE, MANY, command_backup },
	[WIRE_RESTORE] = { WRITE, ONE, command_restore },
};

static int run(struct commands *x, struct client *c, enum wire_method_id id,
	       struct json_object *parameters, struct nv_why *why)
{
	const char *name = wire_method(id)->request->type;
	union wire_request rq;
	int r;

	if (commands[id].need == WRITE && !client_peer(c)->write)
		return nv_refuse(why, NV_E_PERMISSION,
				 "user %u may not call %s: that is for root",
				 (unsigned int)client_peer(c)->uid, name);
	r = wire_request_parse(id, parameters, why, &rq);
	if (!r)
		r = commands[id].run(x, c, &rq, why);
	fields_release(wire_method(id)->request, &rq);
	return r;
}

void commands_call(void *userdata, struct client *c,
		   const struct varlink_call *call)
{
	char interface[VARLINK_NAME];
	enum wire_method_id id = WIRE_METHODS;
	struct commands *x = userdata;
	struct nv_why why = { "" };
	const char *method;
	size_t size = 0;
	char *text = NULL;
	int r = 0;

	method = varlink_split(call->method, interface);
	if (method && !strcmp(interface, WIRE_INTERFACE))
		id = wire_find(method);
	if (id == WIRE_METHODS)
		r = varlink_service(call, &text, &size);
	else if (commands[id].replies == MANY && !call->more)
		r = varlink_expected_more(&text, &size);
	else
		r = run(x, c, id, call->parameters, &why);
	if (r)
		client_refuse(c, r, &why);
	else if (text)
		client_raw(c, text, size);
}

int commands_new(struct sd_event *event, struct nvd *nvd, struct queue *queue,
		 struct commands **ret)
{
	struct commands *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->event = event;
	x->nvd = nvd;
	x->queue = queue;
	*ret = x;
	return 0;
}

struct commands *commands_free(struct commands *x)
{
	free(x);
	return NULL;
}

void commands_freep(struct commands **x)
{
	*x = commands_free(*x);
}
