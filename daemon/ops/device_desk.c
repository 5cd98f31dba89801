/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/device_desk.c - the devices that the bus told of, and which of them wait
 * to be looked at.
 */
#include "ops/device_desk.h"

#include <stdio.h>
#include <string.h>

#include "ops/op_guest.h"

/* Sentences about refused devices in one status; more do not help anybody. */
#define ALARMS 32

int device_desk_new(struct device_desk **ret)
{
	struct device_desk *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	hash_init(&d->devices);
	hash_init(&d->domids);
	d->last_waiting = &d->waiting;
	*ret = d;
	return 0;
}

struct device_desk *device_desk_free(struct device_desk *d)
{
	struct hash_node *n;

	if (!d)
		return NULL;
	while ((n = hash_each(&d->devices, NULL)))
		device_del(d, nv_container_of(n, struct device, by_key));
	hash_deinit(&d->devices);
	hash_deinit(&d->domids);
	free(d);
	return NULL;
}

static uint64_t key_hash(struct device_key key)
{
	return hash_u64((uint64_t)key.domid << 32 | key.devid);
}

struct device *device_find(const struct device_desk *d, struct device_key key)
{
	struct hash_node *n;
	struct device *dev;

	for (n = hash_first(&d->devices, key_hash(key)); n; n = hash_next(n)) {
		dev = nv_container_of(n, struct device, by_key);
		if (device_key_equal(dev->key, key))
			return dev;
	}
	return NULL;
}

struct device *device_add(struct device_desk *d, struct device_key key)
{
	struct device *dev = device_find(d, key);

	if (dev)
		return dev;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->key = key;
	hash_add(&d->devices, &dev->by_key, key_hash(key));
	hash_add(&d->domids, &dev->by_domid, hash_u64(key.domid));
	return dev;
}

struct device *device_of(const struct device_desk *d, uint32_t domid, struct device *dev)
{
	struct hash_node *n;

	for (n = dev ? hash_next(&dev->by_domid) : hash_first(&d->domids, hash_u64(domid)); n; n = hash_next(n)) {
		dev = nv_container_of(n, struct device, by_domid);
		if (dev->key.domid == domid)
			return dev;
	}
	return NULL;
}

void device_block(struct device_desk *d, struct device *dev, bool blocked)
{
	if (blocked && !dev->blocked)
		d->nr_blocked++;
	else if (!blocked && dev->blocked)
		d->nr_blocked--;
	dev->blocked = blocked;
}

void device_wake(struct device_desk *d, struct device *dev)
{
	if (dev->waits)
		return;
	dev->waits = true;
	dev->wait_next = NULL;
	*d->last_waiting = dev;
	d->last_waiting = &dev->wait_next;
}

static void device_unwait(struct device_desk *d, struct device *dev)
{
	struct device **p;

	for (p = &d->waiting; *p != dev; p = &(*p)->wait_next)
		;
	*p = dev->wait_next;
	if (d->last_waiting == &dev->wait_next)
		d->last_waiting = p;
	dev->waits = false;
}

void device_del(struct device_desk *d, struct device *dev)
{
	if (dev->waits)
		device_unwait(d, dev);
	device_block(d, dev, false);
	hash_del(&d->devices, &dev->by_key);
	hash_del(&d->domids, &dev->by_domid);
	free(dev);
}

bool device_waits(const struct nvd *nvd)
{
	return nvd->devices && nvd->devices->waiting;
}

void device_changed(struct nvd *nvd, uint32_t domid)
{
	struct device_desk *d = nvd->devices;
	struct hash_node *n = NULL;
	struct device *dev = NULL;

	if (!d)
		return;
	while ((dev = device_of(d, domid, dev)))
		device_wake(d, dev);
	while (d->nr_blocked && (n = hash_each(&d->devices, n))) {
		dev = nv_container_of(n, struct device, by_key);
		if (dev->blocked)
			device_wake(d, dev);
		device_block(d, dev, false);
	}
}

bool device_settled(const struct nvd *nvd, uint32_t domid, uint32_t *ret_refused)
{
	struct device *dev = NULL;
	uint32_t refused = 0;
	bool settled = true;

	while (nvd->devices && (dev = device_of(nvd->devices, domid, dev))) {
		if (dev->waits || dev->busy || dev->blocked)
			settled = false;
		refused += dev->report.state == DEVICE_CLOSED && dev->report.error[0];
	}
	*ret_refused = refused;
	return settled;
}

/* ---- events ---- */

static void on_device(struct nvd *nvd, const struct bus_event *ev)
{
	struct device *dev = device_add(nvd->devices, ev->key);

	/* Without memory it is told again at the next connection, or change. */
	if (!dev)
		return;
	dev->here = true;
	dev->trying = false;
	dev->rest = 0;
	dev->wish = ev->wish;
	dev->front = ev->front;
	device_wake(nvd->devices, dev);
}

static void on_device_gone(struct nvd *nvd, struct device_key key)
{
	struct device *dev = device_find(nvd->devices, key);

	if (!dev)
		return;
	dev->here = false;
	device_wake(nvd->devices, dev);
}

/*
 * A mapping that is a device in the book, and the bus told of none: its nodes were
 * removed while nobody looked, or never written. Then the same holds as for
 * those that go before our eyes.
 */
