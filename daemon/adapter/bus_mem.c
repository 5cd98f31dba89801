/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/bus_mem.c - a xenstore in memory, for tests.
 */
#include "adapter/bus_mem.h"

#include <stdio.h>
#include <string.h>

#define DOMIDS 64

struct slot {
	struct bus_mem_device dev;
	bool news;
	bool known; /* nvdimmd was told that it is there */
	bool untold; /* a report that waits for the connection */
};

struct bus_mem {
	struct bus bus;
	struct slot slots[BUS_MEM_DEVICES];
	size_t nr;
	bool domain[DOMIDS], domain_news[DOMIDS];
	uint32_t faults[DOMIDS];
	bool down, lost, syncing;
	bool hangs, hangs_known, hangs_news;
};

static struct bus_mem *bus_mem(struct bus *bus)
{
	return nv_container_of(bus, struct bus_mem, bus);
}

static struct slot *slot_find(struct bus_mem *m, struct device_key key, bool make)
{
	size_t i;

	for (i = 0; i < m->nr; i++)
		if (device_key_equal(m->slots[i].dev.key, key))
			return &m->slots[i];
	if (!make || m->nr == BUS_MEM_DEVICES)
		return NULL;
	m->slots[m->nr].dev.key = key;
	return &m->slots[m->nr++];
}

static int mem_fd(struct bus *bus)
{
	return -1;
}

static bool next_domain(struct bus_mem *m, struct bus_event *ret)
{
	uint32_t i;

	for (i = 0; i < DOMIDS; i++) {
		if (!m->domain_news[i])
			continue;
		m->domain_news[i] = false;
		*ret = (struct bus_event){ .type = m->domain[i] ? BUS_DOMAIN : BUS_DOMAIN_GONE, .key = { i, 0 } };
		return true;
	}
	return false;
}

static bool next_device(struct bus_mem *m, struct bus_event *ret)
{
	struct slot *s;
	size_t i;

	for (i = 0; i < m->nr; i++) {
		s = &m->slots[i];
		if (!s->news)
			continue;
		s->news = false;
		if (!s->dev.here && !s->known)
			continue;
		s->known = s->dev.here;
		*ret = (struct bus_event){
			.type = s->dev.here ? BUS_DEVICE : BUS_DEVICE_GONE,
			.key = s->dev.key,
			.wish = s->dev.wish,
			.front = s->dev.front,
		};
		return true;
	}
	return false;
}

static int mem_next(struct bus *bus, struct bus_event *ret)
{
	struct bus_mem *m = bus_mem(bus);

	if (m->lost) {
		m->lost = false;
		*ret = (struct bus_event){ .type = BUS_LOST, .reason = "the connection broke" };
		return 0;
	}
	if (m->hangs_news) {
		m->hangs_news = false;
		*ret = (struct bus_event){ .type = m->hangs_known ? BUS_HANGS : BUS_ANSWERS };
		snprintf(ret->reason, sizeof(ret->reason), "%s", m->hangs_known ? "it does not answer" : "");
		return 0;
	}
	if (m->down)
		return -EAGAIN;
	if (next_domain(m, ret) || next_device(m, ret))
		return 0;
	if (!m->syncing)
		return -EAGAIN;
	m->syncing = false;
	*ret = (struct bus_event){ .type = BUS_SYNCED };
	return 0;
}

static void mem_look(struct bus *bus)
{
	struct bus_mem *m = bus_mem(bus);

	m->hangs_news = m->hangs_news || m->hangs != m->hangs_known;
	m->hangs_known = m->hangs;
}

static int mem_attach(struct bus *bus, struct device_key key, const struct device_wish *wish)
{
	struct slot *s = slot_find(bus_mem(bus), key, true);

	if (!s)
		return -ENOMEM;
	if (s->dev.here || key.domid >= DOMIDS || !bus_mem(bus)->domain[key.domid])
		return 0;
	s->dev.here = s->news = true;
	s->dev.front = (struct device_front){ .state = DEVICE_INITIALISING };
	s->dev.wish = (struct device_wish){
		.state = DEVICE_INITIALISING,
		.online = true,
		.has_gpa = wish->has_gpa,
		.gpa = wish->gpa,
	};
	snprintf(s->dev.wish.volume, sizeof(s->dev.wish.volume), "%s", wish->volume);
	return 0;
}

