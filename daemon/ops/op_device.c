/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_device.c - a guest's device is looked at: what is wanted, what is, and
 * what is to be done about it; and its way into the guest.
 */
#include <stdio.h>
#include <string.h>

#include "ops/device_desk.h"

/* In calls of device_is_rested(). */
#define MAX_PAUSE 63u

/* ---- what is told ---- */

static void alarm_devices(struct nvd *nvd)
{
	const struct device *dev, *found = NULL;
	struct hash_node *n = NULL;
	char name[DEVICE_PRINT], more[48] = "";
	size_t nr = 0;

	while ((n = hash_each(&nvd->devices->devices, n))) {
		dev = nv_container_of(n, struct device, by_key);
		if (dev->report.state != DEVICE_CLOSED || !dev->report.error[0])
			continue;
		nr++;
		if (!found || dev->key.domid > found->key.domid)
			found = dev;
	}
	nvd->devices->refused = found;
	if (!found) {
		nvd_alarm(nvd, ALARM_DEVICE, NULL);
		return;
	}
	if (nr > 1)
		snprintf(more, sizeof(more), " (and %zu more)", nr - 1);
	nvd_alarm(nvd, ALARM_DEVICE, "%s%s: %s", device_print(nvd, found, name, sizeof(name)), more,
		  found->report.error);
}

static void device_history(struct nvd *nvd, const struct device *dev, enum event_severity severity, const char *kind,
			   const char *text)
{
	struct event_fact e;
	char name[DEVICE_PRINT];

	e = history_event(severity, kind, "%s: %s", device_print(nvd, dev, name, sizeof(name)), text);
	e.domid = dev->key.domid;
	if (strlen(dev->wish.volume) < sizeof(e.volume))
		view_text_set(e.volume, sizeof(e.volume), dev->wish.volume);
	history_note(nvd, &e);
}

void device_refuse(struct nvd *nvd, struct device *dev, const struct nv_why *sentence)
{
	bool again = dev->report.state == DEVICE_CLOSED && !strcmp(dev->report.error, sentence->text);

	if (again && dev->trying) {
		dev->wish.state = DEVICE_CLOSED;
		return;
	}
	dev->report = (struct device_report){ .state = DEVICE_CLOSED };
	view_text_set(dev->report.error, sizeof(dev->report.error), sentence->text);
	device_tell(nvd, dev);
	if (!again)
		device_history(nvd, dev, EVENT_WARNING, "device-refused", sentence->text);
	alarm_devices(nvd);
}

void device_try_again(struct nvd *nvd, struct device *dev)
{
	dev->trying = dev->report.error[0];
	dev->wish.state = DEVICE_INITIALISING;
	device_wake(nvd->devices, dev);
}

/* Each attempt writes the book and asks the hypervisor: ever more rarely, down to one in two minutes. */
static void rest(struct device *dev)
{
	dev->pause = dev->trying ? NV_MIN(2 * dev->pause + 1, MAX_PAUSE) : 0;
	dev->rest = dev->pause;
}

bool device_is_rested(struct device *dev)
{
	if (!dev->rest)
		return true;
	dev->rest--;
	return false;
}

void device_remove(struct nvd *nvd, struct device *dev)
{
	(void)bus_remove(nvd->bus, dev->key);
	device_del(nvd->devices, dev);
	if (nvd->devices->refused)
		alarm_devices(nvd);
}

static uint64_t mapping_bad(const struct mapping *m)
{
	const struct extent *e;
	uint64_t bad = 0;

	for (e = m->extents; e; e = e->next)
		bad += e->bad;
	return bad;
}

void device_fill(struct device *dev, const struct mapping *m)
{
	dev->report.state = DEVICE_CONNECTED;
	dev->report.uuid = m->fact.volume;
	dev->report.gpa = frames_to_bytes(m->fact.gfn);
	dev->report.size = frames_to_bytes(m->fact.nr);
	dev->report.bad = frames_to_bytes(mapping_bad(m));
	dev->report.late = dev->late || dev->wish.late;
}

/* By an earlier life, and nothing has changed since: a thousand guests need not be written anew. */
static bool was_told(const struct device *dev)
{
	const struct device_wish *w = &dev->wish;
	const struct device_report *r = &dev->report;

	return w->state == r->state && nv_uuid_equal(&w->uuid, &r->uuid) && w->told_gpa == r->gpa &&
	       !w->error[0] && !r->bad;
}

