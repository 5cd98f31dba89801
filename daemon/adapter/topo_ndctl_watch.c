/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl_watch.c - one descriptor that says "something changed".
 *
 * Sysfs wakes a poll() for POLLPRI, and goes on doing so until the attribute
 * is read again from its start. A directory of ordinary files (a test's) has
 * no such thing; epoll says EPERM then and nothing is waited for there.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <libudev.h>

#include "adapter/topo_ndctl_int.h"

/* What epoll hands back. */
enum kind { KIND_UEVENT, KIND_BAD, KIND_HEALTH };

struct topo_watch {
	int epoll;
	struct udev *udev;
	struct udev_monitor *monitor;
	struct ndctl_ctx *ctx; /* owns the DIMMs' descriptors */
	int *bad;              /* the regions' */
	size_t nr_bad;
};

static uint64_t pack(enum kind kind, int fd)
{
	return (uint64_t)kind << 32 | (uint32_t)fd;
}

static void rewind_attr(int fd)
{
	char buf[4096];

	while (pread(fd, buf, sizeof(buf), 0) < 0 && errno == EINTR)
		;
}

static int add(struct topo_watch *w, enum kind kind, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.u64 = pack(kind, fd)};

	if (kind != KIND_UEVENT)
		rewind_attr(fd);
	if (!epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) || errno == EPERM)
		return 0;
	return -errno;
}

static int add_region(struct topo_watch *w, struct ndctl_region *region)
{
	char path[PATH_MAX];
	int *grown;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/badblocks",
	         ndctl_region_get_devname(region));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* gone again, or too old to have one */
	grown = reallocarray(w->bad, w->nr_bad + 1, sizeof(*w->bad));
	if (!grown) {
		close(fd);
		return -ENOMEM;
	}
	w->bad = grown;
	w->bad[w->nr_bad++] = fd;
	return add(w, KIND_BAD, fd, EPOLLPRI);
}

static void forget_devices(struct topo_watch *w)
{
	size_t i;

	/* Closing takes them out of the epoll set. */
	for (i = 0; i < w->nr_bad; i++)
		close(w->bad[i]);
	free(w->bad);
	w->bad = NULL;
	w->nr_bad = 0;
	topo_ndctl_closep(&w->ctx);
}

static int watch_devices(struct topo_watch *w)
{
	struct ndctl_region *region;
	struct ndctl_dimm *dimm;
	struct ndctl_bus *bus;
	int r;

	r = topo_ndctl_open(&w->ctx);
	if (r < 0)
		return r;
	ndctl_bus_foreach(w->ctx, bus)
	{
		ndctl_region_foreach(bus, region)
		{
			r = add_region(w, region);
			if (r < 0)
				return r;
		}
		ndctl_dimm_foreach(bus, dimm)
		{
			int fd = ndctl_dimm_get_health_eventfd(dimm);

			if (fd < 0)
				continue;
			r = add(w, KIND_HEALTH, fd, EPOLLPRI);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int watch_uevents(struct topo_watch *w)
{
	int r;

	w->udev = udev_new();
	if (!w->udev)
		return -ENOMEM;
	/* The kernel's own events: the same with and without a running udevd.
	 */
	w->monitor = udev_monitor_new_from_netlink(w->udev, "kernel");
	if (!w->monitor)
		return -errno;
	r = udev_monitor_filter_add_match_subsystem_devtype(w->monitor, "nd",
	                                                    NULL);
	if (r < 0)
		return r;
	r = udev_monitor_filter_add_match_subsystem_devtype(w->monitor, "dax",
	                                                    NULL);
	if (r < 0)
		return r;
	r = udev_monitor_enable_receiving(w->monitor);
	if (r < 0)
		return r;
	return add(w, KIND_UEVENT, udev_monitor_get_fd(w->monitor), EPOLLIN);
}

struct topo_watch *topo_watch_free(struct topo_watch *w)
{
	if (!w)
		return NULL;
	forget_devices(w);
	udev_monitor_unref(w->monitor);
	udev_unref(w->udev);
	nv_closep(&w->epoll);
	free(w);
	return NULL;
}

static void topo_watch_freep(struct topo_watch **w)
{
	*w = topo_watch_free(*w);
}

int topo_watch_new(struct topo_watch **ret)
{
	nv_cleanup(topo_watch_freep) struct topo_watch *w =
		calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0)
		return -errno;
	r = watch_uevents(w);
	if (r < 0)
		return r;
	r = watch_devices(w);
	if (r < 0)
		return r;
	*ret = nv_steal(&w);
	return 0;
}

int topo_watch_fd(const struct topo_watch *w)
{
	return w->epoll;
}

/* The socket's buffer is bounded, so this ends. */
static bool drain_uevents(struct topo_watch *w)
{
	struct udev_device *dev;
	bool any = false;

	while ((dev = udev_monitor_receive_device(w->monitor))) {
		udev_device_unref(dev);
		any = true;
	}
	/* ENOBUFS: some were lost, so something did change. */
	return any || errno == ENOBUFS;
}

int topo_watch_drain(struct topo_watch *w, uint32_t *ret_changes)
{
	struct epoll_event ev[16];
	uint32_t changes = 0;
	int i, n;

	n = epoll_wait(w->epoll, ev, NV_ARRAY_SIZE(ev), 0);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (i = 0; i < n; i++) {
		const int fd = (int)(uint32_t)ev[i].data.u64;

		switch ((enum kind)(ev[i].data.u64 >> 32)) {
		case KIND_UEVENT:
			if (drain_uevents(w))
				changes |= TOPO_CHANGED_DEVICES;
			break;
		case KIND_BAD:
			rewind_attr(fd);
			changes |= TOPO_CHANGED_BAD;
			break;
		case KIND_HEALTH:
			rewind_attr(fd);
			changes |= TOPO_CHANGED_HEALTH;
			break;
		}
	}
	if (changes & TOPO_CHANGED_DEVICES) {
		forget_devices(w);
		i = watch_devices(w);
		if (i < 0)
			return i;
		/* A bad block found in between would be seen by nobody. */
		changes |= TOPO_CHANGED_BAD | TOPO_CHANGED_HEALTH;
	}
	*ret_changes = changes;
	return 0;
}
