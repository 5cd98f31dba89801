/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/devices.c - the bus in the event loop.
 */
#include "svc/devices.h"

#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <systemd/sd-event.h>

#include "ops/op_device.h"
#include "ops/op_guest.h"
#include "svc/journal.h"

/* Events taken in between two looks at everybody else. */
#define TURN 32
#define RETRY_US 1000000ull
#define LOOK_US 2000000ull

struct devices {
	struct nvd *nvd;
	struct queue *queue;
	sd_event_source *bus, *work, *post, *look;
};

static int on_bus(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	struct devices *d = userdata;
	struct bus_event ev;
	int i;

	for (i = 0; i < TURN && !bus_next(d->nvd->bus, &ev); i++) {
		device_event(d->nvd, &ev);
		guest_event(d->nvd, &ev);
		if (ev.type == BUS_LOST || ev.type == BUS_HANGS)
			journal_line(LOG_WARNING, "guests' devices are not followed: %s", ev.reason);
		else if (ev.type == BUS_ANSWERS)
			journal_line(LOG_NOTICE, "xenstored answers again");
		else if (ev.type == BUS_SYNCED)
			journal_line(LOG_NOTICE, "guests' devices are followed in xenstore");
	}
	if (i)
		queue_wake(d->queue);
	return 0;
}

static int on_look(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct devices *d = userdata;

	bus_look(d->nvd->bus);
	sd_event_source_set_time_relative(s, LOOK_US);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static bool has_work(const struct devices *d)
{
	return guest_waits(d->nvd) || (device_waits(d->nvd) && !queue_check(d->queue, NULL));
}

/* One guest and one device a turn. */
static int on_work(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct queue_client nobody = { 0 };
	struct devices *d = userdata;
	struct nv_why why = { "" };
	struct op *op = NULL;
	int r;

	if (!has_work(d)) {
		sd_event_source_set_enabled(d->work, SD_EVENT_OFF);
		return 0;
	}
	guest_step(d->nvd);
	r = queue_check(d->queue, NULL) ? 0 : op_device_begin(d->nvd, &why, &op);
	if (!r && op)
		r = queue_add(d->queue, op, &nobody);
	if (r) {
		journal_line(LOG_WARNING, "a guest's device must wait: %s", why.text[0] ? why.text : strerror(-r));
		sd_event_source_set_time_relative(d->work, RETRY_US);
		return 0;
	}
	sd_event_source_set_time(d->work, 0);
	return 0;
}

/* Whatever ran may have left work for a device, or made room in the queue. */
static int on_post(sd_event_source *s, void *userdata)
{
	struct devices *d = userdata;
	int enabled = SD_EVENT_OFF;

	if (!has_work(d))
		return 0;
	sd_event_source_get_enabled(d->work, &enabled);
	if (enabled == SD_EVENT_OFF) {
		sd_event_source_set_time(d->work, 0);
		sd_event_source_set_enabled(d->work, SD_EVENT_ON);
	}
	return 0;
}

int devices_new(sd_event *event, struct nvd *nvd, struct queue *queue, struct devices **ret)
{
	struct devices *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->nvd = nvd;
	d->queue = queue;
	r = sd_event_add_io(event, &d->bus, bus_fd(nvd->bus), EPOLLIN, on_bus, d);
	/* A timer, that it takes turns with the others: see queue_new(). */
	if (r >= 0)
		r = sd_event_add_time(event, &d->work, CLOCK_MONOTONIC, 0, 1, on_work, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->work, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &d->look, CLOCK_MONOTONIC, LOOK_US, 0, on_look, d);
	if (r >= 0)
		r = sd_event_add_post(event, &d->post, on_post, d);
	if (r < 0) {
		devices_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

struct devices *devices_free(struct devices *d)
{
	if (!d)
		return NULL;
	sd_event_source_disable_unref(d->bus);
	sd_event_source_disable_unref(d->work);
	sd_event_source_disable_unref(d->post);
	sd_event_source_disable_unref(d->look);
	free(d);
	return NULL;
}
