/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/world.c - the daemon's flows over ports in memory.
 */
#include "tests/lib/world.h"

#include <stdio.h>
#include <string.h>

#include "ops/op_device.h"
#include "ops/op_guest.h"

/* More steps than any flow here takes: what goes on longer never ends. */
#define STEPS 10000

static struct world *clock_world(struct clock *c)
{
	return nv_container_of(c, struct world, clock);
}

static uint64_t world_mono(struct clock *c)
{
	return ++clock_world(c)->ticks;
}

static void world_new_uuid(struct clock *c, struct nv_uuid *ret)
{
	uint64_t n = ++clock_world(c)->ticks;

	*ret = (struct nv_uuid){ { 0xee } };
	memcpy(ret->b + 8, &n, sizeof(n));
}

static const struct clock_ops world_clock = { .mono_ns = world_mono, .wall_us = world_mono, .uuid = world_new_uuid };

static void must(int r)
{
	if (r) {
		fprintf(stderr, "the test's own ports: %d\n", r);
		abort();
	}
}

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	must(hv_mem_new(&w->hv));
	must(store_mem_new(&w->store));
	must(topo_mem_new(WORLD_MFN, WORLD_NR, &w->topo));
	must(dom_mem_new(&w->dom));
	w->clock.ops = &world_clock;
	faulty_init(&w->faulty, w->hv, w->store, w->topo);
}

void world_deinit(struct world *w)
{
	world_end(w);
	hv_freep(&w->hv);
	store_freep(&w->store);
	topo_port_freep(&w->topo);
	dom_freep(&w->dom);
	bus_freep(&w->bus);
}

void world_with_bus(struct world *w)
{
	must(bus_mem_new(&w->bus));
}

static void world_settings(struct settings *s)
{
	*s = (struct settings){
		.alignment = 2 << 20,
		.large_volume = 1 << 30,
		.large_alignment = 1 << 30,
		.address_bits = 46,
		.deadline_ms = 10000,
		.first_touch = SETTINGS_VMCE,
		.next_touch = SETTINGS_KILL,
		.page_limit = { 1000, 1000 },
		.unmap_timeout_ms = 1,
	};
}

int world_boot(struct world *w)
{
	int r;

	world_end(w);
	faulty_revive(&w->faulty);
	w->nvd = (struct nvd){
		.hv = &w->faulty.hv,
		.store = &w->faulty.store,
		.topo = &w->faulty.topo,
		.dom = w->dom,
		.clock = &w->clock,
	};
	world_settings(&w->nvd.set);
	if (w->rules)
		w->rules(&w->nvd.set);
	if (w->bus) {
		w->nvd.bus = w->bus;
		must(device_desk_new(&w->nvd.devices));
		must(guest_desk_new(&w->nvd.guests));
		bus_mem_reconnect(w->bus);
	}
	must(ledger_new(&w->nvd.ledger));
	must(fault_desk_new(&w->nvd.set, &w->nvd.desk));
	w->alive = true;
	r = op_boot(&w->nvd, &w->why);
	if (r)
		world_end(w);
	return r;
}

void world_end(struct world *w)
{
	if (!w->alive)
		return;
	fault_desk_free(w->nvd.desk);
	guest_desk_free(w->nvd.guests);
	device_desk_free(w->nvd.devices);
	ledger_free(w->nvd.ledger);
	topo_free(w->nvd.topology);
	memset(&w->nvd, 0, sizeof(w->nvd));
	w->alive = false;
}

int world_run(struct world *w, struct op *op)
{
	int r, i;

	for (i = 0; i < STEPS; i++) {
		r = op_step(op, &w->why);
		if (r != OP_MORE) {
			op_free(op);
			return r;
		}
	}
	fprintf(stderr, "the flow %s does not end\n", op->ops->name);
	abort();
}

int world_faults(struct world *w)
{
	int r, i;

	for (i = 0; i < STEPS; i++) {
		r = op_fault_step(&w->nvd, &w->why);
		if (r != OP_MORE)
			return r;
	}
	fprintf(stderr, "the events do not end\n");
	abort();
}

static bool take_events(struct world *w)
{
	struct bus_event ev;
	bool any = false;

	while (!bus_next(w->bus, &ev)) {
		device_event(&w->nvd, &ev);
		any = true;
	}
	return any;
}

int world_run_waiting(struct world *w, struct op *op)
{
	int r, i;

	for (i = 0; i < STEPS; i++) {
		r = op_step(op, &w->why);
		if (r != OP_MORE) {
			op_free(op);
			return r;
		}
		/* Nobody says anything: time goes by. */
		if (op->waits && !take_events(w))
			w->ticks += 1000000;
	}
	fprintf(stderr, "the flow %s does not end\n", op->ops->name);
	abort();
}

int world_devices(struct world *w)
{
	struct op *op;
	int i, n = 0;

	for (i = 0; i < STEPS; i++) {
		take_events(w);
		if (!device_waits(&w->nvd))
			return n;
		must(op_device_begin(&w->nvd, &w->why, &op));
		if (!op)
			continue;
		n++;
		world_run_waiting(w, op);
	}
	fprintf(stderr, "the devices do not come to rest\n");
	abort();
}

int world_settle(struct world *w)
{
	struct op *op;
	int r, i;

	r = world_faults(w);
	for (i = 0; i < STEPS && !r; i++) {
		r = op_leftover_begin(&w->nvd, &w->why, &op);
		if (r || !op)
			return r;
		r = world_run(w, op);
	}
	return r;
}

struct nv_uuid world_uuid(uint32_t domid)
{
	return (struct nv_uuid){ { 0xd0, [15] = (uint8_t)domid } };
}

void world_domain(struct world *w, uint32_t domid, bool alive)
{
	struct dom_info d = {
		.domid = domid,
		.uuid = world_uuid(domid),
		.type = DOM_PVH,
		.hap = true,
		.address_bits = 46,
	};

	hv_mem_domain(w->hv, domid, &d.uuid, alive);
	snprintf(d.name, sizeof(d.name), "g%u", domid);
	if (alive)
		dom_mem_put(w->dom, &d);
	else
		dom_mem_del(w->dom, domid);
}

bool world_is_held(struct world *w, uint32_t domid)
{
	struct hv_record rec[HV_LIST_MAX];
	uint32_t nr = HV_LIST_MAX, i;
	uint64_t cursor = 0;

	must(hv_list(w->hv, HV_LIST_HOLDS, &cursor, rec, &nr));
	for (i = 0; i < nr; i++)
		if (rec[i].domid == domid)
			return true;
	return false;
}