/* That it is one outlives its nodes: see BUS_SYNCED in device_desk.c. */
static void device_write(struct nvd *nvd, const struct device *dev, struct mapping *m)
{
	struct mapping_fact fact = m->fact;
	int r;

	if (fact.is_device && fact.device == dev->key.devid)
		return;
	fact.is_device = true;
	fact.device = dev->key.devid;
	r = store_begin(nvd->store, STORE_LAZY);
	if (!r)
		r = store_mapping_put(nvd->store, &fact, m->extents);
	if (!r)
		r = store_commit(nvd->store);
	if (!nvd_book(nvd, r, NULL))
		m->fact = fact;
}

static void device_connected(struct nvd *nvd, struct device *dev, struct mapping *m)
{
	struct device_report old = dev->report;
	bool refused = dev->report.error[0];

	device_write(nvd, dev, m);
	device_fill(dev, m);
	dev->report.ask = 0;
	if (!dev->stays)
		memset(dev->report.error, 0, sizeof(dev->report.error));
	if (dev->wish.state == DEVICE_CONNECTED && !memcmp(&old, &dev->report, sizeof(old)))
		return;
	if (!old.state && was_told(dev))
		return;
	device_tell(nvd, dev);
	if (refused)
		alarm_devices(nvd);
}

static void device_closed(struct nvd *nvd, struct device *dev)
{
	dev->report = (struct device_report){ .state = DEVICE_CLOSED };
	device_tell(nvd, dev);
}

/* ---- into the guest ---- */

/* That there is no guest any more refuses nobody anything. */
static bool is_gone(int r)
{
	return r == NV_E_DYING || r == NV_E_NO_DOMAIN;
}

struct op_device {
	struct op op;
	struct device *dev;
	struct op *inner; /* the map */
	bool by_person;
};

static int device_map_step(struct op *op, struct nv_why *why)
{
	struct op_device *o = nv_container_of(op, struct op_device, op);
	struct device *dev = o->dev;
	struct nv_why local = { "" };
	int r;

	r = op_step(o->inner, &local);
	op->progress = o->inner->progress;
	if (r == OP_MORE)
		return r;
	op->mapping = o->inner->mapping;
	dev->busy = false;
	if (!r) {
		/* What is said of it is what is found when it is looked at. */
		device_wake(op->nvd->devices, dev);
		if (dev->late)
			device_history(op->nvd, dev, EVENT_NOTICE, "device-late",
				       "the guest had begun to run before its memory was mapped");
	} else if (o->by_person) {
		device_remove(op->nvd, dev);
	} else if (is_gone(r)) {
		device_wake(op->nvd->devices, dev);
	} else {
		rest(dev);
		device_refuse(op->nvd, dev, &local);
	}
	if (why)
		*why = local;
	return r;
}

static void device_map_free(struct op *op)
{
	struct op_device *o = nv_container_of(op, struct op_device, op);

	op_free(o->inner);
	free(o);
}

static const struct op_ops device_map_ops = { .name = "attach", .step = device_map_step, .free = device_map_free };

int device_map_begin(struct nvd *nvd, struct device *dev, bool by_person, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_device *o = calloc(1, sizeof(*o));
	struct req_map rq = { .has_gpa = dev->wish.has_gpa, .gpa = dev->wish.gpa };
	struct dom_info d;
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	snprintf(rq.domain, sizeof(rq.domain), "%u", dev->key.domid);
	view_text_set(rq.volume, sizeof(rq.volume), dev->wish.volume);
	r = op_map_begin(nvd, &rq, why, &o->inner);
	if (r)
		return r;
	dev->late = !dom_get(nvd->dom, dev->key.domid, &d) && d.has_run;
	dev->busy = true;
	if (dev->trying) {
		/* The refusal stands until there is something else to tell. */
		op_map_known(o->inner, dev->report.error);
	} else {
		dev->report = (struct device_report){ .state = DEVICE_INIT_WAIT };
		device_tell(nvd, dev);
		if (nvd->devices->refused)
			alarm_devices(nvd);
	}
	o->op.ops = &device_map_ops;
	o->op.nvd = nvd;
	o->op.progress = o->inner->progress;
	o->dev = dev;
	o->by_person = by_person;
	*ret = &nv_steal(&o)->op;
	return 0;
}

/* ---- looking ---- */

