/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz-nvdimm-op.c - any bytes as hypercalls, one after the other: nothing is
 * read or written out of bounds, and what must hold goes on to hold.
 *
 * Each call is a byte that chooses the command, a byte that chooses a domain,
 * a length in units of 8, and that many bytes; where a number should be a
 * frame of this small host it is made one.
 */
#include "tests/lib/fakexen.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fx_host host;

/* Near enough to the truth that calls get past the first check. */
static uint64_t near(uint64_t n)
{
	return n >> 56 ? n : FX_BASE + (n & 0xffff) % (FX_FRAMES + 8);
}

static void lead(uint32_t cmd, uint64_t *a, size_t words,
		 const struct domain *d)
{
	struct xen_nvdimm_map *m = (void *)a;
	struct xen_nvdimm_hold *h = (void *)a;

	if (cmd == XEN_NVDIMM_map && words == sizeof(*m) / 8) {
		m->domid = d->domid;
		memcpy(m->handle, d->handle, 16);
		m->mfn = near(m->mfn);
		m->gfn %= FX_GFNS + 8;
		m->nr %= FX_FRAMES + 8;
		m->flags &= 7;
	} else if (cmd == XEN_NVDIMM_hold && words == sizeof(*h) / 8) {
		h->domid = d->domid;
		memcpy(h->handle, d->handle, 16);
	} else if ((cmd == XEN_NVDIMM_set_broken ||
		    cmd == XEN_NVDIMM_clear_broken) && words > 6) {
		a[5] = near(a[5]);
	} else if (words && (cmd == XEN_NVDIMM_register ||
			     cmd == XEN_NVDIMM_unregister ||
			     cmd == XEN_NVDIMM_arm ||
			     cmd == XEN_NVDIMM_scrub)) {
		a[0] = near(a[0]);
	}
}

static void extra(uint32_t what, struct domain *d, uint64_t n)
{
	struct nvdimm_mce_report rep = {
		.status = 0xbd000000000000c0ull, .spa = near(n) << 12,
		.misc = 0x80 | (n & 31), .mcg = 5,
	};

	switch (what % 6) {
	case 0:
		nvdimm_core_mce(host.core, &rep);
		break;
	case 1:
		fx_domain_access(d, 0, n % FX_GFNS);
		break;
	case 2:
		fx_domain_kill(d);
		fx_domain_new(&host, (unsigned int)(d - host.domain));
		break;
	case 3:
		host.now_ns += n % 20000000000ull;
		nvdimm_core_timer(host.core);
		break;
	case 4:
		d->mcip = false;
		nvdimm_core_vmce_ready(host.core, d);
		break;
	default:
		host.fail_p2m = (unsigned int)(n % 16);
		host.fail_alloc = (unsigned int)(n / 16 % 16);
	}
}

/* One call. Return: how many bytes it took, 0 at the end. */
static size_t one(const uint8_t *data, size_t size)
{
	uint32_t cmd, len, more = 0;
	struct domain *d;
	uint64_t *arg;
	const char *why;

	if (size < 3)
		return 0;
	cmd = data[0] % 24;
	d = &host.domain[data[1] % FX_DOMAINS];
	len = data[2] * 8u;
	if (len > size - 3)
		len = (uint32_t)(size - 3) & ~7u;
	arg = malloc(len ? len : 1);
	if (!arg)
		abort();
	memcpy(arg, data + 3, len);
	if (cmd < 18) {
		lead(cmd, arg, len / 8, d);
		while (nvdimm_core_op(host.core, cmd, arg, len) ==
		       XEN_NVDIMM_MORE && ++more < 64)
			;
	} else {
		extra(cmd, d, len ? arg[0] : data[1]);
	}
	free(arg);
	why = nvdimm_core_check(host.core);
	fx_must(!why, "%s", why);
	return 3 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xen_nvdimm_range all = { FX_BASE, FX_FRAMES };
	unsigned int i;
	size_t n;

	fx_init(&host);
	fx_start(&host);
	for (i = 0; i < FX_DOMAINS; i++)
		fx_domain_new(&host, i);
	/* Most of the time there is something to work on. */
	if (size && data[0] & 0x80) {
		nvdimm_core_op(host.core, XEN_NVDIMM_register, &all, sizeof(all));
		nvdimm_core_op(host.core, XEN_NVDIMM_arm, &all, sizeof(all));
	}
	for (; (n = one(data, size)); data += n, size -= n)
		;
	host.fail_alloc = host.fail_p2m = 0;
	for (i = 0; i < FX_DOMAINS; i++)
		fx_domain_kill(&host.domain[i]);
	fx_deinit(&host);
	return 0;
}
