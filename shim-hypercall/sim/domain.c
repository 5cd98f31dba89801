/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domain.c - creating, stopping and taking apart simulated domains, with the
 * part of the toolstack that reacts to their end.
 */
#define _GNU_SOURCE
#include "domain.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "host.h"

/* Where RAM below 4 GiB ends and the PCI hole begins (HVM_BELOW_4G_MMIO_START). */
#define LOW_RAM_END (UINT64_C(0xf0000000) >> 12)
#define HIGH_RAM    (UINT64_C(1) << 20)

int domains_init(struct domains *ds)
{
	*ds = (struct domains){ 0 };
	ds->by_id = calloc(DOMAIN_END, sizeof(*ds->by_id));
	return ds->by_id ? 0 : -ENOMEM;
}

static void domain_free(struct domain *d)
{
	if (d->ram)
		munmap(d->ram, d->ram_frames << 12);
	p2m_free(d->p2m);
	free(d);
}

void domains_deinit(struct host *h)
{
	uint32_t i;

	for (i = 0; i < h->domains.end; i++)
		if (h->domains.by_id[i])
			domain_free(h->domains.by_id[i]);
	free(h->domains.by_id);
	h->domains = (struct domains){ 0 };
}

struct domain_conf domain_conf_default(void)
{
	return (struct domain_conf){
		.type = DOMAIN_PVH,
		.hap = true,
		.vcpus = 1,
		.address_bits = 46,
		.memory = 256ull << 20,
		.on_poweroff = DOMAIN_DESTROY,
		.on_reboot = DOMAIN_RESTART,
		.on_crash = DOMAIN_DESTROY,
	};
}

static int domid_choose(struct domains *ds, uint32_t wanted)
{
	uint32_t i, id;

	/* The first is Domain-0. */
	if (!ds->next) {
		ds->next = 1;
		return 0;
	}
	if (wanted) {
		if (wanted >= DOMAIN_END)
			return -EINVAL;
		return ds->by_id[wanted] ? -EEXIST : (int)wanted;
	}
	/* As Xen: count on, and after a long time find the gaps. */
	for (i = 0; i < DOMAIN_END; i++) {
		id = ds->next + i < DOMAIN_END ? ds->next + i :
						 ds->next + i - DOMAIN_END + 1;
		if (id && id < DOMAIN_END && !ds->by_id[id]) {
			ds->next = id + 1 < DOMAIN_END ? id + 1 : 1;
			return (int)id;
		}
	}
	return -ENOSPC;
}

