/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/lock.c - one daemon for a state directory.
 */
#include "svc/lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int lock_take(const char *dir, struct nv_why *why, int *ret_fd)
{
	nv_cleanup(nv_closep) int fd = -1;
	char path[512], pid[24] = "";
	ssize_t n;
	int r;

	if (mkdir(dir, 0700) && errno != EEXIST) {
		r = -errno;
		return nv_refuse(why, r, "cannot make the state directory %s: %s", dir, strerror(-r));
	}
	if ((size_t)snprintf(path, sizeof(path), "%s/lock", dir) >= sizeof(path))
		return nv_refuse(why, -ENAMETOOLONG, "the name of the state directory is too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		r = -errno;
		return nv_refuse(why, r, "cannot open %s: %s", path, strerror(-r));
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		n = pread(fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
		return nv_refuse(why, NV_E_BUSY, "another nvdimmd (process %s) uses the state directory %s", pid, dir);
	}
	/* For people only: the lock is the lock. */
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		r = -errno;
		return nv_refuse(why, r, "cannot write %s: %s", path, strerror(-r));
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}
