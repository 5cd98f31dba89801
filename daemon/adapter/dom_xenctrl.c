/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/dom_xenctrl.c - Xen's domains, through libxenctrl.
 *
 * Its ABI changes with every Xen, so this file is all that uses it, and
 * xc_domain_getinfolist(), which all supported versions have, all it uses.
 */
#include "adapter/dom_xenctrl.h"

#include <cpuid.h>
#include <string.h>
#include <xenctrl.h>

struct dom_xenctrl {
	struct dom dom;
	xc_interface *xc;
	dom_xenctrl_name *name;
	void *ctx;
};

static struct dom_xenctrl *dom_xenctrl(struct dom *dom)
{
	return nv_container_of(dom, struct dom_xenctrl, dom);
}

/*
 * CPUID 0x80000008, EAX[7:0] (AMD64 APM volume 3, E.4.7; Intel SDM volume 2A,
 * CPUID): what a guest is given is at most what the processor has.
 */
static uint32_t processor_address_bits(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid(0x80000008, &a, &b, &c, &d) || (a & 0xff) < 32)
		return 36;
	return a & 0xff;
}

static void xc_info(const struct dom_xenctrl *x, const xc_domaininfo_t *in, struct dom_info *ret)
{
	*ret = (struct dom_info){
		.domid = in->domain,
		.type = in->flags & XEN_DOMINF_hvm_guest ? DOM_HVM : DOM_PV,
		.hap = in->flags & XEN_DOMINF_hap,
		.dying = in->flags & XEN_DOMINF_dying,
		.has_run = in->cpu_time,
		.address_bits = x->dom.address_bits,
	};
	memcpy(ret->uuid.b, in->handle, sizeof(ret->uuid.b));
	if (x->name)
		x->name(x->ctx, in->domain, ret->name, sizeof(ret->name));
}

static int xc_next(struct dom *dom, uint32_t from, struct dom_info *ret)
{
	const struct dom_xenctrl *x = dom_xenctrl(dom);
	xc_domaininfo_t info;
	int n;

	n = xc_domain_getinfolist(x->xc, from, 1, &info);
	if (n < 0)
		return errno ? -errno : -EIO;
	if (!n)
		return -ESRCH;
	xc_info(x, &info, ret);
	return 0;
}

static int xc_get(struct dom *dom, uint32_t domid, struct dom_info *ret)
{
	struct dom_info d;
	int r = xc_next(dom, domid, &d);

	if (r)
		return r;
	if (d.domid != domid)
		return -ESRCH;
	*ret = d;
	return 0;
}

static void xc_free(struct dom *dom)
{
	struct dom_xenctrl *x = dom_xenctrl(dom);

	if (x->xc)
		xc_interface_close(x->xc);
	free(x);
}

static const struct dom_ops xc_ops = { .get = xc_get, .next = xc_next, .free = xc_free };

int dom_xenctrl_open(dom_xenctrl_name *name, void *ctx, struct dom **ret)
{
	struct dom_xenctrl *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return -ENOMEM;
	x->dom.ops = &xc_ops;
	x->name = name;
	x->ctx = ctx;
	x->dom.address_bits = processor_address_bits();
	x->xc = xc_interface_open(NULL, NULL, 0);
	if (!x->xc) {
		r = errno ? -errno : -ENODEV;
		xc_free(&x->dom);
		return r;
	}
	*ret = &x->dom;
	return 0;
}