static void uuid_make(struct nv_uuid *u)
{
	if (getrandom(u->b, sizeof(u->b), 0) != sizeof(u->b))
		abort();
	u->b[6] = (uint8_t)((u->b[6] & 0x0f) | 0x40);
	u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

/*
 * Machine frames run along with guest frames, the hole included, so that both
 * are aligned alike and RAM comes in pages as large as can be.
 */
static int ram_map(struct domain *d)
{
	uint64_t nr = d->conf.memory >> 12, low = NV_MIN(nr, LOW_RAM_END);
	const uint64_t gib = UINT64_C(1) << 18;
	struct host *h = d->host;
	int r;

	d->ram_frames = nr > low ? HIGH_RAM + nr - low : nr;
	if (HOST_MFN_END - h->guest_ram < d->ram_frames + gib)
		h->guest_ram = HOST_GUEST_RAM;
	d->ram_mfn = h->guest_ram;
	h->guest_ram = nv_align_down(h->guest_ram + d->ram_frames + gib - 1,
				     gib);

	r = p2m_set_range(d->p2m, 0, d->ram_mfn, low, 18, P2M_RAM, false);
	if (r || nr == low)
		return r;
	return p2m_set_range(d->p2m, HIGH_RAM, d->ram_mfn + HIGH_RAM, nr - low,
			     18, P2M_RAM, false);
}

static int conf_check(const struct domain_conf *c)
{
	uint64_t top = c->memory;

	if (!c->vcpus || !c->memory || c->memory > DOMAIN_MEMORY_MAX || !nv_is_aligned(c->memory, 4096) ||
	    c->address_bits < 32 || c->address_bits > 48)
		return -EINVAL;
	if (top > LOW_RAM_END << 12)
		top += (HIGH_RAM - LOW_RAM_END) << 12;
	if (top < c->memory || top > UINT64_C(1) << c->address_bits)
		return -EINVAL;
	return 0;
}

int domain_create(struct host *h, const struct domain_conf *conf,
		  struct domain **ret)
{
	struct domains *ds = &h->domains;
	struct domain *d;
	int id, r;

	r = conf_check(conf);
	if (r)
		return r;
	for (uint32_t i = 0; i < ds->end && *conf->name; i++)
		if (ds->by_id[i] && ds->by_id[i]->life != DOMAIN_DYING &&
		    !strcmp(ds->by_id[i]->conf.name, conf->name))
			return -EEXIST;
	id = domid_choose(ds, conf->domid);
	if (id < 0)
		return id;

	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->conf = *conf;
	d->host = h;
	d->domid = (uint32_t)id;
	d->paused = conf->paused;
	d->ran = !conf->paused;
	if (nv_uuid_is_zero(&d->conf.uuid))
		uuid_make(&d->conf.uuid);
	if (!*d->conf.name)
		snprintf(d->conf.name, sizeof(d->conf.name), "dom%d", id);
	if (conf->type != DOMAIN_PV) {
		r = p2m_new(&d->p2m);
		if (!r)
			r = ram_map(d);
		if (r) {
			domain_free(d);
			return r;
		}
	}
	ds->by_id[id] = d;
	ds->end = NV_MAX(ds->end, d->domid + 1);
	ds->nr++;
	host_domains_changed(h);
	*ret = d;
	return 0;
}

struct domain *domain_find(const struct host *h, uint32_t domid)
{
	return domid < h->domains.end ? h->domains.by_id[domid] : NULL;
}

struct domain *domain_lookup(const struct host *h, const char *text)
{
	struct domain *d, *dying = NULL;
	struct nv_uuid u;
	bool uuid = !nv_uuid_parse(text, &u);
	unsigned long n;
	char *end;
	uint32_t i;

	for (i = 0; i < h->domains.end; i++) {
		d = h->domains.by_id[i];
		if (!d || (strcmp(d->conf.name, text) &&
			   !(uuid && nv_uuid_equal(&u, &d->conf.uuid))))
			continue;
		/* While one dies its successor may have the same name. */
		if (d->life != DOMAIN_DYING)
			return d;
		dying = d;
	}
	if (dying || !*text || *text == '-' || *text == '+')
		return dying;
	errno = 0;
	n = strtoul(text, &end, 10);
	return errno || *end || n >= DOMAIN_END ? NULL :
						  domain_find(h, (uint32_t)n);
}

bool domain_runs(const struct domain *d)
{
	return d->life == DOMAIN_ALIVE && !d->paused && !d->holds;
}

int domain_pause(struct domain *d, bool on)
{
	if (d->life == DOMAIN_DYING)
		return -ESRCH;
	if (d->paused == on)
		return 0;
	d->paused = on;
	d->ran |= domain_runs(d);
	host_domains_changed(d->host);
	host_kick(d->host);
	return 0;
}

int domain_shutdown(struct domain *d, enum domain_reason reason)
{
	if (d->life == DOMAIN_DYING)
		return -ESRCH;
	if (d->life == DOMAIN_SHUTDOWN)
		return -EALREADY;
	d->life = DOMAIN_SHUTDOWN;
	d->stopped = true;
	d->reason = reason;
	host_domains_changed(d->host);
	host_kick(d->host);
	return 0;
}

int domain_destroy(struct domain *d, uint32_t steps)
{
	if (!d->domid)
		return -EPERM;
	if (d->life == DOMAIN_DYING)
		return -EALREADY;
	d->life = DOMAIN_DYING;
	d->steps = steps;
	host_domains_changed(d->host);
	host_kick(d->host);
	return 0;
}

int domain_release(struct domain *d, uint32_t steps)
{
	if (d->life != DOMAIN_DYING)
		return -EINVAL;
	d->steps = steps > DOMAIN_RUN_ALL - d->steps ? DOMAIN_RUN_ALL :
						       d->steps + steps;
	host_kick(d->host);
	return 0;
}

static void toolstack_react(struct domain *d)
{
	enum domain_action a;

	d->reacted = true;
	switch (d->reason) {
	case DOMAIN_REBOOT:
		a = d->conf.on_reboot;
		break;
	case DOMAIN_CRASH:
		a = d->conf.on_crash;
		break;
	case DOMAIN_SUSPEND:
		a = DOMAIN_PRESERVE;
		break;
	default:
		a = d->conf.on_poweroff;
	}
	if (a == DOMAIN_PRESERVE)
		return;
	d->restart = a == DOMAIN_RESTART;
	domain_destroy(d, DOMAIN_RUN_ALL);
}

static void domain_gone(struct domain *d)
{
	struct host *h = d->host;
	struct domain_conf conf = d->conf;
	struct domain *again;
	bool restart = d->restart;

	h->domains.by_id[d->domid] = NULL;
	h->domains.nr--;
	domain_free(d);
	conf.domid = 0;
	conf.paused = false;
	/* No memory for it, or its name was taken meanwhile: it stays away. */
	if (!restart || domain_create(h, &conf, &again))
		host_domains_changed(h);
}

/* As Xen: the p2m goes first, then the extents, some in each step. */
static bool domain_die(struct domain *d)
{
	if (!d->steps)
		return false;
	if (d->steps != DOMAIN_RUN_ALL)
		d->steps--;
	if (d->p2m) {
		d->p2m = p2m_free(d->p2m);
		return d->steps;
	}
	if (nvdimm_core_release(d->host->core, d))
		return d->steps;
	domain_gone(d);
	return false;
}

bool domain_work(struct domain *d)
{
	if (d->life == DOMAIN_DYING)
		return domain_die(d);
	if (d->life == DOMAIN_SHUTDOWN && !d->reacted) {
		toolstack_react(d);
		return d->life == DOMAIN_DYING;
	}
	if (d->mcip && !d->conf.mcip_sticks && domain_runs(d)) {
		domain_mcip_clear(d);
		return d->mcip;
	}
	return false;
}

int domain_occupy(struct domain *d, uint64_t gfn, uint64_t nr)
{
	struct p2m_run run;

	if (!d->p2m)
		return -EOPNOTSUPP;
	if (p2m_next(d->p2m, gfn, &run) && run.gfn < gfn + nr)
		return -EEXIST;
	/* A machine address that is neither RAM nor pmem, as a BAR's is. */
	return p2m_set_range(d->p2m, gfn, HOST_LOW_RAM_END, nr, 0,
			     P2M_MMIO_DIRECT, true);
}

int domain_log_dirty(struct domain *d, bool on)
{
	if (!d->p2m)
		return -EOPNOTSUPP;
	if (on && nvdimm_core_has_extents(d->host->core, d))
		return -EBUSY;
	d->log_dirty = on;
	return 0;
}

void domain_mcip_clear(struct domain *d)
{
	d->mcip = false;
	nvdimm_core_vmce_ready(d->host->core, d);
}

const char *domain_type_name(enum domain_type t)
{
	static const char *const names[] = { "pv", "pvh", "hvm" };

	return names[t];
}

const char *domain_reason_name(enum domain_reason r)
{
	static const char *const names[] = { "poweroff", "reboot", "suspend",
					     "crash" };

	return names[r];
}

const char *domain_action_name(enum domain_action a)
{
	static const char *const names[] = { "destroy", "restart",
					     "preserve" };

	return names[a];
}

const char *domain_state_name(const struct domain *d)
{
	if (d->life == DOMAIN_DYING)
		return "dying";
	if (d->life == DOMAIN_SHUTDOWN)
		return "shutdown";
	if (d->holds)
		return "held";
	return d->paused ? "paused" : "running";
}
