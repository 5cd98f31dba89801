/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/xsio_read.c - the nodes of devices and domains are read, through libxenstore.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#include "adapter/xsio.h"

struct xs_handle *xsio_ask(struct xsio *io)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	io->asked_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	return io->xs;
}

void xsio_idle(struct xsio *io)
{
	io->asked_ns = 0;
}

int xsio_error(void)
{
	switch (errno) {
	/* xenstored's own answers: xsd_errors of xen/include/public/io/xs_wire.h. */
	case EINVAL:
	case EACCES:
	case EEXIST:
	case EISDIR:
	case ENOENT:
	case ENOMEM:
	case ENOSPC:
	case EIO:
	case ENOTEMPTY:
	case ENOSYS:
	case EROFS:
	case EBUSY:
	case EAGAIN:
	case EISCONN:
	case E2BIG:
	case EPERM:
		return -errno;
	default:
		return -ENOTCONN;
	}
}

bool xsio_listed(char **names, unsigned int nr, const char *name)
{
	while (nr--)
		if (!strcmp(names[nr], name))
			return true;
	return false;
}

int xsio_read(struct xsio *io, const char *path, char *buf, size_t len)
{
	nv_cleanup(nv_freep) char *text = NULL;
	unsigned int n = 0;
	int r;

	buf[0] = '\0';
	text = xs_read(xsio_ask(io), XBT_NULL, path, &n);
	if (!text) {
		r = xsio_error();
		return r == -ENOENT ? 0 : r;
	}
	if (n >= len || memchr(text, '\0', n))
		return -ENAMETOOLONG;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return 0;
}

int xsio_list(struct xsio *io, const char *path, uint32_t **ret, size_t *ret_nr)
{
	nv_cleanup(nv_freep) char **names = NULL;
	unsigned int nr = 0, i;
	uint32_t *list;
	uint64_t n;
	size_t k = 0;
	int r;

	names = xs_directory(xsio_ask(io), XBT_NULL, path, &nr);
	if (!names) {
		r = xsio_error();
		if (r != -ENOENT)
			return r;
	}
	list = calloc(nr + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		if (!xenbus_number(names[i], strlen(names[i]), UINT32_MAX, &n))
			list[k++] = (uint32_t)n;
	*ret = list;
	*ret_nr = k;
	return 0;
}

/* One node's bytes, to be freed. Return: 0, also if it is not there; as xsio_error(). */
static int read_value(struct xsio *io, const char *path, struct xenbus_value *v)
{
	unsigned int len = 0;
	int r;

	v->data = xs_read(xsio_ask(io), XBT_NULL, path, &len);
	v->len = len;
	r = v->data ? 0 : xsio_error();
	return r == -ENOENT ? 0 : r;
}

/*
 * Only those that are listed are asked for. Where state is listed the others
 * were written before it.
 */
static int read_back(struct xsio *io, struct device_key key, struct xenbus_value *v)
{
	nv_cleanup(nv_freep) char **names = NULL;
	char path[XENBUS_PATH];
	unsigned int nr = 0;
	size_t i;
	int r = 0;

	names = xs_directory(xsio_ask(io), XBT_NULL, xenbus_back_path(key, "", path), &nr);
	if (!names) {
		r = xsio_error();
		return r == -ENOENT ? 0 : r;
	}
	if (!xsio_listed(names, nr, xenbus_back_names[XENBUS_STATE]))
		return 0;
	for (i = 0; !r && i < XENBUS_BACK_NR; i++)
		if (xsio_listed(names, nr, xenbus_back_names[i]))
			r = read_value(io, xenbus_back_path(key, xenbus_back_names[i], path), &v[i]);
	return r;
}

static void free_nodes(struct xenbus_value *v, size_t nr)
{
	while (nr--)
		free((char *)v[nr].data);
}

int xsio_wish(struct xsio *io, struct device_key key, struct device_wish *ret, bool *ret_here)
{
	struct xenbus_value v[XENBUS_BACK_NR] = { { 0 } };
	int r;

	r = read_back(io, key, v);
	if (!r) {
		*ret_here = v[XENBUS_STATE].data;
		xenbus_wish(v, ret);
	}
	free_nodes(v, XENBUS_BACK_NR);
	return r;
}

int xsio_state(struct xsio *io, struct device_key key, enum device_state *ret)
{
	struct xenbus_value v[XENBUS_BACK_NR] = { { 0 } };
	struct device_wish wish;
	char path[XENBUS_PATH];
	int r;

	r = read_value(io, xenbus_back_path(key, xenbus_back_names[XENBUS_STATE], path), &v[XENBUS_STATE]);
	if (!r)
		xenbus_wish(v, &wish);
	*ret = r ? DEVICE_UNKNOWN : wish.state;
	free_nodes(v, XENBUS_BACK_NR);
	return r;
}

int xsio_front(struct xsio *io, struct device_key key, struct device_front *ret)
{
	struct xenbus_value v[XENBUS_FRONT_NR] = { { 0 } };
	char path[XENBUS_PATH];
	size_t i;
	int r = 0;

	for (i = 0; !r && i < XENBUS_FRONT_NR; i++)
		r = read_value(io, xenbus_front_path(key, xenbus_front_names[i], path), &v[i]);
	if (!r)
		xenbus_front(v, ret);
	free_nodes(v, XENBUS_FRONT_NR);
	return r;
}
