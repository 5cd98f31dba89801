/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-device.c - any nodes, in any order, from toolstacks and guests, while domains
 * die and the daemon is killed: what is mapped is told, and nothing else is.
 *
 * Each step is a byte that says what, a byte that says which device, and for
 * nodes a byte with a length and so many bytes for each of them.
 */
#include <string.h>

#include "codec/xenbus.h"
#include "ops/op_device.h"
#include "tests/lib/requests.h"

#define DOMAINS 3u
#define DEVICES 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world w;
static uint32_t dead; /* domains, a bit each */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/* 255: no such node; 0 to 4: one of the usual texts; else that many bytes. */
static struct xenbus_value take_value(struct input *in)
{
	static const char *const usual[] = { "1", "0", "v0", "v1", "5" };
	uint8_t n = take(in);
	struct xenbus_value v = { (const char *)in->data, NV_MIN((size_t)n, in->size) };

	if (n == 255)
		return (struct xenbus_value){ NULL, 0 };
	if (n < NV_ARRAY_SIZE(usual))
		return (struct xenbus_value){ usual[n], strlen(usual[n]) };
	in->data += v.len;
	in->size -= v.len;
	return v;
}

static void must(int r)
{
	if (r)
		abort();
}

static void begin(void)
{
	uint32_t i;

	dead = 0;
	world_init(&w);
	world_with_bus(&w);
	must(world_boot(&w));
	must(request_pool(&w, "namespace0.0", "fast"));
	must(request_volume(&w, "v0", 2 << 20));
	must(request_volume(&w, "v1", 2 << 20));
	for (i = 1; i <= DOMAINS; i++) {
		world_domain(&w, i, true);
		bus_mem_domain(w.bus, i, true);
	}
}

static void wish(struct input *in, struct device_key key)
{
	struct xenbus_value v[XENBUS_BACK_NR];
	struct device_wish wanted;
	size_t i;

	for (i = 0; i < XENBUS_BACK_NR; i++)
		v[i] = take_value(in);
	xenbus_wish(v, &wanted);
	if (strnlen(wanted.volume, sizeof(wanted.volume)) == sizeof(wanted.volume))
		abort();
	bus_mem_wish(w.bus, key, &wanted);
}

static void front(struct input *in, struct device_key key)
{
	struct xenbus_value v[XENBUS_FRONT_NR];
	struct device_front f;
	size_t i;

	for (i = 0; i < XENBUS_FRONT_NR; i++)
		v[i] = take_value(in);
	xenbus_front(v, &f);
	bus_mem_front(w.bus, key, &f);
}

static void step(struct input *in)
{
	uint8_t what = take(in), which = take(in);
	struct device_key key = { 1 + which % DOMAINS, which / DOMAINS % DEVICES };

	switch (what % 8) {
	case 0:
	case 1:
		wish(in, key);
		break;
	case 2:
		front(in, key);
		break;
	case 3:
		bus_mem_wish(w.bus, key, NULL);
		break;
	case 4:
		/* Once: numbers are not used again. xenstored may be told later, or never. */
		if (!(dead & 1u << key.domid))
			world_domain(&w, key.domid, false);
		dead |= 1u << key.domid;
		bus_mem_domain(w.bus, key.domid, which & 0x80);
		break;
	case 5:
		which & 0x80 ? bus_mem_down(w.bus) : bus_mem_reconnect(w.bus);
		break;
	case 6:
		must(world_boot(&w));
		break;
	default:
		world_devices(&w);
		break;
	}
}

/* What is told is what is. */
static void check_device(struct device_key key)
{
	const struct bus_mem_device *d = bus_mem_device(w.bus, key);
	struct volume *v;

	if (!d || !d->here || d->wish.state != DEVICE_CONNECTED)
		return;
	v = ledger_volume_by_uuid(w.nvd.ledger, &d->report.uuid);
	if (!d->told || !v || !v->mapping || v->mapping->fact.domid != key.domid)
		abort();
}

static void end(void)
{
	struct device_key key;

	bus_mem_reconnect(w.bus);
	must(world_settle(&w));
	world_devices(&w);
	must(ledger_check(w.nvd.ledger, &w.why));
	for (key.domid = 1; key.domid <= DOMAINS; key.domid++)
		for (key.devid = 0; key.devid < DEVICES; key.devid++)
			check_device(key);
	world_deinit(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, NV_MIN(size, (size_t)2048) };

	begin();
	while (in.size)
		step(&in);
	end();
	return 0;
}