static void recall(struct nvd *nvd, const struct mapping *m)
{
	const struct device_key key = { m->fact.domid, m->fact.device };
	struct device *dev;
	struct dom_info d;

	if (!m->fact.is_device || !m->volume || device_find(nvd->devices, key))
		return;
	/* What is on its way out was told so, or is not worth telling. */
	if (m->fact.state != MAPPING_MAPPED)
		return;
	if (dom_get(nvd->dom, key.domid, &d) || d.dying || !nv_uuid_equal(&d.uuid, &m->fact.handle))
		return;
	/* Without memory it is looked for again at the next connection. */
	dev = device_add(nvd->devices, key);
	if (!dev)
		return;
	dev->wish.uuid = m->fact.volume;
	view_text_set(dev->wish.volume, sizeof(dev->wish.volume), m->volume->fact.name);
	device_wake(nvd->devices, dev);
}

/* @reason: "" if all is well */
static void alarm_bus(struct nvd *nvd, const char *reason)
{
	if (reason[0])
		nvd_alarm(nvd, ALARM_XENSTORE, "guests' devices are not followed: %s", reason);
	else
		nvd_alarm(nvd, ALARM_XENSTORE, NULL);
}

void device_event(struct nvd *nvd, const struct bus_event *ev)
{
	struct device_desk *d = nvd->devices;
	struct mapping *m = NULL;

	switch (ev->type) {
	case BUS_DEVICE:
		on_device(nvd, ev);
		break;
	case BUS_DEVICE_GONE:
		on_device_gone(nvd, ev->key);
		break;
	case BUS_DOMAIN:
	case BUS_DOMAIN_GONE:
		device_changed(nvd, ev->key.domid);
		break;
	case BUS_SYNCED:
		while ((m = ledger_mapping_next(nvd->ledger, m)))
			recall(nvd, m);
		d->synced = true;
		d->lost[0] = '\0';
		alarm_bus(nvd, "");
		break;
	case BUS_LOST:
		d->synced = false;
		view_text_set(d->lost, sizeof(d->lost), ev->reason);
		alarm_bus(nvd, ev->reason);
		break;
	case BUS_HANGS:
		alarm_bus(nvd, ev->reason);
		break;
	case BUS_ANSWERS:
		alarm_bus(nvd, d->lost);
		break;
	}
}

/* ---- what every flow needs ---- */

void device_tell(struct nvd *nvd, struct device *dev)
{
	/* Without memory it is told with the next change of it. */
	(void)bus_report(nvd->bus, dev->key, &dev->report);
	dev->wish.state = dev->report.state;
	guest_changed(nvd, dev->key.domid);
}

struct mapping *device_mapping(struct nvd *nvd, const struct device *dev, const struct dom_info *d)
{
	struct volume *v = ledger_volume_by_uuid(nvd->ledger, &dev->report.uuid);

	/* Named when it was mapped, by this life or an earlier one; since then it may be called otherwise. */
	if (!v || !v->mapping)
		v = ledger_volume_by_uuid(nvd->ledger, &dev->wish.uuid);
	if ((!v || !v->mapping) && ledger_volume_find(nvd->ledger, dev->wish.volume, NULL, &v))
		return NULL;
	if (!v->mapping || v->mapping->fact.domid != dev->key.domid ||
	    !nv_uuid_equal(&v->mapping->fact.handle, &d->uuid))
		return NULL;
	return v->mapping;
}

const char *device_print(struct nvd *nvd, const struct device *dev, char *buf, size_t len)
{
	char dom[DOMAIN_PRINT];
	struct dom_info d;

	if (dom_get(nvd->dom, dev->key.domid, &d))
		d.name[0] = '\0';
	snprintf(buf, len, "device %u of %s", dev->key.devid,
		 domain_print(dev->key.domid, d.name, dom, sizeof(dom)));
	return buf;
}

int device_alarms(struct nvd *nvd, struct view_status *ret)
{
	struct hash_node *n = NULL;
	const struct device *dev;
	struct view_alarm *to;
	char name[DEVICE_PRINT];
	size_t nr = 0;

	while (nvd->devices && nr < ALARMS && (n = hash_each(&nvd->devices->devices, n))) {
		dev = nv_container_of(n, struct device, by_key);
		if (dev->report.state != DEVICE_CLOSED || !dev->report.error[0])
			continue;
		to = view_status_add_alarm(ret);
		if (!to)
			return -ENOMEM;
		snprintf(to->text, sizeof(to->text), "%s: %.320s", device_print(nvd, dev, name, sizeof(name)),
			 dev->report.error);
		nr++;
	}
	return 0;
}

int device_want(struct nvd *nvd, struct device_key key, const struct device_wish *wish)
{
	struct device *dev;
	int r;

	if (!nvd->bus || !nvd->devices)
		return -ENOTCONN;
	dev = device_find(nvd->devices, key);
	if (dev)
		return 0;
	dev = device_add(nvd->devices, key);
	if (!dev)
		return -ENOMEM;
	dev->here = true;
	dev->wish = *wish;
	dev->wish.state = DEVICE_INITIALISING;
	dev->wish.online = true;
	r = bus_attach(nvd->bus, key, &dev->wish);
	if (r) {
		device_del(nvd->devices, dev);
		return r;
	}
	device_wake(nvd->devices, dev);
	return 0;
}
