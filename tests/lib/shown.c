/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/shown.c - a made-up host, as the daemon would show it.
 */
#include "tests/lib/shown.h"

#include <string.h>

#include "codec/wire.h"
#include "tests/lib/cm.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define SPA 0x140000000ull
#define EVIL "evil\033]0;pwned\007\xc2\x9b" "31m\xe2\x80\xae\xff"

static void fill_pool(struct view_pool *p, const char *name, uint64_t spa,
		      const char *map)
{
	*p = (struct view_pool){
		.state = VIEW_POOL_ONLINE,
		.spa = spa,
		.size = 4 * GIB,
		.free = 1536 * MIB,
		.largest_free = GIB,
		.allocated = 2560 * MIB,
		.mapped = 2 * GIB,
		.bad = 8192,
		.volumes = 3,
		.numa_node = 0,
	};
	view_text_set(p->name, sizeof(p->name), name);
	strcpy(p->uuid, "0f5e9b3a-7d55-4a53-8f5c-d2a1c1b0e6aa");
	strcpy(p->device, "namespace0.0");
	strcpy(p->region, "region0");
	strcpy(p->persistence_domain, "memory_controller");
	view_text_set(p->map, sizeof(p->map), map);
}

static void fill_mapping(struct view_mapping *m, const char *volume,
			 const char *domain, uint32_t domid)
{
	*m = (struct view_mapping){
		.domid = domid,
		.spa = SPA,
		.gpa = 0x3fc0000000ull,
		.size = 2 * GIB,
		.state = VIEW_MAPPING_MAPPED,
	};
	view_text_set(m->volume, sizeof(m->volume), volume);
	strcpy(m->pool, "fast");
	view_text_set(m->domain, sizeof(m->domain), domain);
	strcpy(m->domain_uuid, "5b1d0c1e-1111-4222-8333-444455556666");
	assert_int_equal(view_mapping_add_id(m, 0x1f), 0);
}

static void fill_volume(struct view_volume *v, const char *name,
			const char *owner)
{
	struct view_extent *e;

	*v = (struct view_volume){
		.size = 2 * GIB + 512 * MIB,
		.align = 2 * MIB,
		.bad = 4096,
		.created = 1795348800000000ull,
	};
	view_text_set(v->name, sizeof(v->name), name);
	strcpy(v->uuid, "3e1d0c1e-aaaa-4bbb-8ccc-ddddeeeeffff");
	strcpy(v->pool, "fast");
	view_text_set(v->owner, sizeof(v->owner), owner);
	e = view_volume_add_extent(v);
	*e = (struct view_extent){ 0, SPA, 2 * GIB, 4096 };
	e = view_volume_add_extent(v);
	*e = (struct view_extent){ 3 * GIB, SPA + 3 * GIB, 512 * MIB, 0 };
}

static void fill_event(struct view_event *e, uint64_t id, enum view_severity s,
		       const char *text)
{
	*e = (struct view_event){
		.id = id,
		.time = 1795348800000000ull + id * 61000000,
		.severity = s,
	};
	strcpy(e->kind, "fault");
	view_text_set(e->text, sizeof(e->text), text);
}

