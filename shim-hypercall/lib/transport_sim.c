/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transport_sim.c - nvdimm_op over nvdimm-sim's socket.
 *
 * Two connections: one for operations, one that becomes readable when events
 * wait, as an event channel does.
 */
#include "transport.h"

#include <string.h>

#include "base/macros.h"
#include "nvshim.h"
#include "simsock.h"

struct transport_sim {
	struct simsock op;
	struct simsock note; /* fd -1 before listen() */
	char path[];
};

static void sim_close(void *t)
{
	struct transport_sim *x = t;

	simsock_close(&x->op);
	simsock_close(&x->note);
	free(x);
}

static int sim_open(const char *rest, void **ret)
{
	nv_cleanup(nv_freep) struct transport_sim *x = NULL;
	size_t n = strlen(rest) + 1;
	int r;

	x = calloc(1, sizeof(*x) + n);
	if (!x)
		return -ENOMEM;
	memcpy(x->path, rest, n);
	x->note.fd = -1;
	r = simsock_connect(rest, NVSHIM_TIMEOUT_MS, &x->op);
	if (r)
		return r;
	*ret = nv_steal(&x);
	return 0;
}

static long sim_op(void *t, uint32_t cmd, void *arg, uint32_t len)
{
	struct transport_sim *x = t;
	struct simsock_head h;
	int r;

	r = simsock_call(&x->op, SIMSOCK_OP, cmd, arg, len, arg, len, &h);
	return r ? r : (long)h.result;
}

static int sim_listen(void *t, uint32_t virq)
{
	struct transport_sim *x = t;
	struct simsock s;
	int r;

	r = simsock_connect(x->path, x->op.timeout_ms, &s);
	if (r)
		return r;
	r = simsock_listen(&s, SIMSOCK_LISTEN_VIRQ);
	if (r) {
		simsock_close(&s);
		return r;
	}
	x->note = s;
	return 0;
}

static int sim_fd(const void *t)
{
	const struct transport_sim *x = t;

	return x->note.fd;
}

static int sim_event_clear(void *t)
{
	struct transport_sim *x = t;
	int r = simsock_drain(&x->note);

	return r > 0 ? 1 : r;
}

static void sim_set_timeout(void *t, unsigned int ms)
{
	struct transport_sim *x = t;

	x->op.timeout_ms = ms;
}

const struct nvshim_transport nvshim_transport_sim = {
	.prefix = "sim:",
	.open = sim_open,
	.close = sim_close,
	.op = sim_op,
	.listen = sim_listen,
	.fd = sim_fd,
	.event_clear = sim_event_clear,
	.set_timeout = sim_set_timeout,
};
