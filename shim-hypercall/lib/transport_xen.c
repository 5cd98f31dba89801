/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transport_xen.c - the real hypercall, through Xen's stable libraries.
 */
#include "transport.h"

#include <fcntl.h>
#include <string.h>

#include <xencall.h>
#include <xenevtchn.h>

#include "base/macros.h"
#include "public/nvdimm.h"

struct transport_xen {
	xencall_handle *call;
	void *buffer; /* XEN_NVDIMM_MAX_ARG bytes that the hypervisor can reach */
	xenevtchn_handle *evtchn; /* NULL before listen() */
};

static void xen_close(void *t)
{
	struct transport_xen *x = t;

	if (x->evtchn)
		xenevtchn_close(x->evtchn);
	if (x->buffer)
		xencall_free_buffer(x->call, x->buffer);
	if (x->call)
		xencall_close(x->call);
	free(x);
}

static void xen_closep(struct transport_xen **x)
{
	if (*x)
		xen_close(*x);
}

static int xen_open(const char *rest, void **ret)
{
	nv_cleanup(xen_closep) struct transport_xen *x = NULL;

	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	errno = 0;
	x->call = xencall_open(NULL, 0);
	if (!x->call)
		return errno ? -errno : -ENODEV;
	errno = 0;
	x->buffer = xencall_alloc_buffer(x->call, XEN_NVDIMM_MAX_ARG);
	if (!x->buffer)
		return errno ? -errno : -ENOMEM;
	*ret = nv_steal(&x);
	return 0;
}

static long xen_op(void *t, uint32_t cmd, void *arg, uint32_t len)
{
	struct transport_xen *x = t;
	int r, saved;

	memcpy(x->buffer, arg, len);
	r = xencall3(x->call, __HYPERVISOR_nvdimm_op, cmd,
		     (uint64_t)(uintptr_t)x->buffer, len);
	saved = errno;
	memcpy(arg, x->buffer, len);
	/* The kernel turns a hypercall's error into -1 and errno. */
	return r < 0 ? -saved : r;
}

static int xen_listen(void *t, uint32_t virq)
{
	struct transport_xen *x = t;
	xenevtchn_handle *e;
	int fd, flags, r;

	errno = 0;
	e = xenevtchn_open(NULL, 0);
	if (!e)
		return errno ? -errno : -ENODEV;
	fd = xenevtchn_fd(e);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    xenevtchn_bind_virq(e, virq) < 0) {
		r = -errno;
		xenevtchn_close(e);
		return r;
	}
	x->evtchn = e;
	return 0;
}

static int xen_fd(const void *t)
{
	const struct transport_xen *x = t;

	return x->evtchn ? xenevtchn_fd(x->evtchn) : -1;
}

static int xen_event_clear(void *t)
{
	struct transport_xen *x = t;
	xenevtchn_port_or_error_t port;

	port = xenevtchn_pending(x->evtchn);
	if (port < 0)
		return errno == EAGAIN ? 0 : -errno;
	/* A port is masked when it is delivered; only then may it come again. */
	if (xenevtchn_unmask(x->evtchn, (evtchn_port_t)port) < 0)
		return -errno;
	return 1;
}

const struct nvshim_transport nvshim_transport_xen = {
	.prefix = "xen",
	.open = xen_open,
	.close = xen_close,
	.op = xen_op,
	.listen = xen_listen,
	.fd = xen_fd,
	.event_clear = xen_event_clear,
};
