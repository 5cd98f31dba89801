/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/command-stream.c - answers in pieces, as fast as the client takes them.
 *
 * A monitor has no queue of its own: it remembers the last event it sent and
 * reads on in the history when the client has taken that.
 */
#include <string.h>

#include "svc/command.h"

/* Events sent between two looks at whether they were taken. */
#define MONITOR_BATCH 32
/* Lists of volumes in memory at once. */
#define LISTS_MAX 4

struct monitor {
	struct commands *x;
	uint64_t after;
};

static void monitor_pump(struct client *c, void *userdata)
{
	struct monitor *m = userdata;
	const struct req_events rq = { .has_after = true,
				       .after = m->after,
				       .limit = MONITOR_BATCH };
	struct view_events events = {};
	struct wire_event reply;
	struct nv_why why = { "" };
	size_t i;
	int r;

	r = op_show_events(m->x->nvd, &rq, &why, &events);
	for (i = 0; !r && i < events.n; i++) {
		reply.event = events.v[i];
		m->after = reply.event.id;
		client_reply(c, wire_method(WIRE_MONITOR)->reply, &reply, true);
	}
	view_events_deinit(&events);
	if (r)
		client_refuse(c, r, &why);
}

static void monitor_end(struct client *c, void *userdata)
{
	free(userdata);
}

int command_monitor(struct commands *x, struct client *c,
		    const union wire_request *rq, struct nv_why *why)
{
	struct monitor *m = calloc(1, sizeof(*m));
	struct client_stream s = { monitor_pump, monitor_end, m };

	if (!m)
		return -ENOMEM;
	m->x = x;
	m->after = rq->monitor.has_after ? rq->monitor.after :
					   op_last_event(x->nvd);
	client_open(c, &s);
	return 0;
}

struct list {
	struct commands *x;
	struct view_volumes volumes;
	size_t sent;
};

static void list_pump(struct client *c, void *userdata)
{
	struct list *l = userdata;
	size_t n = NV_MIN(l->volumes.n - l->sent, (size_t)WIRE_VOLUMES);
	const struct wire_volumes part = {
		.volumes = { .v = l->volumes.v + l->sent, .n = n },
	};

	l->sent += n;
	client_reply(c, wire_method(WIRE_LIST_VOLUMES)->reply, &part,
		     l->sent < l->volumes.n);
}

static void list_end(struct client *c, void *userdata)
{
	struct list *l = userdata;

	l->x->lists--;
	view_volumes_deinit(&l->volumes);
	free(l);
}

int command_list_volumes(struct commands *x, struct client *c,
			 const union wire_request *rq, struct nv_why *why)
{
	nv_cleanup(nv_freep) struct list *l = NULL;
	struct client_stream s = { list_pump, list_end, NULL };
	int r;

	if (x->lists >= LISTS_MAX)
		return nv_refuse(why, NV_E_LIMIT,
				 "%u lists of volumes are being read already",
				 x->lists);
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	r = op_show_volumes(x->nvd, why, &l->volumes);
	if (r) {
		view_volumes_deinit(&l->volumes);
		return r;
	}
	if (!client_wants_more(c)) {
		struct wire_volumes all = { l->volumes };

		command_reply(c, WIRE_LIST_VOLUMES, &all);
		view_volumes_deinit(&l->volumes);
		return 0;
	}
	l->x = x;
	x->lists++;
	s.userdata = nv_steal(&l);
	client_open(c, &s);
	return 0;
}