/* What is told is read back, as it is from the real one. */
static void slot_write(struct slot *s)
{
	s->untold = false;
	s->dev.front.asked = s->dev.report.ask;
	s->dev.wish.state = s->dev.report.state;
	s->dev.wish.uuid = s->dev.report.uuid;
	s->dev.wish.late = s->dev.report.late;
	s->dev.wish.told_gpa = s->dev.report.gpa;
	memcpy(s->dev.wish.error, s->dev.report.error, sizeof(s->dev.wish.error));
	s->news = true;
}

static int mem_report(struct bus *bus, struct device_key key, const struct device_report *report)
{
	struct slot *s = slot_find(bus_mem(bus), key, true);

	if (!s)
		return -ENOMEM;
	s->dev.told = true;
	s->dev.report = *report;
	s->dev.reports++;
	s->untold = true;
	if (s->dev.here && !bus_mem(bus)->down)
		slot_write(s);
	return 0;
}

static int mem_remove(struct bus *bus, struct device_key key)
{
	struct slot *s = slot_find(bus_mem(bus), key, false);

	if (!s)
		return 0;
	s->dev.removes++;
	s->dev.told = s->untold = false;
	s->news = s->known = false;
	s->dev.here = false;
	return 0;
}

static void mem_fault(struct bus *bus, const struct bus_fault *f)
{
	if (f->domid < DOMIDS)
		bus_mem(bus)->faults[f->domid]++;
}

static void mem_free(struct bus *bus)
{
	free(bus_mem(bus));
}

static const struct bus_ops mem_ops = {
	.fd = mem_fd,
	.next = mem_next,
	.look = mem_look,
	.attach = mem_attach,
	.report = mem_report,
	.remove = mem_remove,
	.fault = mem_fault,
	.free = mem_free,
};

int bus_mem_new(struct bus **ret)
{
	struct bus_mem *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->bus.ops = &mem_ops;
	m->syncing = true;
	*ret = &m->bus;
	return 0;
}

void bus_mem_domain(struct bus *bus, uint32_t domid, bool here)
{
	if (domid >= DOMIDS)
		abort();
	bus_mem(bus)->domain[domid] = here;
	bus_mem(bus)->domain_news[domid] = true;
}

void bus_mem_wish(struct bus *bus, struct device_key key, const struct device_wish *wish)
{
	struct slot *s = slot_find(bus_mem(bus), key, wish != NULL);

	if (!s)
		return;
	s->news = true;
	s->dev.here = wish;
	if (wish)
		s->dev.wish = *wish;
}

void bus_mem_front(struct bus *bus, struct device_key key, const struct device_front *front)
{
	struct slot *s = slot_find(bus_mem(bus), key, false);

	if (!s)
		return;
	s->dev.front = *front;
	s->dev.front.asked = s->dev.told ? s->dev.report.ask : 0;
	s->news = s->news || s->dev.front.asked;
}

void bus_mem_down(struct bus *bus)
{
	bus_mem(bus)->down = bus_mem(bus)->lost = true;
}

void bus_mem_hang(struct bus *bus, bool hangs)
{
	bus_mem(bus)->hangs = hangs;
}

void bus_mem_reconnect(struct bus *bus)
{
	struct bus_mem *m = bus_mem(bus);
	size_t i;

	m->down = false;
	m->syncing = true;
	for (i = 0; i < DOMIDS; i++)
		m->domain_news[i] = m->domain_news[i] || m->domain[i];
	for (i = 0; i < m->nr; i++) {
		m->slots[i].news = true;
		if (m->slots[i].untold && m->slots[i].dev.here)
			slot_write(&m->slots[i]);
	}
}

const struct bus_mem_device *bus_mem_device(struct bus *bus, struct device_key key)
{
	const struct slot *s = slot_find(bus_mem(bus), key, false);

	return s ? &s->dev : NULL;
}

uint32_t bus_mem_faults(struct bus *bus, uint32_t domid)
{
	return domid < DOMIDS ? bus_mem(bus)->faults[domid] : 0;
}
