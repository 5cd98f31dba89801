/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/fakestore.c - preloaded into a real xenstored: what it asks Xen for,
 * on a machine without Xen.
 *
 * Every domain exists whose number is a file in the folder $FAKESTORE_DOMAINS;
 * its rings stay empty, so nothing but the socket ever speaks to xenstored.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

struct xc_interface_core {
	int unused;
};

struct xenevtchn_handle {
	int fd;
};

struct xengntdev_handle {
	int unused;
};

static struct xc_interface_core fake_xc;
static struct xengntdev_handle fake_gnttab;
static struct xenevtchn_handle fake_evtchn = { -1 };

xc_interface *xc_interface_open(struct xentoollog_logger *logger, struct xentoollog_logger *dombuild_logger,
				unsigned int open_flags)
{
	return &fake_xc;
}

int xc_interface_close(xc_interface *xch)
{
	return 0;
}

static int domain_exists(uint32_t domid)
{
	const char *folder = getenv("FAKESTORE_DOMAINS");
	char path[4096];

	if (!folder)
		return 1;
	snprintf(path, sizeof(path), "%s/%u", folder, domid);
	return !access(path, F_OK);
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms, xc_dominfo_t *info)
{
	if (!max_doms || !domain_exists(first_domid))
		return 0;
	memset(info, 0, sizeof(*info));
	info->domid = first_domid;
	info->running = 1;
	return 1;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	fake_evtchn.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return &fake_evtchn;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned open_flags)
{
	fake_evtchn.fd = fd;
	return &fake_evtchn;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return fake_evtchn.fd;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
						     evtchn_port_t remote_port)
{
	return (int)(domid + 1);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	return 1;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	return -1;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags)
{
	return &fake_gnttab;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	return calloc(1, 4096);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	free(start_address);
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	return 0;
}

/* A file in memory that begins with @text and is a page long. */
static int page_file(const char *text)
{
	int fd = memfd_create("fakestore", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 4096) || pwrite(fd, text, strlen(text), 0) < 0)
		abort();
	return fd;
}

/* Dom0's own ring and its event channel are files of the kernel. */
int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	mode_t mode;
	va_list ap;

	if (!strcmp(path, "/proc/xen/xsd_port"))
		return page_file("1");
	if (!strcmp(path, "/proc/xen/xsd_kva"))
		return page_file("");
	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return next(path, flags, mode);
}