/* Its volume is in a domain that is about to let it go: a guest that reboots. */
static bool volume_comes_free(struct nvd *nvd, const struct device *dev)
{
	const struct mapping *m;
	struct dom_info d;
	struct volume *v;
	int r;

	if (ledger_volume_find(nvd->ledger, dev->wish.volume, NULL, &v) || !v->mapping)
		return false;
	m = v->mapping;
	if (m->fact.state == MAPPING_UNMAPPING)
		return true;
	r = dom_get(nvd->dom, m->fact.domid, &d);
	return r == -ESRCH || (!r && (d.dying || !nv_uuid_equal(&d.uuid, &m->fact.handle)));
}

static int look_wanted(struct nvd *nvd, struct device *dev, struct op **ret)
{
	struct nv_why why = { "" };
	int r;

	if (dev->wish.wrong[0]) {
		nv_refuse(&why, NV_E_BAD_REQUEST, "%s", dev->wish.wrong);
		if (dev->wish.state != DEVICE_CLOSED)
			device_refuse(nvd, dev, &why);
		return 0;
	}
	if (dev->wish.state == DEVICE_CONNECTED) {
		/* It was, and somebody unmapped it. */
		device_closed(nvd, dev);
		return 0;
	}
	if (dev->wish.state == DEVICE_CLOSED && dev->wish.error[0] && !dev->report.state) {
		/* An earlier life refused it: the reason still stands. */
		dev->report.state = DEVICE_CLOSED;
		view_text_set(dev->report.error, sizeof(dev->report.error), dev->wish.error);
		alarm_devices(nvd);
	}
	if (dev->wish.state != DEVICE_INITIALISING && dev->wish.state != DEVICE_INIT_WAIT)
		return 0;
	r = device_map_begin(nvd, dev, false, &why, ret);
	if (!r || is_gone(r))
		return 0;
	if (volume_comes_free(nvd, dev))
		device_block(nvd->devices, dev, true);
	else
		device_refuse(nvd, dev, &why);
	return 0;
}

/* The directory is not there any more. */
static void look_removed(struct nvd *nvd, struct device *dev, struct mapping *m)
{
	if (!m) {
		device_remove(nvd, dev);
		return;
	}
	device_history(nvd, dev, EVENT_WARNING, "device-removed",
		       "its directory in xenstore was removed while its memory is mapped; it is written again");
	dev->here = true;
	dev->wish.online = true;
	(void)bus_attach(nvd->bus, dev->key, &dev->wish);
	dev->wish.state = DEVICE_UNKNOWN;
	device_connected(nvd, dev, m);
}

/* The domain is gone, or goes: what it had comes free when the hypervisor says so. */
static void look_dead(struct nvd *nvd, struct device *dev)
{
	if (!ledger_mapping_in(nvd->ledger, dev->key.domid, NULL))
		device_remove(nvd, dev);
}

static int look(struct nvd *nvd, struct device *dev, struct nv_why *why, struct op **ret)
{
	struct mapping *m;
	struct dom_info d;
	int r;

	r = dom_get(nvd->dom, dev->key.domid, &d);
	if (r && r != -ESRCH)
		return nv_refuse(why, r, "cannot read domain %u: %s", dev->key.domid, strerror(-r));
	if (r || d.dying) {
		look_dead(nvd, dev);
		return 0;
	}
	m = device_mapping(nvd, dev, &d);
	/* A flow that is at it wakes the device when it ends. */
	if (m && m->busy)
		return 0;
	if (dev->here && dev->wish.online)
		dev->stays = false;
	if (!dev->here)
		look_removed(nvd, dev, m);
	else if (!m && !dev->wish.online)
		device_remove(nvd, dev);
	else if (!m)
		return look_wanted(nvd, dev, ret);
	else if (!dev->wish.online && (!dev->stays || dev->wish.state == DEVICE_CLOSING))
		return device_leave_begin(nvd, dev, false, why, ret);
	else
		device_connected(nvd, dev, m);
	return 0;
}

int op_device_begin(struct nvd *nvd, struct nv_why *why, struct op **ret)
{
	struct device_desk *d = nvd->devices;
	struct device *dev = d->waiting;

	*ret = NULL;
	if (!dev)
		return 0;
	d->waiting = dev->wait_next;
	if (!d->waiting)
		d->last_waiting = &d->waiting;
	dev->waits = false;
	return dev->busy ? 0 : look(nvd, dev, why, ret);
}
