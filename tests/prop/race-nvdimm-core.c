/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * race-nvdimm-core.c - many callers at once, with the real lock order.
 *
 * Two hypercall threads, one that reports machine checks, one whose guest
 * touches frames (it asks under the p2m lock, as the nested page fault does)
 * and one that kills and makes a domain. Meant to be built with
 * -fsanitize=thread, which sees both races and lock order inversions; without
 * it the invariants are checked all the same.
 */
#include "tests/lib/fakexen.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/prop.h"

static struct fx_host host;
static atomic_bool over;
static struct prop begin;

static long op(uint32_t cmd, void *arg, size_t len)
{
	long r;

	do
		r = nvdimm_core_op(host.core, cmd, arg, (uint32_t)len);
	while (r == XEN_NVDIMM_MORE);
	return r;
}

/* Each maps into its own domain; frames are everybody's. */
static void *toolstack(void *arg)
{
	unsigned int k = (unsigned int)(uintptr_t)arg;
	struct domain *d = &host.domain[k];
	struct prop p = { .state = begin.seed + k };
	uint64_t i, done = 0;
	long r;

	for (i = 0; i < begin.ops; i++) {
		struct xen_nvdimm_map m = {
			.domid = d->domid, .flags = XEN_NVDIMM_MAP_SKIP_BROKEN,
			.mfn = FX_BASE + prop_below(&p, 8) * 512,
			.gfn = 512 + prop_below(&p, 8) * 512, .nr = 512,
		};
		struct xen_nvdimm_unmap u;
		struct {
			struct xen_nvdimm_list head;
			struct xen_nvdimm_record rec[4];
		} l = { { prop_below(&p, 4) & 3, 4, 0 }, { { 0 } } };

		memcpy(m.handle, d->handle, 16);
		if (!op(XEN_NVDIMM_map, &m, sizeof(m))) {
			u.map_id = m.map_id;
			r = prop_below(&p, 4) ? op(XEN_NVDIMM_unmap, &u, sizeof(u)) : 0;
			/* Another may have guessed its number and been first. */
			fx_must(!r || r == -ENOENT, "unmap of its own");
			done++;
		} else {
			u.map_id = prop_below(&p, i + 2);
			op(XEN_NVDIMM_unmap, &u, sizeof(u));
		}
		op(XEN_NVDIMM_list, &l, sizeof(l));
	}
	printf("domain %u: mapped %lu times\n", d->domid, (long)done);
	return NULL;
}

static void *hardware(void *arg)
{
	struct prop p = { .state = begin.seed + 10 };

	while (!atomic_load(&over)) {
		struct nvdimm_mce_report rep = {
			.status = 0xbd000000000000c0ull, .misc = 0x8c, .mcg = 5,
			.spa = (FX_BASE + prop_below(&p, FX_FRAMES)) << 12,
		};
		struct {
			struct xen_nvdimm_broken head;
			struct xen_nvdimm_range range;
		} b = { .head.nr = 1,
			.range = { FX_BASE + prop_below(&p, FX_FRAMES), 1 } };

		if (nvdimm_core_covers(host.core, rep.spa >> 12, 1))
			nvdimm_core_mce(host.core, &rep);
		nvdimm_core_owner(host.core, rep.spa >> 12);
		op(XEN_NVDIMM_clear_broken, &b, sizeof(b));
		nv_store(&host.now_ns, nv_load(&host.now_ns) + 1000000);
		nvdimm_core_timer(host.core);
	}
	return NULL;
}

static void *guest(void *arg)
{
	struct domain *d = &host.domain[0];
	struct prop p = { .state = begin.seed + 20 };
	uint64_t held = 0;

	while (!atomic_load(&over)) {
		held += fx_domain_access(d, 0, 512 + prop_below(&p, 4096));
		nvdimm_core_has_extents(host.core, d);
	}
	printf("%lu touches held the guest\n", (long)held);
	return NULL;
}

static void *daemon_(void *arg)
{
	static struct {
		struct xen_nvdimm_events head;
		struct xen_nvdimm_event event[64];
	} e;
	uint64_t ack = 0, n = 0;
	uint32_t i;

	while (!atomic_load(&over)) {
		e.head = (struct xen_nvdimm_events){ .ack_seq = ack, .nr = 64 };
		if (op(XEN_NVDIMM_get_events, &e, sizeof(e)))
			continue;
		for (i = 0; i < e.head.nr; i++) {
			struct xen_nvdimm_resolve r = {
				.seq = e.event[i].seq, .action = 1, .kind = 1,
			};

			op(XEN_NVDIMM_resolve, &r, sizeof(r));
			ack = e.event[i].seq;
			n++;
		}
	}
	printf("%lu events were decided\n", (long)n);
	return NULL;
}

/* A domain that comes and goes; the toolstack's calls for it are in turn. */
static void *reaper(void *arg)
{
	struct domain *d = &host.domain[2];
	struct prop p = { .state = begin.seed + 30 };

	while (!atomic_load(&over)) {
		struct xen_nvdimm_map m = {
			.domid = d->domid, .flags = XEN_NVDIMM_MAP_SKIP_BROKEN,
			.mfn = FX_BASE + prop_below(&p, 8) * 512, .gfn = 1024,
			.nr = 512,
		};

		memcpy(m.handle, d->handle, 16);
		op(XEN_NVDIMM_map, &m, sizeof(m));
		fx_domain_kill(d);
		fx_domain_new(&host, 2);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct xen_nvdimm_range all = { FX_BASE, FX_FRAMES };
	pthread_t t[6];
	const char *why;
	uintptr_t i;

	begin = prop_begin(argc, argv);
	if (argc < 2)
		begin.ops /= 200;
	fx_init(&host);
	fx_start(&host);
	for (i = 0; i < FX_DOMAINS; i++)
		fx_domain_new(&host, (unsigned int)i);
	fx_must(!op(XEN_NVDIMM_register, &all, sizeof(all)) &&
		!op(XEN_NVDIMM_arm, &all, sizeof(all)), "the region");

	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, toolstack, (void *)i);
	pthread_create(&t[2], NULL, hardware, NULL);
	pthread_create(&t[3], NULL, guest, NULL);
	pthread_create(&t[4], NULL, daemon_, NULL);
	pthread_create(&t[5], NULL, reaper, NULL);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	atomic_store(&over, true);
	for (i = 2; i < 6; i++)
		pthread_join(t[i], NULL);

	why = nvdimm_core_check(host.core);
	fx_must(!why, "%s", why);
	for (i = 0; i < FX_DOMAINS; i++)
		fx_domain_kill(&host.domain[i]);
	fx_deinit(&host);
	printf("nothing raced that could be seen\n");
	return 0;
}