void make_status(void *reply)
{
	struct view_status *s = &((struct wire_status *)reply)->status;
	struct view_pool *p;
	struct view_hold *h;

	s->api = 1;
	strcpy(s->version, "0.1.0");
	s->started = 1795348800000000ull;
	s->state = VIEW_DAEMON_DEGRADED;
	strcpy(s->text, "2 pools, 1 missing; 2 mappings");
	view_text_set(view_status_add_alarm(s)->text, VIEW_TEXT,
		      "the pool slow is missing: no namespace has its UUID");
	s->hypervisor = (struct view_hypervisor){
		.transport = "xen", .boot_id = 0xfeedfacecafebeefull,
		.abi = 1, .regions = 2, .max_extents = 4096, .extents = 3,
		.deadline_ms = 10000,
	};
	fill_pool(view_pools_add(&s->pools), "fast", SPA,
		  "mmmmmmmmmmmmmmmmmmmmmmmmmmmmbmmmvvvvvvvvfffffffffffffffffffffff");
	p = view_pools_add(&s->pools);
	fill_pool(p, "slow", SPA + 4 * GIB, "");
	p->state = VIEW_POOL_MISSING;
	strcpy(p->reason, "no namespace has the UUID 0f5e9b3a-7d55-4a53-8f5c-d2a1c1b0e6aa");
	p->free = p->mapped = p->bad = 0;
	fill_mapping(view_mappings_add(&s->mappings), "db", "web1", 3);
	fill_mapping(view_mappings_add(&s->mappings), "", EVIL, 17);
	h = view_status_add_hold(s);
	h->domid = 3;
	strcpy(h->domain, "web1");
	h->fault = true;
}

void make_status_empty(void *reply)
{
	struct view_status *s = &((struct wire_status *)reply)->status;

	s->api = 1;
	strcpy(s->version, "0.1.0");
	s->started = 1795348800000000ull;
	s->state = VIEW_DAEMON_RUNNING;
	s->hypervisor.simulated = true;
	s->hypervisor.max_extents = 4096;
	s->hypervisor.deadline_ms = 10000;
}

void make_pools(void *reply)
{
	struct wire_pools *p = reply;
	struct view_candidate *c;

	fill_pool(view_pools_add(&p->pools), "fast", SPA, "mmmmvvvvffffb");
	p->pools.v[0].numa_node = -1;
	c = view_candidates_add(&p->candidates);
	*c = (struct view_candidate){ .spa = SPA + 4 * GIB, .size = 2 * GIB,
				      .usable = true };
	strcpy(c->device, "namespace1.0");
	strcpy(c->mode, "raw");
	strcpy(c->region, "region1");
	c = view_candidates_add(&p->candidates);
	*c = (struct view_candidate){ .spa = SPA + 6 * GIB, .size = 2 * GIB,
				      .bad = 4096 };
	strcpy(c->device, "namespace1.1");
	strcpy(c->mode, "fsdax");
	strcpy(c->region, "region1");
	strcpy(c->reason, "/dev/pmem1.1 is mounted on /srv/data");
}

void make_volumes(void *reply)
{
	struct view_volumes *v = &((struct wire_volumes *)reply)->volumes;
	struct view_volume *one;

	fill_volume(view_volumes_add(v), "zz-last", "");
	one = view_volumes_add(v);
	fill_volume(one, "db", "uuid:5b1d0c1e-1111-4222-8333-444455556666");
	one->has_mapping = true;
	fill_mapping(&one->mapping, "db", "web1", 3);
	one = view_volumes_add(v);
	fill_volume(one, "a-volume-whose-name-is-as-long-as-the-rule-allows-it-to-be-ok1", "name:b\xc3\xa4r");
	one->state = VIEW_VOLUME_DELETING;
	one->bad = 0;
}

void make_nothing(void *reply)
{
}

void make_volume(void *reply)
{
	struct view_volume *v = &((struct wire_volume *)reply)->volume;

	fill_volume(v, "db", "name:web1");
	v->has_mapping = true;
	fill_mapping(&v->mapping, "db", "web1", 3);
}

void make_mapped(void *reply)
{
	struct wire_mapping_done *m = reply;

	m->finished = m->has_mapping = true;
	fill_mapping(&m->mapping, "db", EVIL, 3);
	m->mapping.bad = 4096;
}

void make_created(void *reply)
{
	struct wire_volume_done *v = reply;

	v->finished = v->has_volume = true;
	fill_volume(&v->volume, "db", "name:web1");
}

static void fill_guest(struct view_guest_device *g, const char *guest,
		       uint32_t device, const char *volume)
{
	*g = (struct view_guest_device){ .device = device, .size = 2 * GIB };
	view_text_set(g->guest, sizeof(g->guest), guest);
	view_text_set(g->volume, sizeof(g->volume), volume);
}

