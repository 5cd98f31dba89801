/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nvshim.c - choosing a transport, and finding out who answers there.
 */
#include "nvshim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "transport.h"

struct nvshim {
	const struct nvshim_transport *ops;
	void *t;
	struct xen_nvdimm_info info; /* magic is 0 before hello */
};

static const struct nvshim_transport *const transports[] = {
	&nvshim_transport_xen,
	&nvshim_transport_sim,
};

/* Return: what follows the prefix in @where, or NULL if it is another's. */
static const char *transport_match(const struct nvshim_transport *ops,
				   const char *where)
{
	size_t n = strlen(ops->prefix);

	if (ops->prefix[n - 1] != ':')
		return strcmp(where, ops->prefix) ? NULL : "";
	return strncmp(where, ops->prefix, n) ? NULL : where + n;
}

int nvshim_open(const char *where, struct nvshim **ret)
{
	nv_cleanup(nvshim_closep) struct nvshim *s = NULL;
	const char *rest;
	size_t i;
	int r;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;

	for (i = 0; i < NV_ARRAY_SIZE(transports); i++) {
		rest = transport_match(transports[i], where);
		if (!rest)
			continue;
		r = transports[i]->open(rest, &s->t);
		if (r)
			return r;
		s->ops = transports[i];
		*ret = nv_steal(&s);
		return 0;
	}
	return -EINVAL;
}

struct nvshim *nvshim_close(struct nvshim *s)
{
	if (s && s->ops)
		s->ops->close(s->t);
	free(s);
	return NULL;
}

void nvshim_closep(struct nvshim **s)
{
	*s = nvshim_close(*s);
}

long nvshim_op(struct nvshim *s, uint32_t cmd, void *arg, uint32_t len)
{
	if (len > XEN_NVDIMM_MAX_ARG)
		return -EINVAL;
	return s->ops->op(s->t, cmd, arg, len);
}

static int hello_failed(long r, char *sentence, size_t size)
{
	if (r == -ENOSYS)
		snprintf(sentence, size,
			 "this hypervisor has no nvdimm_op; boot one built "
			 "with the nvdimm_op patches and CONFIG_NVDIMM");
	else if (r == -EPERM || r == -EACCES)
		snprintf(sentence, size,
			 "the hypervisor does not let this domain use "
			 "nvdimm_op; it is for the control domain only");
	else if (r == -ETIMEDOUT)
		snprintf(sentence, size,
			 "nvdimm-sim accepts connections but does not answer");
	else
		snprintf(sentence, size, "nvdimm_op failed: %s",
			 strerror((int)-r));
	return (int)r;
}

int nvshim_hello(struct nvshim *s, struct xen_nvdimm_info *ret,
		 char *sentence, size_t size)
{
	struct xen_nvdimm_info info = { 0 };
	long r;

	r = nvshim_op(s, XEN_NVDIMM_get_info, &info, sizeof(info));
	if (r < 0)
		return hello_failed(r, sentence, size);
	if (r > 0 || info.magic != XEN_NVDIMM_MAGIC || !info.boot_id) {
		snprintf(sentence, size,
			 "hypercall %d of this hypervisor is not nvdimm_op "
			 "(it answered %ld with magic %#" PRIx64 "); boot one "
			 "built with the nvdimm_op patches",
			 __HYPERVISOR_nvdimm_op, r, info.magic);
		return -EPROTO;
	}
	if (info.version != XEN_NVDIMM_VERSION) {
		snprintf(sentence, size,
			 "the hypervisor speaks version %" PRIu32 " of "
			 "nvdimm_op and this program version %d; update the "
			 "older of the two",
			 info.version, XEN_NVDIMM_VERSION);
		return -EPROTONOSUPPORT;
	}

	s->info = info;
	*ret = info;
	return 0;
}

int nvshim_listen(struct nvshim *s)
{
	if (!s->info.magic)
		return -ENOTCONN;
	if (s->ops->fd(s->t) >= 0)
		return 0;
	return s->ops->listen(s->t, s->info.virq);
}

int nvshim_fd(const struct nvshim *s)
{
	int fd = s->ops->fd(s->t);

	return fd < 0 ? -ENOTCONN : fd;
}

int nvshim_event_clear(struct nvshim *s)
{
	if (s->ops->fd(s->t) < 0)
		return -ENOTCONN;
	return s->ops->event_clear(s->t);
}

void nvshim_set_timeout(struct nvshim *s, unsigned int ms)
{
	if (s->ops->set_timeout)
		s->ops->set_timeout(s->t, ms);
}
