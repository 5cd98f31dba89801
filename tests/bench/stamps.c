/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stamps.c - when did a process wake up, and when was something durable?
 *
 * Loaded before the C library (LD_PRELOAD), so that nvdimmd is measured as it
 * is. Each return from epoll and each return from fdatasync or fsync is written,
 * with CLOCK_BOOTTIME and the TSC, into the file that $NV_STAMPS names; the file
 * outlives the process. Layout: a count, a 0, then that many struct stamp.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROOM 1000000u

enum what { WOKE = 1, DURABLE = 2 };

struct stamp {
	uint64_t what, ns, tsc;
};

static struct {
	_Atomic uint64_t nr;
	uint64_t reserved;
	struct stamp stamp[ROOM];
} *stamps;

static void stamp(enum what what)
{
	struct timespec t;
	uint64_t i;

	if (!stamps)
		return;
	clock_gettime(CLOCK_BOOTTIME, &t);
	i = atomic_fetch_add(&stamps->nr, 1);
	if (i < ROOM)
		stamps->stamp[i] = (struct stamp){
			what, (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec,
			__builtin_ia32_rdtsc(),
		};
}

__attribute__((constructor)) static void stamps_open(void)
{
	const char *path = getenv("NV_STAMPS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *p;

	if (fd < 0)
		return;
	if (!ftruncate(fd, sizeof(*stamps))) {
		p = mmap(NULL, sizeof(*stamps), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		stamps = p == MAP_FAILED ? NULL : p;
	}
	close(fd);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int (*real)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
	int r = real(fd, events, max, timeout);

	stamp(WOKE);
	return r;
}

int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout, const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, int, const sigset_t *) =
		dlsym(RTLD_NEXT, "epoll_pwait");
	int r = real(fd, events, max, timeout, mask);

	stamp(WOKE);
	return r;
}

int epoll_pwait2(int fd, struct epoll_event *events, int max, const struct timespec *timeout,
		 const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *) =
		dlsym(RTLD_NEXT, "epoll_pwait2");
	int r = real(fd, events, max, timeout, mask);

	stamp(WOKE);
	return r;
}

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
	int r = real(fd);

	stamp(DURABLE);
	return r;
}

int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
	int r = real(fd);

	stamp(DURABLE);
	return r;
}