void make_guests(void *reply)
{
	struct view_guests *g = &((struct wire_guests *)reply)->devices;
	struct view_guest_device *one;

	fill_guest(view_guests_add(g), "name:" EVIL, 0, "zz-last");
	one = view_guests_add(g);
	fill_guest(one, "name:web1", 0, "db");
	one->state = VIEW_GUEST_MAPPED;
	one->has_domid = true;
	one->domid = 3;
	one = view_guests_add(g);
	fill_guest(one, "name:web1", 1, "log");
	one->has_gpa = true;
	one->gpa = 0x3fc0000000ull;
	one->if_missing = VIEW_IF_MISSING_RUN;
	one->state = VIEW_GUEST_REFUSED;
	one->has_domid = true;
	one->domid = 3;
	strcpy(one->reason, "the volume log is in domain 2, web2 already");
	one = view_guests_add(g);
	fill_guest(one, "uuid:5b1d0c1e-1111-4222-8333-444455556666", 63, "db");
	one->state = VIEW_GUEST_WAITING;
	one->has_domid = true;
	one->domid = 32751;
}

void make_guest_hvm(void *reply)
{
	struct view_guest *g = &((struct wire_guest *)reply)->guest;
	struct view_guest_device *one = view_guests_add(&g->devices);

	strcpy(g->guest, "name:web1");
	fill_guest(one, "name:web1", 0, "db");
	one->has_gpa = true;
	one->gpa = 0x3fffc0000000ull;
	strcpy(g->acpi_firmware, "/var/lib/nvdimmd/guests/web1.acpi");
}

void make_guest_no_firmware(void *reply)
{
	struct view_guest *g = &((struct wire_guest *)reply)->guest;

	make_guest_hvm(reply);
	g->acpi_firmware[0] = '\0';
	strcpy(g->no_firmware, "device 0 has 4 KiB: an HVM guest can only use multiples of 2 MiB");
}

void make_guest_waits(void *reply)
{
	fill_guest(&((struct wire_guest_device *)reply)->device, "name:web1", 1, "log");
}

void make_guest_has(void *reply)
{
	struct view_guest_device *g = &((struct wire_guest_device *)reply)->device;

	make_guest_waits(reply);
	g->if_missing = VIEW_IF_MISSING_RUN;
	g->state = VIEW_GUEST_MAPPED;
	g->has_domid = true;
	g->domid = 3;
}

void make_events(void *reply)
{
	struct view_events *e = &((struct wire_events *)reply)->events;
	struct view_event *one;

	fill_event(view_events_add(e), 7, VIEW_SEVERITY_INFO, "volume db created");
	one = view_events_add(e);
	fill_event(one, 8, VIEW_SEVERITY_ERROR, "uncorrected memory error in volume db; web1 was told");
	one->has_place = true;
	one->place = (struct view_place){
		.spa = SPA + 0x5000, .size = 4096, .region_offset = 0x5000,
		.volume_offset = 0x5000, .in_domain = true, .domid = 3,
		.gpa = 0x3fc0005000ull,
	};
	strcpy(one->place.region, "region0");
	strcpy(one->place.pool, "fast");
	strcpy(one->place.volume, "db");
	strcpy(one->place.domain, "web1");
	strcpy(one->status, "0xbd000000000000c0");
	strcpy(one->action, "vmce");
	strcpy(one->next, "nvctl why db+0x5000");
	fill_event(view_events_add(e), 9, VIEW_SEVERITY_ALARM, "line one\nline two " EVIL);
	e->more = true;
}

void make_why(void *reply)
{
	struct wire_events all = {};
	struct view_why *w = reply;

	make_events(&all);
	w->place = all.events.v[1].place;
	w->bad = 4096;
	w->state = VIEW_PLACE_MAPPED;
	strcpy(w->next, "nvctl repair db");
	w->events = all.events;
}
